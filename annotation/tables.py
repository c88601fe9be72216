"""Plain: agreement of a table of judgements in a CSV file, as `python -m annotation.agreement`.

The table has the columns unit, annotator and value, and may have cluster (such as the dialogue of
an utterance). Units are matched by name, never by place. An empty value is a missing judgement.
"""

import argparse
import csv
import json
import sys
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from annotation import pairwise
from annotation.agreement import (
    LEVELS,
    Counts,
    alpha,
    class_alphas,
    count_values,
    fleiss,
    gwet,
    icc,
    pair_counts,
    raw,
    reading,
    why_undefined,
)  # fmt: skip
from annotation.resampling import METHODS, REPLICATES, Interval, interval, of_pairs, on

NEEDED = ("unit", "annotator", "value")


class TableError(ValueError):
    """A table that cannot be read; the message says the line and what was expected."""


@dataclass(frozen=True)
class Table:
    """Judgements as numbers: `grid` (units, annotators) of value numbers, -1 where missing."""

    units: list[str]
    annotators: list[str]
    values: list[str]
    grid: NDArray[np.int64]
    clusters: list[str] | None

    @property
    def counts(self) -> Counts:
        unit, annotator = np.nonzero(self.grid >= 0)
        return count_values(unit, self.grid[unit, annotator], len(self.units), len(self.values))

    @property
    def points(self) -> list[float] | None:
        """The values as numbers, None where one of them is none."""
        try:
            return [float(value) for value in self.values]
        except ValueError:
            return None


def read(lines: TextIO, values: list[str] | None = None) -> Table:
    """A table out of CSV; `values` in their order, sorted (as numbers if they are) where None.

    Raises TableError for missing columns, a second judgement of the same annotator on a unit, a
    unit in two clusters, or a value that is not among `values`.
    """
    rows = csv.DictReader(lines)
    names = rows.fieldnames or []
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise TableError(f"line 1: no column {', '.join(missing)}; found {', '.join(names)}")
    judged: dict[tuple[str, str], str] = {}
    cluster_of: dict[str, str] = {}
    for row in rows:
        line, unit, value = rows.line_num, row["unit"], (row["value"] or "").strip()
        if values and value and value not in values:
            raise TableError(f"line {line}: {value!r} is not one of {', '.join(values)}")
        cluster = row.get("cluster") or ""
        if cluster_of.setdefault(unit, cluster) != cluster:
            raise TableError(
                f"line {line}: unit {unit!r} is in cluster {cluster!r} and in {cluster_of[unit]!r}"
            )
        if not value:
            continue
        if (unit, row["annotator"]) in judged:
            raise TableError(f"line {line}: {row['annotator']!r} judged {unit!r} before")
        judged[unit, row["annotator"]] = value
    found = values or in_order(set(judged.values()))
    if not found:
        raise TableError("the table has no judgement")
    units, people = list(cluster_of), sorted({annotator for _, annotator in judged})
    unit_no = {unit: number for number, unit in enumerate(units)}
    person_no = {person: number for number, person in enumerate(people)}
    grid = np.full((len(units), len(people)), -1, dtype=np.int64)
    for (unit, person), value in judged.items():
        grid[unit_no[unit], person_no[person]] = found.index(value)
    clusters = list(cluster_of.values()) if "cluster" in names else None
    return Table(units, people, found, grid, clusters)


def in_order(values: set[str]) -> list[str]:
    """Values by size where all are numbers, else by name."""
    try:
        return sorted(values, key=float)
    except ValueError:
        return sorted(values)


def report(
    table: Table,
    level: str,
    replicates: int = REPLICATES,
    seed: int = 0,
    method: str = "percentile",
) -> dict[str, Any]:
    """Every coefficient that fits the level, with intervals where the table names clusters.

    Raises TableError for an interval or ratio scale over values that are no numbers.
    """
    points = table.points
    if level in ("interval", "ratio") and points is None:
        raise TableError(f"the values of an {level} scale are numbers; found {table.values}")
    pairs, clusters = pair_counts(table.counts), None
    shape = pairs
    if table.clusters is not None:
        _, numbers = np.unique(table.clusters, return_inverse=True)
        shape = pair_counts(table.counts, numbers)
        clusters = of_pairs(shape)
    found: dict[str, Any] = {
        "units": int(pairs.pairable),
        "judgements": int(pairs.judgements),
        "annotators": len(table.annotators),
        "scale": level,
        "coefficients": {},
    }
    for name, (coefficient, *more) in coefficients(level, points).items():
        value = float(coefficient(pairs, *more))
        row = told(value, why_undefined(pairs))
        if clusters is not None and not np.isnan(value):
            statistic = on(shape, coefficient, *more)
            row |= _ends(interval(clusters, statistic, replicates, seed, method)[0])
        found["coefficients"][name] = row
    found["classes"] = {
        value: told(float(one), why_undefined(pairs))
        for value, one in zip(table.values, class_alphas(pairs), strict=True)
    }
    found["pairs"] = [
        _pair(table, a, b, level) for a, b in combinations(range(len(table.annotators)), 2)
    ]
    if level in ("interval", "ratio"):
        numbers_of = np.array(points)
        grid = np.where(table.grid >= 0, numbers_of[table.grid], np.nan)
        for name, outcome in pairwise.complete_icc(grid).items():
            known = isinstance(outcome, float)
            found["coefficients"][name] = {
                "value": outcome if known else None,
                "undefined": "" if known else outcome,
            }
    if clusters is not None:
        found["bootstrap"] = {
            "clusters": clusters.number,
            "replicates": replicates,
            "seed": seed,
            "method": method,
        }
    return found


