"""Agreement of a round in its parts, for a Report: intervals, pairs, over time, and by group."""

from typing import Any

import numpy as np
from django.db.models import Max

from annotation.agreement import pairwise
from annotation.agreement.bootstrap import REPLICATES, Clusters, interval, of_pairs, on
from annotation.agreement.coefficients import (
    PairCounts,
    alpha,
    coefficient_row,
    count_values,
    why_undefined,
)
from annotation.agreement.measures import ends_of, gather, intervals
from annotation.models import Submission
from corpus.models import Utterance

PARTS = 12  # points of the line over time
MOST_PAIRS = 66  # pairs of people that get intervals: those of twelve people
MOST_GROUPS = 50
LENGTHS = [1, 2, 4, 8]  # seconds between the groups by length


def report(report, beat):
    """Intervals, pairs of people, and agreement over time and by group, for a Report."""
    round = report.round
    scheme, seed = round.scheme, report.options.get("seed", 0)
    replicates = report.options.get("replicates", REPLICATES)
    method = report.options.get("method", "percentile")
    units = gather([round], scheme)
    beat(0.3)
    groups = _groups(round, units)
    tasks = {}
    for number, task in enumerate(scheme.tasks, 1):
        mine = units[task.key]
        tasks[task.key] = {
            "dialogues": of_pairs(mine.pairs()).number_compared,
            "intervals": intervals(mine, scheme, seed, replicates, method),
            "pairs": _pair_intervals(mine, seed, replicates),
            "groups": {
                name: _by_group(mine, kind, seed, replicates) for name, kind in groups.items()
            },
        }
        beat(0.3 + 0.7 * number / len(scheme.tasks))
    return {
        "replicates": replicates,
        "seed": seed,
        "method": method,
        "tasks": tasks,
        "names": {name: kind["names"] for name, kind in groups.items()},
    }


def _pair_intervals(units, seed, replicates):
    """Interval of Cohen's kappa, weighted for ordinal tasks, "a/b" -> [low, high]."""
    size = len(units.task.keys)
    found: dict[str, list[float] | None] = {}
    people = np.unique(units.rows[:, 1])
    if len(people) * (len(people) - 1) // 2 > MOST_PAIRS:
        return found
    kind = "quadratic" if units.task.level == "ordinal" else "identity"
    grid = np.full((len(units.utterances), len(people)), -1, dtype=np.int64)
    grid[units.rows[:, 0], np.searchsorted(people, units.rows[:, 1])] = units.rows[:, 2]
    for a in range(len(people)):
        for b in range(a + 1, len(people)):
            both = (grid[:, a] >= 0) & (grid[:, b] >= 0)
            if both.any():
                _, dialogues = np.unique(units.dialogues[both], return_inverse=True)
                cells = grid[both, a] * size + grid[both, b]
                sums = count_values(dialogues, cells, int(dialogues.max()) + 1, size * size)

                def kappa(flat):
                    return pairwise.cohen(flat.reshape(*flat.shape[:-1], size, size), kind)

                ends = ends_of(interval(Clusters(sums), kappa, replicates, seed)[0])
                found[f"{people[a]}/{people[b]}"] = ends
    return found


def _groups(round, units):
    """Name of a grouping -> "of" (utterance id -> group), "names" (group -> words)."""
    pks = np.unique(np.concatenate([mine.utterances for mine in units.values()] or [[]]))
    rows = Utterance.objects.filter(items__round=round).distinct()
    rows = rows.values_list(
        *("pk", "dialogue_id", "dialogue__source_id", "dialogue__source__title"),
        *("speaker_id", "speaker__name", "start", "end"),
    )
    source, speaker, length, dialogue = {}, {}, {}, {}
    sources, speakers = {}, {}
    for pk, talk, source_pk, title, speaker_pk, name, start, end in rows.iterator():
        dialogue[pk] = talk
        source[pk], sources[str(source_pk)] = source_pk, title
        if speaker_pk:
            speaker[pk], speakers[str(speaker_pk)] = speaker_pk, name
        if start is not None and end is not None and end > start:
            length[pk] = int(np.searchsorted(LENGTHS, end - start, side="right"))
    time, times = _over_time(round, dialogue, pks)
    return {
        "time": {"of": time, "names": times},
        "source": {"of": source, "names": sources},
        "speaker": {"of": speaker, "names": speakers},
        "length": {"of": length, "names": {str(n): str(n) for n in range(len(LENGTHS) + 1)}},
    }


def _over_time(round, dialogue_of, pks):
    """Twelve parts with as many dialogues each, by when the last person handed them in."""
    done = dict(
        Submission.objects.filter(assignment__round=round, assignment__state="submitted")
        .order_by()
        .values_list("assignment__dialogue")
        .annotate(last=Max("at"))
    )
    ordered = sorted({dialogue_of[pk] for pk in pks if pk in dialogue_of}, key=done.__getitem__)
    part = {pk: n * PARTS // len(ordered) for n, pk in enumerate(ordered)}
    names: dict[str, list[str | None]] = {}
    for pk in ordered:
        names.setdefault(str(part[pk]), [done[pk].isoformat(), None])[1] = done[pk].isoformat()
    return {pk: part[talk] for pk, talk in dialogue_of.items() if talk in part}, names


def _by_group(units, grouping, seed, replicates):
    """Rows of group, alpha, interval, units; the largest groups."""
    of = grouping["of"]
    groups = np.array([of.get(int(pk), -1) for pk in units.utterances], dtype=np.int64)
    found = []
    for group in np.unique(groups[groups >= 0]):
        pairs = units.pairs(groups == group)
        whole = PairCounts(pairs.sizes, pairs.layers.sum(axis=0))
        row: dict[str, Any] = {"group": str(group), "units": int(whole.pairable)}
        row |= coefficient_row(float(alpha(whole, units.task.level)), why_undefined(whole))
        if row["value"] is not None:
            statistic = on(pairs, alpha, units.task.level)
            row["ends"] = ends_of(interval(of_pairs(pairs), statistic, replicates, seed)[0])
        found.append(row)
    found.sort(key=lambda row: -row["units"])
    return found[:MOST_GROUPS]
