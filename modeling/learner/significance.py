"""Whether one run is better than another: a paired bootstrap over dialogues and seeds."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modeling.learner.confusion_metrics import (
    Confusions,
    confusion_accuracy,
    confusion_counts,
    confusion_macro_f1,
    confusion_weighted_f1,
)
from modeling.learner.release import Release
from modeling.learner.run_directory import PREDICTION_FILES, RunDirectory, RunError
from modeling.learner.seed_statistics import MIN_DIALOGUES

REPLICATES = 5000
METRICS = {
    "macro_f1": confusion_macro_f1,
    "weighted_f1": confusion_weighted_f1,
    "accuracy": confusion_accuracy,
}


def paired_bootstrap(
    one: Sequence[Confusions],
    other: Sequence[Confusions],
    replicates: int = REPLICATES,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Metric -> gain of `one` over `other` (confusions of the same dialogues, a stack a seed) with
    its 95 % interval and two-sided p: dialogues and, where there are several, seeds are drawn with
    replacement, the same for both (a paired bootstrap over clusters; Efron & Tibshirani 1993).
    Seeds that were evaluated on different dialogues draw their own.
    """
    drawn = _draw_gains(one, other, replicates, seed)
    return {metric: _interval(observed, sampled) for metric, (observed, sampled) in drawn.items()}


def mean_gain(
    tasks: Mapping[str, tuple[Sequence[Confusions], Sequence[Confusions]]],
    metric: str = "macro_f1",
    replicates: int = REPLICATES,
    seed: int = 0,
) -> dict[str, float]:
    """The gain in the mean of the tasks, as `paired_bootstrap` gives that of one: task -> the
    confusions of both. All tasks have the same dialogues, and a draw is the same for all of them.
    """
    drawn = [_draw_gains(*tables, replicates, seed)[metric] for tables in tasks.values()]
    observed = float(np.mean([gain for gain, _ in drawn]))
    return _interval(observed, np.mean([sampled for _, sampled in drawn], axis=0))


def _draw_gains(
    one: Sequence[Confusions], other: Sequence[Confusions], replicates: int, seed: int
) -> dict[str, tuple[float, NDArray[np.float64]]]:
    """Metric -> the observed gain, and that of each replicate."""
    rng, seeds = np.random.default_rng(seed), len(one)
    drawn: dict[int, NDArray[np.float64]] = {}  # number of dialogues -> how often each is drawn

    def resampled(tables: Confusions) -> Confusions:
        n = len(tables)
        if n not in drawn:
            drawn[n] = rng.multinomial(n, [1 / n] * n, size=replicates).astype(float)
        return np.tensordot(drawn[n], tables, 1)  # (replicates, classes, classes)

    pairs = list(zip(one, other, strict=True))
    resampled_pairs = [(resampled(a), resampled(b)) for a, b in pairs]
    weights = rng.multinomial(seeds, [1 / seeds] * seeds, size=replicates).T / seeds
    gains = {}
    for metric, score in METRICS.items():
        observed = np.mean([score(a.sum(0)) - score(b.sum(0)) for a, b in pairs])
        by_seed = np.stack([score(a) - score(b) for a, b in resampled_pairs])  # (seeds, replicates)
        gains[metric] = float(observed), (by_seed * weights).sum(0)
    return gains