def coefficients(level: str, points: Any = None) -> dict[str, tuple[Any, ...]]:
    """The coefficients for any number of raters at a level: name -> function, its arguments."""
    chosen: dict[str, tuple[Any, ...]] = {
        "raw": (raw,),
        "alpha": (alpha, level, points),
        "fleiss": (fleiss,),
        "ac1": (gwet,),
    }
    if level != "nominal":
        chosen["ac2"] = (gwet, "quadratic")
        chosen["alpha_nominal"] = (alpha, "nominal")
        chosen["alpha_interval"] = (alpha, "interval", points)
    if level in ("interval", "ratio"):
        chosen["icc1"] = (icc, points)
    return chosen


def told(value: float, why: str) -> dict[str, Any]:
    """A value, or the reason why there is none."""
    defined = not np.isnan(value)
    return {"value": value if defined else None, "undefined": "" if defined else why}


def _ends(found: Interval) -> dict[str, Any]:
    row = asdict(found)
    return {name: row[name] for name in ("low", "high", "defined", "method")}


def _pair(table: Table, a: int, b: int, level: str) -> dict[str, Any]:
    counted = pairwise.confusion(table.grid[:, a], table.grid[:, b], len(table.values))
    return {
        "annotators": [table.annotators[a], table.annotators[b]],
        **kappas(counted, level),
    }


def kappas(counted: Counts, level: str) -> dict[str, Any]:
    """The coefficients of one pair of annotators from their confusion (V, V)."""
    why = pairwise.why_no_kappa(counted)
    row: dict[str, Any] = {"units": int(counted.sum())}
    row["agreement"] = told(float(pairwise.agreed(counted)), why)
    row["kappa"] = told(float(pairwise.cohen(counted)), why)
    row["scott"] = told(float(pairwise.scott(counted)), why)
    if level != "nominal":
        row["kappa_linear"] = told(float(pairwise.cohen(counted, "linear")), why)
        row["kappa_quadratic"] = told(float(pairwise.cohen(counted, "quadratic")), why)
    return row


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status."""
    options = argparse.ArgumentParser(prog="python -m annotation.agreement", description=__doc__)
    options.add_argument("table", type=Path)
    options.add_argument("--scale", choices=LEVELS, required=True)
    options.add_argument("--values", help="all possible values in their order, with commas")
    options.add_argument("--replicates", type=int, default=REPLICATES)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--interval", choices=METHODS, default="percentile")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args(arguments)
    values = chosen.values.split(",") if chosen.values else None
    try:
        with chosen.table.open(encoding="utf-8-sig", newline="") as lines:
            table = read(lines, values)
        if chosen.scale == "ordinal" and not values and table.points is None:
            raise TableError(f"say the order of {', '.join(table.values)} with --values a,b,c")
        found = report(table, chosen.scale, chosen.replicates, chosen.seed, chosen.interval)
    except (OSError, UnicodeError, TableError) as error:
        sys.stderr.write(f"{chosen.table}: {error}\n")
        return 1
    if chosen.json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(found)) + "\n")
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{found['units']} units with two judgements or more, {found['judgements']} judgements,"
        f" {found['annotators']} annotators"
    ]
    for name, row in found["coefficients"].items():
        ends = f" [{row['low']:.3f}, {row['high']:.3f}]" if row.get("low") is not None else ""
        word = f" ({reading(row['value'])})" if name == "alpha" and row["value"] is not None else ""
        lines.append(f"{name:<16} {_figure(row)}{ends}{word}")
    lines += [f"class {value:<10} {_figure(row)}" for value, row in found["classes"].items()]
    for row in found["pairs"]:
        names = " – ".join(row["annotators"])
        lines.append(f"{names:<16} kappa {_figure(row['kappa'])}, {row['units']} units")
    return lines


def _figure(row: dict[str, Any]) -> str:
    return f"undefined ({row['undefined']})" if row["value"] is None else f"{row['value']:.4f}"
