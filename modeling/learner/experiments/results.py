"""What the runs of an experiment came to: predictions of its folds put together, and their metrics.

Where a release is divided into folds, each test utterance is predicted once a seed, by the run of
its fold. The predictions of all folds of a seed are put together and scored as one test set.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modeling.learner import metrics
from modeling.learner.calibration import expected_calibration_error
from modeling.learner.confusion_metrics import Confusions, confusion_counts
from modeling.learner.experiments.folds import Fold
from modeling.learner.experiments.robustness import FILE
from modeling.learner.experiments.runner import FAILURE, Runner, Unit, best_trial, group_place
from modeling.learner.experiments.specification import Experiment, System
from modeling.learner.release import Dialogue, Task, Utterance
from modeling.learner.run_directory import PREDICTION_FILES, RunDirectory
from modeling.learner.seed_statistics import BOUNDS, SHARE, mean_interval
from modeling.learner.significance import holm, mean_gain, paired_bootstrap

METRICS = ("macro_f1", "weighted_f1", "accuracy", "balanced_accuracy", "auroc", "ap",
           "quadratic_kappa", "ece")  # fmt: skip
MAJORITY = "majority class"  # of the training set of each fold, as a system
MEAN = "mean"  # of the tasks, correlations not counted among these
LEVELS = ("all agree", "two thirds or more", "fewer")  # of the annotators of an utterance
LARGEST_GROUPS = 20  # sources or speakers that are reported, those with most labels
FEWEST_LABELS = 10  # of a group that is reported
FAILURES = 10  # utterances a task that no system gets right


@dataclass(frozen=True)
class Predictions:
    """Of N labelled test utterances of a task in one seed: classes, probabilities (N, C)."""

    gold: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    rows: NDArray[np.int64]  # (N,), places in TestSet.utterances

    def only(self, chosen: NDArray[np.bool_]) -> "Predictions":
        """Those that are chosen (N,)."""
        return Predictions(self.gold[chosen], self.predicted[chosen],
                           self.probabilities[chosen], self.rows[chosen])  # fmt: skip


@dataclass
class TestSet:
    """All test utterances of all folds, each with its dialogue and its fold."""

    utterances: list[tuple[Fold, Dialogue, Utterance]] = field(default_factory=list)
    dialogue: list[int] = field(default_factory=list)  # number of the dialogue of each
    places: dict[tuple[str, str], int] = field(default_factory=dict)  # fold, utterance -> place

    @classmethod
    def of(cls, folds: Sequence[Fold]) -> "TestSet":
        """The test sets of the folds; a dialogue of several folds is one."""
        found = cls()
        numbers: dict[str, int] = {}
        for fold in folds:
            for dialogue in fold.release.of_split(fold.release.held_out):
                number = numbers.setdefault(dialogue.id, len(numbers))
                for utterance in dialogue.utterances:
                    found.places[fold.slug, utterance.id] = len(found.utterances)
                    found.utterances.append((fold, dialogue, utterance))
                    found.dialogue.append(number)
        return found

    @property
    def dialogues(self) -> int:
        """How many dialogues are tested on."""
        return max(self.dialogue, default=-1) + 1


@dataclass
class SystemResults:
    """Of a system the predictions of each seed whose folds are all tested: seed -> task."""

    name: str
    slug: str
    seeds: dict[int, dict[str, Predictions]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)  # a row each, also of smaller shares
    missing: dict[str, str] = field(default_factory=dict)  # run that is not done -> why
    chosen: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # fold -> tuned fields
    trials: int = 0


@dataclass
class Results:
    """Everything that the report is made of."""

    experiment: Experiment
    tasks: tuple[Task, ...]
    tested: TestSet
    folds: list[Fold]
    systems: list[SystemResults]
    majority: SystemResults
    known: dict[tuple[str, int, str, str], float | None] = field(default_factory=dict)  # scores

    @property
    def reference(self) -> SystemResults:
        """The system that the others are compared with."""
        name = self.experiment.reference.name
        return next(system for system in self.systems if system.name == name)

    @property
    def own_tasks(self) -> list[Task]:
        """The tasks that a mean counts."""
        own = [task for task in self.tasks if not task.is_correlation]
        return own or list(self.tasks)

    def scores(self, system: SystemResults, task: str, metric: str) -> list[float]:
        """A metric of a task, or of the MEAN of the tasks, of each seed; none where undefined."""
        tasks = self.own_tasks if task == MEAN else [t for t in self.tasks if t.key == task]
        found = []
        for seed, by_task in system.seeds.items():
            values = [self._score(system, seed, t, metric) for t in tasks if t.key in by_task]
            if len(values) == len(tasks) and all(value is not None for value in values):
                found.append(mean(value for value in values if value is not None))
        return found if len(found) == len(system.seeds) else []

    def summary(self, system: SystemResults, task: str, metric: str) -> dict[str, Any] | None:
        """Mean over seeds with Student's interval; None where undefined."""
        values = self.scores(system, task, metric)
        if not values:
            return None
        return mean_interval(values, BOUNDS.get(metric, SHARE), self.tested.dialogues)

    def _score(self, system: SystemResults, seed: int, task: Task, metric: str) -> float | None:
        """Computed once: tables, means and the figures ask for the same."""
        key = (system.slug, seed, task.key, metric)
        if key not in self.known:
            self.known[key] = score(system.seeds[seed][task.key], metric, task)
        return self.known[key]

    @cached_property
    def gains(self) -> dict[str, dict[str, dict[str, float]]]:
        """System -> task (and MEAN) -> what it gains over the reference in macro-F1: paired
        bootstrap over dialogues and the seeds that both have, p corrected over all systems and
        tasks (Holm).
        """
        reference = self.reference
        found: dict[str, dict[str, dict[str, float]]] = {}
        for system in self.systems:
            seeds = sorted(set(system.seeds) & set(reference.seeds))
            if system is reference or not seeds:
                continue
            pairs: dict[str, tuple[list[Confusions], list[Confusions]]] = {}
            for task in self.tasks:
                sides = [[s.seeds[seed].get(task.key) for seed in seeds]
                         for s in (system, reference)]  # fmt: skip
                known = [[each for each in side if each is not None] for side in sides]
                if all(len(side) == len(seeds) for side in known):
                    one, other = ([self._confusions(each, task) for each in side]
                                  for side in known)  # fmt: skip
                    pairs[task.key] = one, other
            found[system.name] = {
                key: paired_bootstrap(one, other)["macro_f1"] for key, (one, other) in pairs.items()
            }
            own = {t.key: pairs[t.key] for t in self.own_tasks if t.key in pairs}
            if len(own) == len(self.own_tasks) > 1:
                found[system.name][MEAN] = mean_gain(own)
        rows = [row for each in found.values() for row in each.values()]
        for row, corrected in zip(rows, holm([row["p"] for row in rows]), strict=True):
            row["p_holm"] = corrected
        return found

    def _confusions(self, predictions: Predictions, task: Task) -> Confusions:
        """(dialogues, classes, classes), zeros for dialogues without a label of the task."""
        owner = np.array(self.tested.dialogue)[predictions.rows]
        counts = confusion_counts(predictions.gold, predictions.predicted, owner, len(task.classes))
        rest = np.zeros((self.tested.dialogues - len(counts), *counts.shape[1:]))
        return np.concatenate([counts, rest])

    def groups(self, key: str, task: str) -> dict[str, NDArray[np.bool_]]:
        """Name of a group of test utterances -> which are in it (U,): by `key` source, speaker or
        level, that is, how far annotators agree on the task.
        """
        names = [_group_of(key, task, d, u) for _, d, u in self.tested.utterances]
        counts: dict[str, int] = defaultdict(int)
        for name, (_, _, u) in zip(names, self.tested.utterances, strict=True):
            if name and task in u.gold:
                counts[name] += 1
        enough = {name: n for name, n in counts.items() if n >= FEWEST_LABELS}
        if key == "level":
            chosen = [name for name in LEVELS if name in enough]
        else:
            chosen = sorted(enough, key=lambda name: (-enough[name], name))[:LARGEST_GROUPS]
        table = np.array(names, dtype=object)
        return {name: table == name for name in chosen}

    def failures(self, task: Task) -> list[tuple[int, str, float]]:
        """Test utterances that every system gets wrong in every seed: place, what is predicted most
        often, mean probability of gold; the least probable first.
        """
        wrong: dict[int, list[int]] = defaultdict(list)
        chances: dict[int, list[float]] = defaultdict(list)
        right: set[int] = set()
        for system in self.systems:
            for by_task in system.seeds.values():
                if task.key not in by_task:
                    continue
                own = by_task[task.key]
                of_gold = own.probabilities[np.arange(len(own.gold)), own.gold]
                for place, gold, predicted, p in zip(
                    own.rows.tolist(), own.gold.tolist(), own.predicted.tolist(), of_gold.tolist(),
                    strict=True,
                ):  # fmt: skip
                    if gold == predicted:
                        right.add(place)
                    wrong[place].append(predicted)
                    chances[place].append(p)
        rows = [
            (place, task.classes[max(set(said), key=said.count)], mean(chances[place]))
            for place, said in wrong.items()
            if place not in right
        ]
        return sorted(rows, key=lambda row: row[2])[:FAILURES]


