"""What a trained network predicts: scores, probabilities, decisions, and their rows on disk."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from modeling.learner import calibration
from modeling.learner.batches import IGNORED, Packed
from modeling.learner.checkpoints import load_learned
from modeling.learner.error_messages import display_value, suggest_name
from modeling.learner.features.extraction import (
    Extractors,
    extract_all,
    extractor_keys,
    missing_modalities,
)
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.networks.registry import build_network
from modeling.learner.numeric_checks import NonFiniteError
from modeling.learner.preprocessing import Preprocessing
from modeling.learner.recipes import Recipe, RecipeError
from modeling.learner.release import Dialogue, Release, ReleaseError, Splits, Task
from modeling.learner.run_directory import RunDirectory, RunError

BATCH_DIALOGUES = 16  # that are predicted together


@dataclass(frozen=True)
class Outputs:
    """Of N utterances by task: logits (N, C), gold (N,), and which tasks have an ordinal head; of
    correlations their gates (N,).
    """

    ids: list[str]
    logits: dict[str, Tensor]
    gold: dict[str, Tensor]
    ordinal: frozenset[str]
    gates: dict[str, Tensor]


@torch.no_grad()
def network_outputs(model: nn.Module, data: Packed) -> Outputs:
    """The outputs of a network for every utterance, in their order. Raises NonFiniteError naming
    the first one whose scores are not all finite.
    """
    model.eval()
    ids: list[str] = []
    logits: dict[str, list[Tensor]] = {}
    gold: dict[str, list[Tensor]] = {key: [] for key in data.gold}
    gates: dict[str, list[Tensor]] = {}
    ordinal: set[str] = set()
    for numbers in data.in_turn(BATCH_DIALOGUES):
        batch = data.batch(numbers)
        prediction = model(batch)
        ids += batch.ids
        ordinal |= set(prediction.above)
        for task, scores in prediction.logits.items():
            logits.setdefault(task, []).append(scores.float().cpu())
        for task, gate in prediction.gates.items():
            gates.setdefault(task, []).append(gate.float().cpu())
        for task, classes in batch.gold.items():
            gold[task].append(classes.cpu())

    def joined(parts: Mapping[str, list[Tensor]]) -> dict[str, Tensor]:
        return {task: torch.cat(each) for task, each in parts.items() if each}

    all_logits = joined(logits)
    for task, scores in all_logits.items():
        wrong = (~torch.isfinite(scores).all(dim=1)).nonzero().flatten().tolist()
        if wrong:
            raise NonFiniteError(
                f"The network has no score of {task} for {len(wrong)} of {len(ids)} utterances, the"
                f" first {ids[wrong[0]]}: they are no numbers."
            )
    return Outputs(ids, all_logits, joined(gold), frozenset(ordinal), joined(gates))


def labelled_predictions(outputs: Outputs, task: str) -> tuple[list[int], list[int]]:
    """Gold and the class with the highest score, of the utterances that have gold."""
    labelled = outputs.gold[task] != IGNORED
    predicted = outputs.logits[task][labelled].argmax(1)
    return outputs.gold[task][labelled].tolist(), predicted.tolist()


@dataclass(frozen=True)
class Decisions:
    """Of N utterances the probabilities (N, C), and the classes that are predicted and most
    probable (N,): see calibration.py for the two words.
    """

    probabilities: Tensor
    predicted: Tensor

    @property
    def most_probable(self) -> Tensor:
        """(N,), the class with the highest probability."""
        return self.probabilities.argmax(1)


def decide(
    task: Task, outputs: Outputs, prior: Tensor, recipe: Recipe, fitted: Mapping[str, Any]
) -> Decisions:
    """Probabilities and decisions from a network's scores, with the temperature and threshold that
    were `fitted`. Predicted is of two classes the second where its probability is above the
    threshold, else the class with the highest score. Scores that were trained without logit
    adjustment (ordinal ones, or a recipe with 0) predict the most probable class.
    """
    adjustment = 0.0 if task.key in outputs.ordinal else recipe.logit_adjustment
    logits = outputs.logits[task.key]
    temperature, threshold = fitted["temperature"], fitted["threshold"]
    probabilities = calibration.calibrated_probabilities(logits, prior, adjustment, temperature)
    if threshold is not None:
        return Decisions(probabilities, (probabilities[:, 1] > threshold).long())
    return Decisions(probabilities, logits.argmax(1) if adjustment else probabilities.argmax(1))


@dataclass(frozen=True)
class FrozenModel:
    """The network of a frozen run with everything that its predictions need."""

    run: RunDirectory
    recipe: Recipe
    prepared: Preprocessing
    model: nn.Module
    fitted: dict[str, Any]  # task -> temperature and threshold
    meta: dict[str, Any]
    weights: str  # SHA-256
    best_epoch: int

    @classmethod
    def load(cls, run: RunDirectory, device: torch.device) -> "FrozenModel":
        """Raises RunError unless the run is frozen and whole."""
        frozen, meta = run.read_frozen(), run.read("meta.json")
        try:
            recipe = Recipe.from_json(meta["recipe"])
            prepared = Preprocessing.load(run.path("prepared.json"))
            _check_tuned_encoders(recipe, prepared, run)
            model = build_network(recipe, prepared.tasks, len(prepared.vocabulary), prepared.sizes)
            load_learned(model, load_file(run.path("model.safetensors")))
            fitted = {task.key: frozen["calibration"][task.key] for task in prepared.tasks}
            _check_calibration(fitted, meta["held_out"])
            best_epoch = run.read("results.json")["best_epoch"]
        except FeatureError as error:
            raise RunError(f"An encoder of {run.root} cannot be read: {error}") from error
        except RecipeError as error:
            raise RunError(
                f"{run.root} was trained with a recipe that this version does not know: {error}"
            ) from error
        except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
            if isinstance(error, RunError):
                raise
            why = f"{type(error).__name__}: {error}".splitlines()[0]
            raise RunError(f"{run.root} is damaged, or of another version ({why}).") from error
        weights = frozen["weights"]
        return cls(run, recipe, prepared, model.to(device), fitted, meta, weights, best_epoch)

    @property
    def features(self) -> dict[str, dict[str, str]]:
        """Modality -> source of its features (see feature_sources); of a run of an earlier version
        only which extractor they are of.
        """
        known = {name: {"by": key} for name, key in self.prepared.extractors.items()}
        sources: dict[str, dict[str, str]] = self.meta.get("features", known)
        return sources

    def check_release(self, release: Release) -> None:
        """Raises RunError for another release than that of its imported features."""
        if self.recipe.imported and self.meta["release"] != release.digest:
            raise RunError(
                f"The run reads imported features of {' and '.join(self.recipe.imported)}, and"
                " utterances outside the release that it was trained on have none. Take a run with"
                " default features or encoders."
            )

    def pack(
        self, dialogues: Sequence[Dialogue], cache: Path | None, device: torch.device
    ) -> tuple[Packed, dict[str, Any]]:
        """Dialogues of any release as tensors, and what is missing in them.

        Raises RunError if an encoder is not the one that the run was trained with.
        """
        extractors = Extractors.of(self.recipe, device)
        keys = extractor_keys(dialogues, extractors)
        if keys != dict(self.prepared.extractors):
            raise RunError(
                f"The run was trained on features of {dict(self.prepared.extractors)}; here they"
                f" would be those of {keys}."
            )
        directory = cache or self.run.root.parent / "features"
        features, failures = extract_all(
            dialogues, directory, extractors, lambda done, total: None, self.recipe.on_failure
        )
        missing = missing_modalities(self.recipe.modalities, dialogues, features, failures)
        return self.prepared.pack(dialogues, features, device), missing

    def prediction_rows(
        self, outputs: Outputs, dialogues: Sequence[Dialogue]
    ) -> Iterator[dict[str, Any]]:
        """See the function `prediction_rows`."""
        return prediction_rows(outputs, dialogues, self.prepared, self.recipe, self.fitted)


def _check_tuned_encoders(recipe: Recipe, prepared: Preprocessing, run: RunDirectory) -> None:
    """Raises RunError where an encoder that was tuned is another one now."""
    if not recipe.tuned:
        return
    keys = Extractors.of(recipe).keys
    for name in recipe.tuned:
        if keys[name] != prepared.extractors[name]:
            raise RunError(
                f"{run.root} was trained with another {name}_encoder than"
                f" {getattr(recipe, f'{name}_encoder')} is now: {prepared.extractors[name]}, not"
                f" {keys[name]}."
            )


def _check_calibration(fitted: Mapping[str, Any], held_out: str) -> None:
    """Raises ValueError for temperatures and thresholds that are none, KeyError without one."""
    if not isinstance(held_out, str):
        raise ValueError("meta.json names no held-out split")
    for task, own in fitted.items():
        if own is None:
            continue
        temperature, threshold = own["temperature"], own["threshold"]
        possible = threshold is None or 0 <= float(threshold) <= 1
        if not 0 < float(temperature) < math.inf or not possible:
            raise ValueError(f"the temperature or threshold of {task} is none")


def prediction_rows(
    outputs: Outputs,
    dialogues: Sequence[Dialogue],
    prepared: Preprocessing,
    recipe: Recipe,
    fitted: Mapping[str, Mapping[str, Any] | None],
) -> Iterator[dict[str, Any]]:
    """Of each utterance the predicted and the most probable value, the probability of each value,
    and the gates.
    """
    dialogue_of = {u.id: d for d in dialogues for u in d.utterances}
    decisions = {
        task: decide(task, outputs, prepared.priors[task.key], recipe, own)
        for task in prepared.tasks
        if (own := fitted[task.key]) is not None
    }
    for row, utterance in enumerate(outputs.ids):
        dialogue = dialogue_of[utterance]
        yield {
            "id": utterance,
            "dialogue": dialogue.id,
            "split": dialogue.split,
            "predicted": {t.key: t.classes[int(d.predicted[row])] for t, d in decisions.items()},
            "most_probable": {
                t.key: t.classes[int(d.most_probable[row])] for t, d in decisions.items()
            },
            "probabilities": {
                t.key: dict(zip(t.classes, d.probabilities[row].tolist()))
                for t, d in decisions.items()
            },
            "gates": {key: round(float(gate[row]), 6) for key, gate in outputs.gates.items()},
        }


def predict(
    release: Release,
    run: RunDirectory,
    device: torch.device,
    out: Path,
    split: str = "",
    cache: Path | None = None,
) -> tuple[int, dict[str, int]]:
    """Write what a frozen run predicts of each utterance of a release (or of one split) to `out`, a
    JSON line each; how many, and task -> in how many of them the predicted class is not the most
    probable one. Where they include labelled utterances of the held-out test set of the release
    that it was trained on, that is counted as a test evaluation.

    Raises RunError unless the run is frozen, and for another release where the run reads imported
    features, ReleaseError if the split is empty or does not fit.
    """
    trained = FrozenModel.load(run, device)
    trained.check_release(release)
    dialogues = release.of_split(split) if split else list(release.dialogues)
    if not dialogues:
        raise ReleaseError(empty_split_message(release, split))
    if trained.meta["release"] == release.digest:
        hidden = {d.id for d in Splits.of(release, trained.meta["seed"]).held_out}
        if any(u.labelled for d in dialogues if d.id in hidden for u in d.utterances):
            run.record_test_evaluation(release.digest, trained.meta["held_out"], "predict")
    data, _ = trained.pack(dialogues, cache, device)
    outputs = network_outputs(trained.model, data)
    rows = list(trained.prediction_rows(outputs, dialogues))
    RunDirectory(out.parent).write_lines(out.name, rows)
    differences = {
        task.key: sum(row["predicted"][task.key] != row["most_probable"][task.key] for row in rows)
        for task in trained.prepared.tasks
        if trained.fitted[task.key] is not None
    }
    return len(outputs.ids), differences


def empty_split_message(release: Release, split: str) -> str:
    """The error message for a split without a dialogue."""
    names = list(dict.fromkeys(dialogue.split for dialogue in release.dialogues))
    hint = suggest_name(split, names)
    return f"The release has no dialogue in its split {display_value(split)}; {hint}"
