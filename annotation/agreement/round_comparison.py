"""Whether people agree better in one round than in another, such as before and after a guideline.

Where the rounds share dialogues, only these are compared, and both rounds are drawn together;
else each is drawn by itself. Many tasks are tested at once, so p is also given after Holm (1979).
Of fewer than MIN_CLUSTERS dialogues only the coefficients are given.
"""

from typing import Any

import numpy as np

from annotation.agreement.bootstrap import (
    MIN_CLUSTERS,
    REPLICATES,
    difference,
    interval,
    of_pairs,
    on,
)
from annotation.agreement.coefficients import alpha, gwet, pair_counts, raw
from annotation.agreement.measures import ends_of, gather


def report(report, beat):
    """Differences per task, second round minus first, for a Report."""
    first, second = report.round, report.other
    seed = report.options.get("seed", 0)
    replicates = report.options.get("replicates", REPLICATES)
    before, after = gather([first], first.scheme), gather([second], second.scheme)
    tasks = [
        task
        for task in first.scheme.tasks
        if task.key in second.scheme.keys and second.scheme[task.key].keys == task.keys
    ]
    found = {}
    for number, task in enumerate(tasks, 1):
        found[task.key] = compared(before[task.key], after[task.key], seed, replicates)
        beat(number / len(tasks))
    _holm([row["alpha"] for row in found.values()])
    left_out = sorted(({*first.scheme.keys} | {*second.scheme.keys}) - set(found))
    return {"tasks": found, "left_out": left_out, "replicates": replicates, "seed": seed}


def compared(before, after, seed=0, replicates=REPLICATES):
    """The differences of one task between two Units."""
    shared = np.intersect1d(before.dialogues, after.dialogues)
    fewest = min(len(np.unique(units.dialogues)) for units in (before, after))
    paired = len(shared) >= min(MIN_CLUSTERS, max(fewest, 1))
    if paired:
        first, second = (_of_dialogues(units, shared) for units in (before, after))
    else:
        first, second = before.pairs(), after.pairs()
    row: dict[str, Any] = {"paired": paired, "dialogues": len(shared) if paired else None}
    level = before.task.level
    for name, coefficient in {"alpha": (alpha, level), "raw": (raw,), "ac1": (gwet,)}.items():
        statistics = [on(pairs, *coefficient) for pairs in (first, second)]
        clusters = [of_pairs(pairs) for pairs in (first, second)]
        values = [_value(statistic, part) for statistic, part in zip(statistics, clusters)]
        row[name] = {"first": values[0], "second": values[1]}
        if name == "alpha":
            row[name]["ends"] = [
                _ends(part, statistic, replicates, seed)
                for part, statistic in zip(clusters, statistics, strict=True)
            ]
        if None in values:
            continue
        gap = difference(
            clusters[0], clusters[1], statistics[0], paired, replicates, seed, statistics[1]
        )
        row[name] |= {"value": gap.value, "low": gap.low, "high": gap.high, "p": gap.p}
        row[name]["why"] = gap.why
    row["units"] = [int(pairs.pairable.sum()) for pairs in (first, second)]
    return row


def _of_dialogues(units, dialogues):
    kept = np.isin(units.dialogues, dialogues)
    return pair_counts(units.counts[kept], np.searchsorted(dialogues, units.dialogues[kept]))


def _ends(clusters, statistic, replicates, seed):
    """The interval of one round by itself, None where it has too few dialogues."""
    if _value(statistic, clusters) is None:
        return None
    return ends_of(interval(clusters, statistic, replicates, seed)[0])


def _value(statistic, clusters):
    value = float(statistic(clusters.total)) if len(clusters.sums) else float("nan")
    return None if np.isnan(value) else value


def _holm(rows):
    """Correct the p values of the rows for their number (Holm 1979)."""
    # statsmodels takes over a second to import, which pages of comparisons need not pay
    from statsmodels.stats.multitest import multipletests

    tested = [row for row in rows if row.get("p") is not None]
    if tested:
        corrected = multipletests([row["p"] for row in tested], method="holm")[1]
        for row, p in zip(tested, corrected, strict=True):
            row["holm"] = float(p)