def score(own: Predictions, metric: str, task: Task) -> float | None:
    """A metric of predictions; None where it is undefined."""
    if not len(own.gold):
        return None
    gold, predicted = own.gold.tolist(), own.predicted.tolist()
    second = own.probabilities[:, 1].tolist()
    makers: dict[str, Callable[[], float | None]] = {
        "macro_f1": lambda: metrics.macro_f1(gold, predicted),
        "weighted_f1": lambda: metrics.weighted_f1(gold, predicted),
        "accuracy": lambda: metrics.accuracy(gold, predicted),
        "balanced_accuracy": lambda: metrics.balanced_accuracy(gold, predicted),
        "auroc": lambda: metrics.auroc(gold, second) if len(task.classes) == 2 else None,
        "ap": lambda: metrics.average_precision(gold, second) if len(task.classes) == 2 else None,
        "quadratic_kappa": lambda: metrics.quadratic_kappa(gold, predicted)
        if task.is_correlation else None,
        "ece": lambda: _calibration_error(own),
    }  # fmt: skip
    return makers[metric]()


def _calibration_error(own: Predictions) -> float:
    confidence = own.probabilities.max(axis=1)
    hits = own.probabilities.argmax(axis=1) == own.gold
    return expected_calibration_error(confidence, hits)[0]


