"""Is one run better than another: intervals over seeds, and over the dialogues both were asked."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from modeling.learner.release import Release
from modeling.learner.rundir import RunDirectory, RunError

REPLICATES = 5000
FEWEST = 10  # dialogues on which an interval is told
SUMMED = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "auroc", "ap", "mae",
          "quadratic_kappa", "ece", "ece_predicted")  # fmt: skip
Tables = NDArray[np.float64]  # (dialogues, classes, classes): gold by predicted


def mean_interval(values: Sequence[float]) -> dict[str, float | int | None]:
    """Mean and standard deviation of some seeds, with Student's 95 % interval of the mean."""
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return {"mean": mean, "sd": None, "low": None, "high": None, "n": n}
    sd = float(np.std(values, ddof=1))
    half = float(stdtrit(n - 1, 0.975)) * sd / n**0.5
    return {"mean": mean, "sd": sd, "low": mean - half, "high": mean + half, "n": n}


def summary(evaluations: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any] | None]:
    """Task -> metric -> mean_interval over evaluations that differ in their seed."""
    found: dict[str, dict[str, Any] | None] = {}
    for task in evaluations[0]["tasks"]:
        rows = [e["tasks"][task] for e in evaluations if e["tasks"].get(task)]
        found[task] = {
            metric: mean_interval([row[metric] for row in rows])
            for metric in SUMMED
            if rows and all(row.get(metric) is not None for row in rows)
        } or None
    return found


def counted(
    gold: NDArray[np.int64], predicted: NDArray[np.int64], owner: NDArray[np.int64], classes: int
) -> Tables:
    """Confusion counts of each dialogue: gold, predicted and number of the dialogue, all (N,)."""
    cells = (owner * classes + gold) * classes + predicted
    dialogues = int(owner.max()) + 1 if len(owner) else 0
    found = np.bincount(cells, minlength=dialogues * classes**2).astype(float)
    return found.reshape(-1, classes, classes)


