"""What a frozen run gives: answers, figures beside baseline and people, and looks that count."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from modeling.learner import calibration, ceiling
from modeling.learner.batches import IGNORED, Packed
from modeling.learner.features import Extractors, extract_all, keys_of, lacking
from modeling.learner.finite import NotFinite
from modeling.learner.metrics import report
from modeling.learner.networks.model import build
from modeling.learner.preparation import Preparation
from modeling.learner.recipes import Recipe, RecipeError, nearest, shown
from modeling.learner.release import Dialogue, Release, ReleaseError, Splits, Task
from modeling.learner.rundir import RunDirectory, RunError

FORMAT = 1
AT_ONCE = 16  # dialogues that are predicted together


@dataclass(frozen=True)
class Answers:
    """Of N utterances by task: logits (N, C), gold (N,), and which tasks an ordinal head answers;
    of correlations that steer their gates (N,).
    """

    ids: list[str]
    logits: dict[str, Tensor]
    gold: dict[str, Tensor]
    ordinal: frozenset[str]
    gates: dict[str, Tensor]


@torch.no_grad()
def answers(model: nn.Module, data: Packed) -> Answers:
    """What the network says of every utterance, in their order. Raises NotFinite naming the first
    one for which it has no score that is a number.
    """
    model.eval()
    ids: list[str] = []
    logits: dict[str, list[Tensor]] = {}
    gold: dict[str, list[Tensor]] = {key: [] for key in data.gold}
    gates: dict[str, list[Tensor]] = {}
    ordinal: set[str] = set()
    for numbers in data.in_turn(AT_ONCE):
        batch = data.batch(numbers)
        found = model(batch)
        ids += batch.ids
        ordinal |= set(found.above)
        for task, each in found.logits.items():
            logits.setdefault(task, []).append(each.float().cpu())
        for task, each in found.gates.items():
            gates.setdefault(task, []).append(each.float().cpu())
        for task, classes in batch.gold.items():
            gold[task].append(classes.cpu())

    def joined(parts: Mapping[str, list[Tensor]]) -> dict[str, Tensor]:
        return {task: torch.cat(each) for task, each in parts.items() if each}

    whole = joined(logits)
    for task, scores in whole.items():
        wrong = (~torch.isfinite(scores).all(dim=1)).nonzero().flatten().tolist()
        if wrong:
            raise NotFinite(
                f"The network has no score of {task} for {len(wrong)} of {len(ids)} utterances, the"
                f" first {ids[wrong[0]]}: they are no numbers."
            )
    return Answers(ids, whole, joined(gold), frozenset(ordinal), joined(gates))


def told(found: Answers, task: str) -> tuple[list[int], list[int]]:
    """Gold and the class with the highest score, of the utterances that have gold."""
    kept = found.gold[task] != IGNORED
    return found.gold[task][kept].tolist(), found.logits[task][kept].argmax(1).tolist()


@dataclass(frozen=True)
class Decided:
    """Of N utterances the probabilities (N, C), and the classes that are predicted and most
    probable (N,): see calibration.py for the two words.
    """

    probabilities: Tensor
    predicted: Tensor

    @property
    def most_probable(self) -> Tensor:
        return self.probabilities.argmax(1)


def decided(
    task: Task, found: Answers, prior: Tensor, recipe: Recipe, fitted: Mapping[str, Any]
) -> Decided:
    """What a network's scores come to. Predicted is of two classes the second where its probability
    is above the threshold, else the class with the highest score. Scores that were trained without
    logit adjustment (ordinal ones, or a recipe with 0) predict the most probable class.
    """
    strength = 0.0 if task.key in found.ordinal else recipe.logit_adjustment
    logits = found.logits[task.key]
    heat, cut = fitted["temperature"], fitted["threshold"]
    chances = calibration.probabilities(logits, prior, strength, heat)
    if cut is not None:
        return Decided(chances, (chances[:, 1] > cut).long())
    return Decided(chances, logits.argmax(1) if strength else chances.argmax(1))


def counts_of(task: Task, dialogues: Sequence[Dialogue]) -> list[int]:
    """How often each class of a task is gold."""
    counts = Counter(u.gold.get(task.key) for d in dialogues for u in d.utterances)
    return [counts[value] for value in task.classes]


def figures(
    found: Answers,
    tasks: Sequence[Task],
    priors: Mapping[str, Tensor],
    recipe: Recipe,
    fitted: Mapping[str, Mapping[str, Any] | None],
    train: Sequence[Dialogue],
) -> dict[str, Any]:
    """Everything of each task (see metrics.report) with calibration; None where nothing is told.

    Of each class `train` says how often it was gold in what was learned from, and `unseen` which
    never were although they are gold here, with how often.
    """
    results: dict[str, Any] = {}
    for task in tasks:
        own = fitted[task.key]
        if own is None:
            results[task.key] = None
            continue
        told = decided(task, found, priors[task.key], recipe, own)
        gold = found.gold[task.key]
        kept = gold != IGNORED
        of_train = counts_of(task, train)
        predicted, chances = told.predicted[kept].tolist(), told.probabilities[kept].tolist()
        row = report(
            [label for label, times in enumerate(of_train) for _ in range(times)],
            gold[kept].tolist(),
            predicted,
            len(task.classes),
            chances,
            task.is_correlation,
        )
        if row is not None:
            row |= calibration.report(chances, gold[kept].tolist(), predicted)
            row |= {name: own.get(name) for name in ("temperature", "threshold")}
            row |= {name: own[name] for name in ("fitted_on",) if name in own}
            if "learned" in own:
                learned(row, task, own["learned"])
        results[task.key] = row
    return results


def learned(row: dict[str, Any], task: Task, counts: Sequence[int]) -> None:
    """Say in the figures of a task how often each class was gold in training (`counts`)."""
    for each, times in zip(row["classes"], counts, strict=True):
        each["train"] = times
    row["unseen"] = {
        value: each["n"]
        for value, each in zip(task.classes, row["classes"], strict=True)
        if each["n"] and not each["train"]
    }


@dataclass(frozen=True)
class Trained:
    """A frozen run, ready to answer."""

    run: RunDirectory
    recipe: Recipe
    prepared: Preparation
    model: nn.Module
    fitted: dict[str, Any]
    meta: dict[str, Any]
    weights: str
    best_epoch: int

    @classmethod
    def load(cls, run: RunDirectory, device: torch.device) -> "Trained":
        """Raises RunError unless the run is frozen and whole."""
        frozen, meta = run.frozen(), run.read("meta.json")
        try:
            recipe = Recipe.from_json(meta["recipe"])
            prepared = Preparation.load(run.path("prepared.json"))
            model = build(recipe, prepared.tasks, len(prepared.vocabulary), prepared.sizes)
            model.load_state_dict(load_file(run.path("model.safetensors")))
            own = {task.key: frozen["calibration"][task.key] for task in prepared.tasks}
            _check_fitted(own, meta["sealed"])
            best = run.read("results.json")["best_epoch"]
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
        return cls(run, recipe, prepared, model.to(device), own, meta, weights, best)

    @property
    def features(self) -> dict[str, dict[str, str]]:
        """Modality -> what its features are (see features.origins); of a run of an earlier version
        only what measured them.
        """
        known = {name: {"by": key} for name, key in self.prepared.extractors.items()}
        found: dict[str, dict[str, str]] = self.meta.get("features", known)
        return found

    def pack(
        self, dialogues: Sequence[Dialogue], cache: Path | None, device: torch.device
    ) -> tuple[Packed, dict[str, Any]]:
        """Dialogues of any release as tensors, and what is missing in them.

        Raises RunError if an encoder is not the one that the run was trained with.
        """
        extractors = Extractors.of(self.recipe, device)
        keys = keys_of(dialogues, extractors)
        if keys != dict(self.prepared.extractors):
            raise RunError(
                f"The run was trained on features of {dict(self.prepared.extractors)}; here they"
                f" would be those of {keys}."
            )
        place = cache or self.run.root.parent / "features"
        features, failures = extract_all(
            dialogues, place, extractors, lambda done, total: None, self.recipe.on_failure
        )
        absent = lacking(self.recipe.modalities, dialogues, features, failures)
        return self.prepared.pack(dialogues, features, device), absent

    def lines(self, found: Answers, dialogues: Sequence[Dialogue]) -> Iterator[dict[str, Any]]:
        """See `lines`."""
        return lines(found, dialogues, self.prepared, self.recipe, self.fitted)


def _check_fitted(fitted: Mapping[str, Any], sealed: str) -> None:
    """Raises ValueError for temperatures and thresholds that are none, KeyError without one."""
    if not isinstance(sealed, str):
        raise ValueError("meta.json names no sealed split")
    for task, own in fitted.items():
        if own is None:
            continue
        heat, cut = own["temperature"], own["threshold"]
        if not 0 < float(heat) < math.inf or not (cut is None or 0 <= float(cut) <= 1):
            raise ValueError(f"the temperature or threshold of {task} is none")


def lines(
    found: Answers,
    dialogues: Sequence[Dialogue],
    prepared: Preparation,
    recipe: Recipe,
    fitted: Mapping[str, Mapping[str, Any] | None],
) -> Iterator[dict[str, Any]]:
    """Of each utterance what is predicted, what is most probable, how probable each value is, and
    the gates.
    """
    place = {u.id: d for d in dialogues for u in d.utterances}
    told = {
        task: decided(task, found, prepared.priors[task.key], recipe, own)
        for task in prepared.tasks
        if (own := fitted[task.key]) is not None
    }
    for row, utterance in enumerate(found.ids):
        dialogue = place[utterance]
        yield {
            "id": utterance,
            "dialogue": dialogue.id,
            "split": dialogue.split,
            "predicted": {t.key: t.classes[int(d.predicted[row])] for t, d in told.items()},
            "most_probable": {t.key: t.classes[int(d.most_probable[row])] for t, d in told.items()},
            "probabilities": {
                t.key: dict(zip(t.classes, d.probabilities[row].tolist())) for t, d in told.items()
            },
            "gates": {key: round(float(gate[row]), 6) for key, gate in found.gates.items()},
        }


def heading(release: Release, trained_on: str) -> dict[str, Any]:
    """What every evaluation says first."""
    return {
        "format": FORMAT,
        "release": {
            "corpus": release.corpus,
            "version": release.version,
            "digest": release.digest,
            "trained_on": trained_on,
        },
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def evaluate(
    release: Release,
    root: Path,
    run: RunDirectory,
    device: torch.device,
    split: str = "sealed",
    cache: Path | None = None,
) -> dict[str, Any]:
    """Look at a split with a frozen run; what evaluation.json says (see its schema).

    `split` is "sealed" (the one that training left alone) or a split's name. A look at the sealed
    split, or at any split of another release, is counted before it is done.

    Raises RunError unless the run is frozen, ReleaseError if the split is empty or does not fit.
    """
    trained = Trained.load(run, device)
    own = trained.meta["release"] == release.digest
    splits = Splits.of(release, trained.meta["seed"])
    name = (trained.meta["sealed"] if own else "test") if split == "sealed" else split
    sealed = not own or name == trained.meta["sealed"]
    dialogues = splits.sealed if own and sealed else release.of(name)
    if not dialogues:
        raise ReleaseError(_empty(release, name))
    if sealed:
        run.look(release.digest, name, "evaluate")
        asked = {d.id for d in dialogues}  # counted: only now are its labels read
        dialogues = [d for d in release.with_labels().dialogues if d.id in asked]
    data, absent = trained.pack(dialogues, cache, device)
    found = answers(trained.model, data)
    tasks = trained.prepared.tasks
    fitted = trained.fitted
    if own:  # runs of earlier versions did not keep these counts
        counts = {task.key: {"learned": counts_of(task, splits.train)} for task in tasks}
        fitted = {key: each and {**counts[key], **each} for key, each in fitted.items()}
    results = figures(found, tasks, trained.prepared.priors, trained.recipe, fitted, splits.train)
    people = ceiling.of(root, tasks, {u.id for d in dialogues for u in d.utterances})
    for key, row in results.items():
        if row is not None:
            row["human"] = people[key]
    evaluation = {
        **heading(release, trained.meta["release"]),
        "run": {
            "recipe": trained.recipe.name,
            "seed": trained.meta["seed"],
            "weights": trained.weights,
            "best_epoch": trained.best_epoch,
            "parameters": sum(p.numel() for p in trained.model.parameters()),
            "features": trained.features,
        },
        "split": name,
        "sealed": sealed,
        "looks": len(run.looks()),
        "dialogues": len(dialogues),
        "utterances": len(found.ids),
        "missing": absent,
        "classes": {task.key: list(task.classes) for task in tasks},
        "tasks": results,
    }
    run.write_lines("predictions.jsonl", trained.lines(found, dialogues))
    run.write("evaluation.json", evaluation)
    return evaluation


def predict(
    release: Release,
    run: RunDirectory,
    device: torch.device,
    out: Path,
    split: str = "",
    cache: Path | None = None,
) -> tuple[int, dict[str, int]]:
    """Write what a frozen run says of each utterance of a release (or of one split) to `out`, a
    JSON line each; how many, and task -> in how many of them the predicted class is not the most
    probable one. Where they include labelled utterances of the sealed split of the release that it
    was trained on, that is a look and counted as one.
    """
    trained = Trained.load(run, device)
    dialogues = release.of(split) if split else list(release.dialogues)
    if not dialogues:
        raise ReleaseError(_empty(release, split))
    if trained.meta["release"] == release.digest:
        hidden = {d.id for d in Splits.of(release, trained.meta["seed"]).sealed}
        if any(u.labelled for d in dialogues if d.id in hidden for u in d.utterances):
            run.look(release.digest, trained.meta["sealed"], "predict")
    data, _ = trained.pack(dialogues, cache, device)
    found = answers(trained.model, data)
    rows = list(trained.lines(found, dialogues))
    RunDirectory(out.parent).write_lines(out.name, rows)
    apart = {
        task.key: sum(row["predicted"][task.key] != row["most_probable"][task.key] for row in rows)
        for task in trained.prepared.tasks
        if trained.fitted[task.key] is not None
    }
    return len(found.ids), apart


def _empty(release: Release, split: str) -> str:
    names = list(dict.fromkeys(dialogue.split for dialogue in release.dialogues))
    return f"The release has no dialogue in its split {shown(split)}; {nearest(split, names)}"