def _group_of(key: str, task: str, dialogue: Dialogue, utterance: Utterance) -> str:
    if key == "source":
        return dialogue.source
    if key == "speaker":
        return " · ".join(filter(None, (dialogue.source, utterance.speaker)))
    shares = utterance.soft.get(task, {})
    total = sum(shares.values())
    if not total:
        return ""
    highest = max(shares.values()) / total
    return LEVELS[0] if highest > 0.999 else LEVELS[1] if highest > 0.666 else LEVELS[2]


def collect(runner: Runner, out: Path) -> Results:
    """The results of all runs that are done."""
    experiment, folds = runner.experiment, runner.folds
    tasks, tested = folds[0].release.tasks, TestSet.of(folds)
    systems = [_system_results(system, runner.units, out, tested, tasks, folds)
               for system in experiment.systems]  # fmt: skip
    return Results(experiment, tasks, tested, folds, systems, _majority(folds, tasks, tested))


def _system_results(
    system: System,
    units: Sequence[Unit],
    out: Path,
    tested: TestSet,
    tasks: Sequence[Task],
    folds: Sequence[Fold],
) -> SystemResults:
    found = SystemResults(system.name, system.slug)
    by_seed: dict[int, list[tuple[Unit, RunDirectory]]] = defaultdict(list)
    for unit in (unit for unit in units if unit.system == system):
        run = RunDirectory(out / unit.place)
        if not (run.is_frozen and run.path("evaluation.json").exists()):
            found.missing[unit.name] = _why_missing(run)
            continue
        found.runs.append(_run_row(unit, run))
        if unit.share == 1:
            by_seed[unit.seed].append((unit, run))
    for seed, runs in sorted(by_seed.items()):
        if len(runs) == len(folds):
            found.seeds[seed] = _predictions(runs, tested, tasks)
    for fold in folds:
        path = out / group_place(system, fold) / "tuning.json"
        if path.exists():
            trials = json.loads(path.read_text("utf-8"))["trials"]
            found.chosen[fold.name] = best_trial(trials)["fields"]
            found.trials = max(found.trials, len(trials))
    return found


