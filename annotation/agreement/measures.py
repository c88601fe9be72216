"""Agreement of rounds: live from the tally, with intervals from the items."""

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from orjson import loads

from annotation.agreement import item_counts, pairwise
from annotation.agreement.bootstrap import REPLICATES, Clusters, interval, of_pairs, on, summary
from annotation.agreement.coefficients import (
    alpha,
    class_alphas,
    coefficient_row,
    coefficients,
    count_values,
    pair_counts,
    reading,
    why_undefined,
)
from annotation.agreement.tally import alike, parents_of
from annotation.models import Item
from annotation.models.items import as_text, given_in
from annotation.scheme import Task


@dataclass(frozen=True)
class Measure:
    """One task or correlation and how far people agree on it.

    `coefficients` name -> value, undefined, low, high; `classes` value key -> the same;
    `agreed` the alpha where everybody gave the parents of a correlation the same values;
    `association` of a correlation with its parents: v (Cramér's), chi2, freedom, bits.
    """

    task: Task
    units: int
    judgements: int
    coefficients: dict[str, Any]
    classes: dict[str, Any]
    agreed: dict[str, Any] | None = None
    association: dict[str, Any] | None = None

    @property
    def alpha(self):
        return self.coefficients["alpha"]

    @property
    def reading(self):
        value = self.alpha["value"]
        return "" if value is None else reading(value)

    def to_json(self):
        row = {"task": self.task.key, "level": self.task.level, **ends(self.alpha)}
        row |= {"units": self.units, "judgements": self.judgements}
        row["agreement"] = self.coefficients["raw"]["value"]
        row |= {"coefficients": self.coefficients, "classes": self.classes}
        if self.task.is_correlation:
            row |= {"parents_agree": self.agreed, "association": self.association}
        return row


def ends(row):
    """A coefficient with its interval, None where it has none."""
    return {"low": None, "high": None} | row


def live(round, totals=None, tasks=None):
    """The measures of a round from its tally, without intervals; of all its tasks or of some."""
    totals = totals or item_counts.totals(round)
    return [
        _measured(
            task,
            totals.pairs(task),
            totals.pairs(task, "a") if task.is_correlation else None,
            totals.joint(task) if task.is_correlation else None,
        )
        for task in tasks or round.scheme.tasks
    ]


def _measured(task, pairs, agreed=None, joint=None):
    why = why_undefined(pairs)
    return Measure(
        task,
        int(pairs.pairable),
        int(pairs.judgements),
        {
            name: coefficient_row(float(coefficient(pairs, *more)), why)
            for name, (coefficient, *more) in coefficients(task.level).items()
        },
        {
            value: coefficient_row(float(found), why)
            for value, found in zip(task.keys, class_alphas(pairs), strict=True)
        },
        None if agreed is None else _agreed(task, agreed),
        None if joint is None else _association(joint),
    )


def _agreed(task, pairs):
    row = coefficient_row(float(alpha(pairs, task.level)), why_undefined(pairs))
    return row | {"units": int(pairs.pairable)}


def _association(joint):
    found = pairwise.association(joint.reshape(-1, joint.shape[-1]))
    return {name: None if np.isnan(value) else value for name, value in found.items()}


def _numbers():
    return array("q")


@dataclass
class CountedUnits:
    """The items of one task as arrays: of each its dialogue, and counts (U, V) of its values.

    `agreed` says of a correlation where everybody gave its parents the same values; `joint` holds
    (unit, place of the parents' values together, value).
    """

    task: Task
    dialogues: NDArray[np.int64]
    counts: NDArray[Any]
    agreed: NDArray[np.bool_]
    joint: NDArray[Any]

    def pairs(self, kept=None):
        """PairCounts of the dialogues, and the shape of their whole; of `kept` units only."""
        kept = np.ones(len(self.counts), bool) if kept is None else kept
        if not kept.any():
            return pair_counts(np.zeros((0, len(self.task.keys))), np.zeros(0, np.int64))
        _, dialogues = np.unique(self.dialogues[kept], return_inverse=True)
        return pair_counts(self.counts[kept], dialogues)


@dataclass
class Units(CountedUnits):
    """Counted units, of each its utterance, and `rows` that hold (unit, person, value)."""

    utterances: NDArray[np.int64]
    rows: NDArray[np.int64]


@dataclass
class GrowingUnits:
    """Units of one task while utterances are added: their rows flat, one after another."""

    task: Task
    utterances: array = field(default_factory=_numbers)
    rows: array = field(default_factory=_numbers)  # unit, person, value; unit, person, value; …
    agreed: array = field(default_factory=_numbers)
    joint: array = field(default_factory=_numbers)

    def finish(self, dialogue_of):
        """The Units of what was added; `dialogue_of` utterance id -> dialogue id."""
        utterances = np.array(self.utterances, dtype=np.int64)
        rows = np.array(self.rows, dtype=np.int64).reshape(-1, 3)
        return Units(
            task=self.task,
            utterances=utterances,
            dialogues=np.array([dialogue_of[pk] for pk in self.utterances], dtype=np.int64),
            rows=rows,
            counts=count_values(rows[:, 0], rows[:, 2], len(utterances), len(self.task.keys)),
            agreed=np.array(self.agreed, dtype=bool),
            joint=np.array(self.joint, dtype=np.int64).reshape(-1, 3),
        )