def macro_f1_of(tables: Tables) -> NDArray[np.float64]:
    """Of confusions (..., C, C) macro-F1 over the classes that occur in gold or prediction."""
    hits = np.diagonal(tables, axis1=-2, axis2=-1)
    total = tables.sum(-1) + tables.sum(-2)
    f1 = np.divide(2 * hits, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(f1.sum(-1) / np.maximum((total > 0).sum(-1), 1))


def weighted_f1_of(tables: Tables) -> NDArray[np.float64]:
    """Of confusions (..., C, C) F1 of each class weighed by how often it is gold."""
    hits = np.diagonal(tables, axis1=-2, axis2=-1)
    gold = tables.sum(-1)
    total = gold + tables.sum(-2)
    f1 = np.divide(2 * hits, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray((f1 * gold).sum(-1) / np.maximum(gold.sum(-1), 1))


def accuracy_of(tables: Tables) -> NDArray[np.float64]:
    """Of confusions (..., C, C)."""
    hits = np.trace(tables, axis1=-2, axis2=-1)
    return np.asarray(hits / np.maximum(tables.sum((-2, -1)), 1))


FILES = {"sealed": "predictions.jsonl", "selection": "selection.jsonl"}
FUNCTIONS = {"macro_f1": macro_f1_of, "weighted_f1": weighted_f1_of, "accuracy": accuracy_of}


def differences(
    one: Sequence[Tables], other: Sequence[Tables], replicates: int = REPLICATES, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Metric -> gain of `one` over `other` (tables of the same dialogues, one a seed) with its 95 %
    interval and two-sided p: dialogues and, where there are several, seeds are drawn with
    replacement, the same for both (a paired bootstrap over clusters). Seeds that were asked
    different dialogues draw their own.
    """
    rng, seeds = np.random.default_rng(seed), len(one)
    drawn: dict[int, NDArray[np.float64]] = {}  # number of dialogues -> how often each is drawn

    def resampled(tables: Tables) -> Tables:
        n = len(tables)
        if n not in drawn:
            drawn[n] = rng.multinomial(n, [1 / n] * n, size=replicates).astype(float)
        return np.tensordot(drawn[n], tables, 1)  # (replicates, classes, classes)

    sides = list(zip(one, other, strict=True))
    again = [(resampled(a), resampled(b)) for a, b in sides]
    times = rng.multinomial(seeds, [1 / seeds] * seeds, size=replicates).T / seeds
    found = {}
    for metric, score in FUNCTIONS.items():
        observed = np.mean([score(a.sum(0)) - score(b.sum(0)) for a, b in sides])
        each = np.stack([score(a) - score(b) for a, b in again])  # (seeds, replicates)
        gains = (each * times).sum(0)
        low, high = np.quantile(gains, [0.025, 0.975])
        beyond = min((gains <= 0).sum(), (gains >= 0).sum())
        p = min(1.0, 2 * (int(beyond) + 1) / (replicates + 1))
        found[metric] = {"gain": float(observed), "low": float(low), "high": float(high), "p": p}
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Corrected for their number (Holm 1979), in the given order."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    found, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        found[i] = highest
    return found


def compare(
    release: Release,
    one: Sequence[RunDirectory],
    other: Sequence[RunDirectory],
    where: str = "sealed",
) -> dict[str, Any]:
    """What `one` gains over `other`, by task and metric, from what both said of the same dialogues:
    those of the split that was evaluated last, or (`where` is "selection") those that chose the
    epochs, for which nobody has to look at anything.

    Runs are paired by seed; a single run stands against every seed of the other side. p values of a
    metric are corrected over the tasks (Holm). Below FEWEST dialogues only the gain is told: so few
    say nothing of others. Raises RunError unless the evaluations can be paired.
    """
    asked = {_asked(run, where) for run in [*one, *other]}
    if len(asked) > 1:
        raise RunError("The runs were not evaluated on the same split of the same release.")
    digest, split = asked.pop()
    if digest != release.digest:
        raise RunError("The runs were evaluated on another release than the one that is named.")
    if where == "sealed":
        release = release.with_labels()
    left, right, seeds = _paired(one, other)
    said = {run.root: _predictions(run, FILES[where]) for run in {*left, *right}}
    tasks: dict[str, dict[str, Any]] = {}
    dialogues = 0
    for task in release.tasks:
        if not all(task.key in rows for rows in said.values()):
            continue
        tables = [
            [_tables(release, said[run.root][task.key], task.key, task.classes) for run in side]
            for side in (left, right)
        ]
        if tables[0][0].sum():
            dialogues = min(len(each) for each in tables[0])
            tasks[task.key] = differences(tables[0], tables[1])
    for metric in FUNCTIONS:
        rows = [row[metric] for row in tasks.values()]
        for row, corrected in zip(rows, holm([row["p"] for row in rows]), strict=True):
            row["p_holm"] = corrected
            if dialogues < FEWEST:
                row |= dict.fromkeys(("low", "high", "p", "p_holm"))
    told = {"release": digest, "split": split, "seeds": seeds, "dialogues": dialogues}
    return told | {"tasks": tasks}


def in_words(found: Mapping[str, Any], one: str, other: str) -> str:
    """A sentence a task, on macro-F1, with the gain in weighted F1 beside it."""
    lines = [
        f"{one} against {other} on {found['split']} ({found['dialogues']} dialogues), seeds"
        f" {', '.join(map(str, found['seeds']))}, macro-F1:"
    ]
    for task, row in found["tasks"].items():
        told = row["macro_f1"]
        beside = ""
        if "weighted_f1" in row:  # not in what was computed by earlier versions
            beside = f"; weighted F1 {100 * row['weighted_f1']['gain']:+.1f}"
        if told["p"] is None:
            gain = f"{100 * told['gain']:+.1f} points"
            lines.append(f"  {task}: {gain}, too few dialogues to tell{beside}")
            continue
        sure = "no difference shown" if told["p_holm"] >= 0.05 else (
            "better" if told["gain"] > 0 else "worse")  # fmt: skip
        lines.append(
            f"  {task}: {100 * told['gain']:+.1f} points"
            f" [{100 * told['low']:+.1f}, {100 * told['high']:+.1f}],"
            f" p = {told['p_holm']:.3f} (Holm): {sure}{beside}"
        )
    return "\n".join(lines)


def _asked(run: RunDirectory, where: str) -> tuple[str, str]:
    """Digest of the release, and the split, that a run answered."""
    name = "meta.json" if where == "selection" else "evaluation.json"
    found = run.read(name)
    try:
        if where == "selection":
            return found["release"], found["selection"]
        return found["release"]["digest"], found["split"]
    except (KeyError, TypeError) as error:
        raise RunError(f"{run.path(name)} is damaged: it does not say what was asked.") from error


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
    """Task -> utterance -> value."""
    found: dict[str, dict[str, str]] = {}
    if not run.path(name).exists():
        raise RunError(f"{run.root} holds no {name}: the run has not ended.")
    try:
        with run.path(name).open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                for task, value in row["predicted"].items():
                    found.setdefault(task, {})[row["id"]] = value
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RunError(f"{run.path(name)} is damaged: a line of it is no answer.") from error
    return found


def _number_of(value: str, numbers: Mapping[str, int], task: str) -> int:
    if value not in numbers:
        raise RunError(f"A run predicts {value!r} for {task}, which the release does not know.")
    return numbers[value]


def _tables(release: Release, said: Mapping[str, str], task: str, classes: Sequence[str]) -> Tables:
    number = {value: i for i, value in enumerate(classes)}
    gold, guess, owner, dialogues = [], [], [], 0
    for dialogue in release.dialogues:
        if not any(u.id in said for u in dialogue.utterances):
            continue
        for u in dialogue.utterances:
            if u.id in said and task in u.gold:
                gold.append(number[u.gold[task]])
                guess.append(_number_of(said[u.id], number, task))
                owner.append(dialogues)
        dialogues += 1
    rows = counted(np.array(gold, int), np.array(guess, int), np.array(owner, int), len(classes))
    empty = np.zeros((dialogues - len(rows), *rows.shape[1:]))
    return np.concatenate([rows, empty])