def _interval(observed: float, sampled: NDArray[np.float64]) -> dict[str, float]:
    low, high = np.quantile(sampled, [0.025, 0.975])
    beyond = min((sampled <= 0).sum(), (sampled >= 0).sum())
    p = min(1.0, 2 * (int(beyond) + 1) / (len(sampled) + 1))
    return {"gain": observed, "low": float(low), "high": float(high), "p": p}


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected for their number (Holm 1979), in the given order; as statsmodels does,
    which takes over a second to import in a page.
    """
    corrected, highest = [0.0] * len(p_values), 0.0
    for place, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[i]))
        corrected[i] = highest
    return corrected


def compare_runs(
    release: Release,
    one: Sequence[RunDirectory],
    other: Sequence[RunDirectory],
    role: str = "held_out",
) -> dict[str, Any]:
    """What `one` gains over `other`, by task and metric, from the predictions of both for the same
    dialogues: those of the split that was evaluated last (`role` "held_out"), or those of the
    validation set ("validation"), which needs no evaluation on the test set.

    Runs are paired by seed; a single run is compared with every seed of the other side. p values of
    a metric are corrected over the tasks (Holm). Where fewer than MIN_DIALOGUES dialogues have a
    label of a task, there is only the gain. Raises RunError unless the evaluations can be paired.
    """
    evaluated = {_evaluated_split(run, role) for run in [*one, *other]}
    if len(evaluated) > 1:
        raise RunError("The runs were not evaluated on the same split of the same release.")
    digest, split = evaluated.pop()
    if digest != release.digest:
        raise RunError("The runs were evaluated on another release than the one that is named.")
    if role == "held_out":
        release = release.with_labels()
    left, right, seeds = _paired(one, other)
    predictions = {run.root: _predictions(run, PREDICTION_FILES[role]) for run in {*left, *right}}
    tasks: dict[str, dict[str, Any]] = {}
    labelled: dict[str, int] = {}  # task -> dialogues with a label to compare with
    dialogues = 0
    for task in release.tasks:
        if not all(task.key in rows for rows in predictions.values()):
            continue
        tables = [
            [
                _confusions(release, predictions[run.root][task.key], task.key, task.classes)
                for run in side
            ]
            for side in (left, right)
        ]
        if tables[0][0].sum():
            dialogues = min(len(each) for each in tables[0])
            labelled[task.key] = min(int(each.any(axis=(1, 2)).sum()) for each in tables[0])
            tasks[task.key] = paired_bootstrap(tables[0], tables[1])
    for metric in METRICS:
        tested = [tasks[key][metric] for key, n in labelled.items() if n >= MIN_DIALOGUES]
        for row, corrected in zip(tested, holm([row["p"] for row in tested]), strict=True):
            row["p_holm"] = corrected
        for key, n in labelled.items():
            if n < MIN_DIALOGUES:
                tasks[key][metric] |= dict.fromkeys(("low", "high", "p", "p_holm"))
    return {
        "release": digest,
        "split": split,
        "seeds": seeds,
        "dialogues": dialogues,
        "tasks": tasks,
    }


def p_text(p: float) -> str:
    """A p value as papers print it; never as zero, which no number of replicates can show."""
    return "p < 0.001" if p < 0.0005 else f"p = {p:.3f}"


def comparison_text(comparison: Mapping[str, Any], one: str, other: str) -> str:
    """A line a task, on macro-F1, with the gain in weighted F1 beside it."""
    lines = [
        f"{one} against {other} on {comparison['split']} ({comparison['dialogues']} dialogues),"
        f" seeds {', '.join(map(str, comparison['seeds']))}, macro-F1:"
    ]
    for task, row in comparison["tasks"].items():
        macro = row["macro_f1"]
        weighted = ""
        if "weighted_f1" in row:  # not in what was computed by earlier versions
            weighted = f"; weighted F1 {100 * row['weighted_f1']['gain']:+.1f}"
        if macro["p"] is None:
            gain = f"{100 * macro['gain']:+.1f} points"
            why = f"no interval: {MIN_DIALOGUES} dialogues are needed"
            lines.append(f"  {task}: {gain}, too few dialogues to tell ({why}){weighted}")
            continue
        verdict = "better" if macro["gain"] > 0 else "worse"
        if macro["p_holm"] >= 0.05:
            verdict = "no difference shown"
        lines.append(
            f"  {task}: {100 * macro['gain']:+.1f} points"
            f" [{100 * macro['low']:+.1f}, {100 * macro['high']:+.1f}],"
            f" {p_text(macro['p_holm'])} (Holm): {verdict}{weighted}"
        )
    return "\n".join(lines)


def _evaluated_split(run: RunDirectory, role: str) -> tuple[str, str]:
    """Digest of the release and name of the split that a run was evaluated on."""
    name = "meta.json" if role == "validation" else "evaluation.json"
    stored = run.read(name)
    try:
        if role == "validation":
            return stored["release"], stored["validation"]
        return stored["release"]["digest"], stored["split"]
    except (KeyError, TypeError) as error:
        words = f"{run.path(name)} is damaged: it does not say on what it was evaluated."
        raise RunError(words) from error


def _paired(
    one: Sequence[RunDirectory], other: Sequence[RunDirectory]
) -> tuple[list[RunDirectory], list[RunDirectory], list[int]]:
    sides = [{run.read("meta.json")["seed"]: run for run in side} for side in (one, other)]
    if len(sides[0]) == 1 or len(sides[1]) == 1:
        size = max(len(sides[0]), len(sides[1]))
        longer = sides[0] if len(sides[0]) == size else sides[1]
        left, right = (list(s.values()) * (size if len(s) == 1 else 1) for s in sides)
        return left, right, sorted(longer)
    seeds = sorted(set(sides[0]) & set(sides[1]))
    if not seeds or set(sides[0]) != set(sides[1]):
        raise RunError(f"The seeds differ: {sorted(sides[0])} and {sorted(sides[1])}.")
    return [sides[0][s] for s in seeds], [sides[1][s] for s in seeds], seeds


def _predictions(run: RunDirectory, name: str) -> dict[str, dict[str, str]]:
    """Task -> utterance -> predicted value."""
    predictions: dict[str, dict[str, str]] = {}
    path = run.path(name)
    if not path.exists():
        raise RunError(f"{run.root} holds no {name}: the run has not ended.")
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                for task, value in row["predicted"].items():
                    predictions.setdefault(task, {})[row["id"]] = value
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RunError(f"{path} is damaged: a line of it is no prediction.") from error
    return predictions


def _class_index(value: str, numbers: Mapping[str, int], task: str) -> int:
    if value not in numbers:
        raise RunError(f"A run predicts {value!r} for {task}, which the release does not know.")
    return numbers[value]


def _confusions(
    release: Release, predictions: Mapping[str, str], task: str, classes: Sequence[str]
) -> Confusions:
    """One confusion (classes, classes) of each dialogue that has a prediction."""
    number = {value: i for i, value in enumerate(classes)}
    gold, predicted, owner, dialogues = [], [], [], 0
    for dialogue in release.dialogues:
        if not any(u.id in predictions for u in dialogue.utterances):
            continue
        for u in dialogue.utterances:
            if u.id in predictions and task in u.gold:
                gold.append(number[u.gold[task]])
                predicted.append(_class_index(predictions[u.id], number, task))
                owner.append(dialogues)
        dialogues += 1
    rows = confusion_counts(
        np.array(gold, int), np.array(predicted, int), np.array(owner, int), len(classes)
    )
    empty = np.zeros((dialogues - len(rows), *rows.shape[1:]))
    return np.concatenate([rows, empty])