def _why_missing(run: RunDirectory) -> str:
    path = run.path(FAILURE)
    return str(json.loads(path.read_text("utf-8"))["reason"]) if path.exists() else "not done yet"


def _run_row(unit: Unit, run: RunDirectory) -> dict[str, Any]:
    evaluation, results = run.read("evaluation.json"), run.read("results.json")
    used = [json.loads(line)["used"] for line in _epoch_lines(run)]
    robust = json.loads(run.path(FILE).read_text("utf-8")) if run.path(FILE).exists() else {}
    return {
        "system": unit.system.name, "fold": unit.fold.name, "share": unit.share, "seed": unit.seed,
        "place": unit.place.as_posix(), "tasks": evaluation["tasks"], "robustness": robust,
        "parameters": results.get("parameters"), "seconds": results.get("seconds"),
        "epoch": results["best_epoch"], "memory": used[-1]["memory"] if used else None,
        "cpu": used[-1]["cpu"] - used[0]["cpu"] if used else None,
        "test_evaluations": len(run.test_evaluations()),
    }  # fmt: skip


def _epoch_lines(run: RunDirectory) -> list[str]:
    path = run.path("events.jsonl")
    lines = path.read_text("utf-8").split("\n") if path.exists() else []
    return [line for line in lines if '"used"' in line]


def _predictions(
    runs: Sequence[tuple[Unit, RunDirectory]], tested: TestSet, tasks: Sequence[Task]
) -> dict[str, Predictions]:
    """Task -> the predictions of the folds of a seed together."""
    parts: dict[str, list[tuple[int, int, int, list[float]]]] = defaultdict(list)
    for unit, run in runs:
        with run.path(PREDICTION_FILES["held_out"]).open(encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                place = tested.places[unit.fold.slug, row["id"]]
                gold = tested.utterances[place][2].gold
                for task in tasks:
                    if task.key in gold and task.key in row["predicted"]:
                        chances = row["probabilities"][task.key]
                        parts[task.key].append((
                            task.classes.index(gold[task.key]),
                            task.classes.index(row["predicted"][task.key]),
                            place,
                            [chances[value] for value in task.classes],
                        ))  # fmt: skip
    return {key: _arrays(rows) for key, rows in parts.items()}


def _arrays(rows: Sequence[tuple[int, int, int, list[float]]]) -> Predictions:
    gold, predicted, places, chances = zip(*rows, strict=True)
    return Predictions(np.array(gold, np.int64), np.array(predicted, np.int64),
                       np.array(chances, np.float64), np.array(places, np.int64))  # fmt: skip


def _majority(folds: Sequence[Fold], tasks: Sequence[Task], tested: TestSet) -> SystemResults:
    """Always the most frequent class of the training set of a fold, without a seed."""
    found: dict[str, Predictions] = {}
    for task in tasks:
        rows = []
        classes = {
            fold.slug: metrics.majority_class(labels)
            for fold in folds
            if (labels := [task.classes.index(u.gold[task.key])
                           for d in fold.release.of_split("train") for u in d.utterances
                           if task.key in u.gold])
        }  # fmt: skip
        for place, (fold, _, u) in enumerate(tested.utterances):
            if task.key in u.gold and fold.slug in classes:
                constant = classes[fold.slug]
                chances = [float(number == constant) for number in range(len(task.classes))]
                rows.append((task.classes.index(u.gold[task.key]), constant, place, chances))
        if rows:
            found[task.key] = _arrays(rows)
    return SystemResults(MAJORITY, "majority", {0: found})
