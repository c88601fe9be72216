"""What a frozen run gives: answers, figures beside baseline and people, and looks that count."""

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
from modeling.learner.recipes import Recipe
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


def decided(
    task: Task,
    found: Answers,
    prior: Tensor,
    recipe: Recipe,
    fitted: Mapping[str, float | None],
) -> tuple[Tensor, Tensor]:
    """Calibrated chances (N, C) and the class that is said (N,): the highest score, of two classes
    "yes" above the threshold that was fitted on what selected.
    """
    strength = 0.0 if task.key in found.ordinal else recipe.logit_adjustment
    logits = found.logits[task.key]
    heat, cut = fitted["temperature"], fitted["threshold"]
    assert heat is not None
    chances = calibration.probabilities(logits, prior, strength, heat)
    said = logits.argmax(1) if cut is None else (chances[:, 1] > cut).long()
    return chances, said


def figures(
    found: Answers,
    tasks: Sequence[Task],
    priors: Mapping[str, Tensor],
    recipe: Recipe,
    fitted: Mapping[str, Mapping[str, float | None] | None],
    train: Sequence[Dialogue],
) -> dict[str, Any]:
    """Everything of each task (see metrics.report) with calibration; None where nothing is told."""
    results: dict[str, Any] = {}
    for task in tasks:
        own = fitted[task.key]
        if own is None:
            results[task.key] = None
            continue
        chances, said = decided(task, found, priors[task.key], recipe, own)
        gold = found.gold[task.key]
        kept = gold != IGNORED
        of_train = [
            task.classes.index(u.gold[task.key])
            for dialogue in train
            for u in dialogue.utterances
            if task.key in u.gold
        ]
        row = report(
            of_train,
            gold[kept].tolist(),
            said[kept].tolist(),
            len(task.classes),
            chances[kept].tolist(),
            task.is_correlation,
        )
        if row is not None:
            row |= calibration.report(chances[kept].tolist(), gold[kept].tolist())
            row |= dict(own)
        results[task.key] = row
    return results


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

    @classmethod
    def load(cls, run: RunDirectory, device: torch.device) -> "Trained":
        """Raises RunError unless the run is frozen and whole."""
        frozen, meta = run.frozen(), run.read("meta.json")
        recipe = Recipe.from_json(meta["recipe"])
        prepared = Preparation.load(run.path("prepared.json"))
        model = build(recipe, prepared.tasks, len(prepared.vocabulary), prepared.sizes)
        model.load_state_dict(load_file(run.path("model.safetensors")))
        own = frozen["calibration"]
        return cls(run, recipe, prepared, model.to(device), own, meta, frozen["weights"])

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


def lines(
    found: Answers,
    dialogues: Sequence[Dialogue],
    prepared: Preparation,
    recipe: Recipe,
    fitted: Mapping[str, Mapping[str, float | None] | None],
) -> Iterator[dict[str, Any]]:
    """Of each utterance what is said, how sure it is of each value, and the gates."""
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
            "predicted": {t.key: t.classes[int(said[row])] for t, (_, said) in told.items()},
            "probabilities": {
                t.key: dict(zip(t.classes, (round(p, 6) for p in chances[row].tolist())))
                for t, (chances, _) in told.items()
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
        raise ReleaseError(f"{root}: the release has no dialogue in its split {name!r}.")
    if sealed:
        run.look(release.digest, name, "evaluate")
        asked = {d.id for d in dialogues}  # counted: only now are its labels read
        dialogues = [d for d in release.with_labels().dialogues if d.id in asked]
    data, absent = trained.pack(dialogues, cache, device)
    found = answers(trained.model, data)
    tasks = trained.prepared.tasks
    results = figures(
        found, tasks, trained.prepared.priors, trained.recipe, trained.fitted, splits.train
    )
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
            "best_epoch": run.read("results.json")["best_epoch"],
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
) -> int:
    """Write what a frozen run says of each utterance of a release (or of one split) to `out`, a
    JSON line each; how many. Where they include labelled utterances of the sealed split of the
    release that it was trained on, that is a look and counted as one.
    """
    trained = Trained.load(run, device)
    dialogues = release.of(split) if split else list(release.dialogues)
    if not dialogues:
        raise ReleaseError(f"The release has no dialogue in its split {split!r}.")
    if trained.meta["release"] == release.digest:
        hidden = {d.id for d in Splits.of(release, trained.meta["seed"]).sealed}
        if any(u.labelled for d in dialogues if d.id in hidden for u in d.utterances):
            run.look(release.digest, trained.meta["sealed"], "predict")
    data, _ = trained.pack(dialogues, cache, device)
    found = answers(trained.model, data)
    RunDirectory(out.parent).write_lines(out.name, trained.lines(found, dialogues))
    return len(found.ids)