class Gathering:
    """Units of every task as they grow, utterance by utterance."""

    def __init__(self, scheme):
        self.units = {task.key: GrowingUnits(task) for task in scheme.tasks}
        self.places = {t.key: {key: n for n, key in enumerate(t.keys)} for t in scheme.tasks}
        self.dialogue_of = {}

    def add(self, utterance, dialogue, given):
        """Add what was said of an utterance (ids): task -> person id -> value."""
        self.dialogue_of[utterance] = dialogue
        for key, answers in given.items():
            _add(self.units[key], utterance, answers, given, self.places)

    def finish(self):
        """Task key -> Units."""
        return {key: units.finish(self.dialogue_of) for key, units in self.units.items()}


def gather(rounds, scheme):
    """Task key -> Units of the items of some rounds; judgements of all rounds together, of the
    same person the later round's.
    """
    found = Gathering(scheme)
    items = Item.objects.filter(round__in=rounds).order_by("utterance_id", "round_id")
    rows = items.annotate(said=as_text("answers")).values_list(
        "utterance_id", "utterance__dialogue_id", "task", "said"
    )
    for utterance, group in groupby(rows.iterator(chunk_size=5000), key=lambda row: row[0]):
        given: dict[str, dict[int, str]] = defaultdict(dict)
        for row in group:
            given[row[2]] |= given_in(loads(row[3]))
        found.add(utterance, row[1], given)
    return found.finish()


def _add(units, utterance, answers, given, places):
    task, unit = units.task, len(units.utterances)
    units.utterances.append(utterance)
    for who, value in answers.items():
        units.rows.extend((unit, who, places[task.key][value]))
    if not task.is_correlation:
        return
    known = parents_of(task, answers, given)
    units.agreed.append(alike(known))
    for who, value in answers.items():
        x, y = known[who]
        if x and y:
            parents = places[task.source][x] * len(places[task.target]) + places[task.target][y]
            units.joint.extend((unit, parents, places[task.key][value]))


def measure(rounds, scheme, seed=0, replicates=REPLICATES):
    """The measures of rounds with intervals, computed now; everything new is counted first."""
    rounds = list(rounds)
    item_counts.catch_up_all(rounds)
    return measures_of(gather(rounds, scheme), scheme, seed, replicates)


def measures_of(units, scheme, seed=0, replicates=REPLICATES):
    """The measures of the CountedUnits of every task, with intervals."""
    found = []
    for task in scheme.tasks:
        mine = units[task.key]
        whole = pair_counts(mine.counts)
        agreed = pair_counts(mine.counts[mine.agreed]) if task.is_correlation else None
        joint = _joint(mine, scheme) if task.is_correlation else None
        measured = _measured(task, whole, agreed, joint)
        found.append(with_intervals(measured, intervals(mine, scheme, seed, replicates)))
    return found


def _joint(units, scheme):
    task = units.task
    parents = np.prod([len(scheme[parent].keys) for parent in task.parents])
    counted = count_values(units.joint[:, 1], units.joint[:, 2], int(parents), len(task.keys))
    return counted[None]


def intervals(units, scheme, seed=0, replicates=REPLICATES, method="percentile"):
    """Interval ends of a task's coefficients, classes, and correlation; None where undefined."""
    task, pairs = units.task, units.pairs()
    if not len(pairs.sizes):
        return {}
    wanted = {
        name: on(pairs, coefficient, *more)
        for name, (coefficient, *more) in coefficients(task.level).items()
    }
    wanted["classes"] = on(pairs, class_alphas)
    drawn = summary(of_pairs(pairs), wanted, replicates, seed, method)
    found = {name: ends_of(rows[0]) for name, rows in drawn.items() if name != "classes"}
    found = {"coefficients": found}
    found["classes"] = dict(zip(task.keys, map(ends_of, drawn["classes"])))
    if task.is_correlation:
        kept = units.pairs(units.agreed)
        if len(kept.sizes):
            statistic = on(kept, alpha, task.level)
            ends = interval(of_pairs(kept), statistic, replicates, seed, method)
            found["agreed"] = ends_of(ends[0])
        found["association"] = ends_of(_association_interval(units, scheme, replicates, seed))
    return found


def ends_of(found):
    """[low, high] of an Interval, None where there is none."""
    return None if found is None or found.low is None else [found.low, found.high]


def _association_interval(units, scheme, replicates, seed):
    width = int(np.prod([len(scheme[parent].keys) for parent in units.task.parents]))
    size = len(units.task.keys)
    if not len(units.joint):
        return None
    _, dialogues = np.unique(units.dialogues[units.joint[:, 0]], return_inverse=True)
    cell = units.joint[:, 1] * size + units.joint[:, 2]
    sums = count_values(dialogues, cell, int(dialogues.max()) + 1, width * size)

    def v(flat):
        tables = flat.reshape(-1, width, size)
        return np.array([pairwise.association(table)["v"] for table in tables])

    return interval(Clusters(sums), v, min(replicates, 500), seed)[0]


def with_intervals(measured, found):
    """The measure with the ends that were computed for it."""

    def joined(row, pair):
        return row if row["value"] is None or not pair else row | dict(zip(("low", "high"), pair))

    found = found or {}
    ends = found.get("coefficients", {})
    classes = found.get("classes", {})
    agreed, association = measured.agreed, measured.association
    if agreed is not None:
        agreed = joined(agreed, found.get("agreed"))
    if association is not None and association["v"] is not None and found.get("association"):
        association = association | dict(zip(("low", "high"), found["association"]))
    return Measure(
        measured.task,
        measured.units,
        measured.judgements,
        {name: joined(row, ends.get(name)) for name, row in measured.coefficients.items()},
        {name: joined(row, classes.get(name)) for name, row in measured.classes.items()},
        agreed,
        association,
    )
