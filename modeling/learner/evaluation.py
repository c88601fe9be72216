"""Evaluation of a frozen run on a split: metrics beside those of the majority class and of people.

An evaluation on the held-out test set is counted before it is done.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from modeling.learner import calibration, human_performance
from modeling.learner.batches import IGNORED
from modeling.learner.inference import (
    FrozenModel,
    Outputs,
    decide,
    empty_split_message,
    network_outputs,
)
from modeling.learner.metrics import classification_report
from modeling.learner.networks.registry import parameter_count
from modeling.learner.recipes import Recipe
from modeling.learner.release import Dialogue, Release, ReleaseError, Splits, Task
from modeling.learner.run_directory import PREDICTION_FILES, RunDirectory

FORMAT = 2  # 1 said `sealed` and `looks` where this says `held_out` and `test_evaluations`
HELD_OUT = ("held-out", "sealed")  # the held-out split, whichever it is; sealed: its former name


def class_counts(task: Task, dialogues: Sequence[Dialogue]) -> list[int]:
    """How often each class of a task is gold."""
    counts = Counter(u.gold.get(task.key) for d in dialogues for u in d.utterances)
    return [counts[value] for value in task.classes]


def relation_counts(
    tasks: Sequence[Task], dialogues: Sequence[Dialogue]
) -> dict[str, list[list[list[int]]]]:
    """Correlation -> how often each class of its target is gold, by class of its source and by its
    own, as the tables of relation chains are laid out.
    """
    classes = {task.key: task.classes for task in tasks}
    found = {}
    for task in tasks:
        if not task.is_correlation:
            continue
        counts = Counter(
            (u.gold.get(task.source), u.gold.get(task.key), u.gold.get(task.target))
            for d in dialogues
            for u in d.utterances
        )
        found[task.key] = [
            [[counts[s, r, t] for t in classes[task.target]] for r in task.classes]
            for s in classes[task.source]
        ]
    return found


def task_results(
    outputs: Outputs,
    tasks: Sequence[Task],
    priors: Mapping[str, Tensor],
    recipe: Recipe,
    fitted: Mapping[str, Mapping[str, Any] | None],
    train: Sequence[Dialogue],
) -> dict[str, Any]:
    """All metrics of each task (see metrics.classification_report) with calibration; None where
    there is nothing to compare.

    Of each class `train` is how often it was gold in training, and `unseen` has the classes that
    never were although they are gold here, with how often.
    """
    results: dict[str, Any] = {}
    for task in tasks:
        own = fitted[task.key]
        if own is None:
            results[task.key] = None
            continue
        decisions = decide(task, outputs, priors[task.key], recipe, own)
        labelled = outputs.gold[task.key] != IGNORED
        gold = outputs.gold[task.key][labelled].tolist()
        predicted = decisions.predicted[labelled].tolist()
        probabilities = decisions.probabilities[labelled].tolist()
        row = classification_report(
            [label for label, times in enumerate(class_counts(task, train)) for _ in range(times)],
            gold,
            predicted,
            len(task.classes),
            probabilities,
            task.is_correlation,
        )
        if row is not None:
            row |= calibration.calibration_report(probabilities, gold, predicted)
            row |= {name: own.get(name) for name in ("temperature", "threshold")}
            row |= {name: own[name] for name in ("fitted_on",) if name in own}
            if "learned" in own:
                add_training_counts(row, task, own["learned"])
        results[task.key] = row
    return results


def add_training_counts(row: dict[str, Any], task: Task, counts: Sequence[int]) -> None:
    """Add to the metrics of a task how often each class was gold in training (`counts`)."""
    for each, times in zip(row["classes"], counts, strict=True):
        each["train"] = times
    row["unseen"] = {
        value: each["n"]
        for value, each in zip(task.classes, row["classes"], strict=True)
        if each["n"] and not each["train"]
    }


def evaluation_header(release: Release, trained_on: str) -> dict[str, Any]:
    """What every evaluation begins with; `trained_on` is the digest of a release."""
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
    split: str = "held-out",
    cache: Path | None = None,
) -> dict[str, Any]:
    """Evaluate a frozen run on a split; what evaluation.json says (see its schema).

    `split` is "held-out" (the one that training left alone) or a split's name. An evaluation on the
    held-out split, or on any split of another release, is counted before it is done.

    Raises RunError unless the run is frozen, ReleaseError if the split is empty or does not fit.
    """
    trained = FrozenModel.load(run, device)
    trained.check_release(release)
    own = trained.meta["release"] == release.digest
    splits = Splits.of(release, trained.meta["seed"])
    name = (trained.meta["held_out"] if own else "test") if split in HELD_OUT else split
    held_out = not own or name == trained.meta["held_out"]
    dialogues = splits.held_out if own and held_out else release.of_split(name)
    if not dialogues:
        raise ReleaseError(empty_split_message(release, name))
    if held_out:
        run.record_test_evaluation(release.digest, name, "evaluate")
        evaluated = {d.id for d in dialogues}  # counted: only now are its labels read
        dialogues = [d for d in release.with_labels().dialogues if d.id in evaluated]
    data, missing = trained.pack(dialogues, cache, device)
    outputs = network_outputs(trained.model, data)
    tasks = trained.prepared.tasks
    fitted = trained.fitted
    if own:  # runs of earlier versions did not keep these counts
        counts = {task.key: {"learned": class_counts(task, splits.train)} for task in tasks}
        fitted = {key: each and {**counts[key], **each} for key, each in fitted.items()}
    results = task_results(
        outputs, tasks, trained.prepared.priors, trained.recipe, fitted, splits.train
    )
    utterances = {u.id for d in dialogues for u in d.utterances}
    people = human_performance.annotator_performance(root, tasks, utterances)
    for key, row in results.items():
        if row is not None:
            row["human"] = people[key]
    evaluation = {
        **evaluation_header(release, trained.meta["release"]),
        "run": {
            "recipe": trained.recipe.name,
            "seed": trained.meta["seed"],
            "weights": trained.weights,
            "best_epoch": trained.best_epoch,
            "parameters": parameter_count(trained.model),
            "features": trained.features,
        },
        "split": name,
        "held_out": held_out,
        "test_evaluations": len(run.test_evaluations()),
        "dialogues": len(dialogues),
        "utterances": len(outputs.ids),
        "missing": missing,
        "classes": {task.key: list(task.classes) for task in tasks},
        "tasks": results,
    }
    run.write_lines(PREDICTION_FILES["held_out"], trained.prediction_rows(outputs, dialogues))
    run.write("evaluation.json", evaluation)
    return evaluation
