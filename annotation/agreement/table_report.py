"""Plain: agreement of a table of judgements in a file, as `python -m annotation.agreement`.

The file is CSV (comma, semicolon or tab), JSON Lines or XLSX with the columns unit, annotator and
value, and may have cluster (such as the dialogue of an utterance) for intervals. A line is one
judgement. What was merged, missing or doubtful is said; lines that cannot be used refuse the file.
"""

import argparse
import csv
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import orjson
from numpy.typing import NDArray

from annotation.agreement import pairwise, unit_sums
from annotation.agreement.bootstrap import (
    FEW_CLUSTERS,
    FEW_DEFINED,
    METHODS,
    MIN_CLUSTERS,
    REPLICATES,
    Clusters,
    Interval,
    interval,
)
from annotation.agreement.coefficients import (
    LEVELS,
    NO_CHANCE,
    NO_PAIRS,
    ONE_VALUE,
    Counts,
    coefficient_row,
    coefficients,
    reading,
)
from annotation.agreement.judgement_table import Options, Table, TableError, read, sentence
from annotation.agreement.unit_sums import (
    AT_ONCE,
    MOST,
    ONE_UNIT,
    TOO_MANY_VALUES,
    Numbers,
    UnitSums,
)

UNUSED = "unused"  # a value that no unit with two judgements has
MOST_REPLICATES = 100_000
MOST_CLASSES = 50  # values that are told one by one
MOST_VALUES_OF_PAIRS = 100  # a kappa of more values is a table of each pair that nobody can use
MOST_PAIRS = 1_000_000
NOTES_SHOWN = 20
REASONS = {
    NO_PAIRS: "no unit has two judgements",
    ONE_VALUE: "all judgements are the same",
    NO_CHANCE: "chance alone would agree perfectly",
    ONE_UNIT: "there is one unit only",
    TOO_MANY_VALUES: "too many different values",
    pairwise.INCOMPLETE: "not every annotator judged every unit",
    UNUSED: "in no unit with two judgements",
    FEW_CLUSTERS: f"fewer than {MIN_CLUSTERS} clusters with two judgements of a unit",
    FEW_DEFINED: "undefined in most samples",
}
Coefficient = Callable[[UnitSums], Counts]


def report(
    table: Table,
    level: str,
    replicates: int = REPLICATES,
    seed: int = 0,
    method: str = "percentile",
) -> dict[str, Any]:
    """Every coefficient that fits the level, with intervals where the table names clusters."""
    given = table.judgements
    found: dict[str, Any] = {
        "units": int((given.sizes > 1).sum()),
        "judgements": int(given.paired.sum()),
        "annotators": given.annotators,
        "scale": level,
        "missing": table.missing,
        "notes": [asdict(note) | {"words": sentence(note)} for note in table.notes],
        "coefficients": _points(table, level),
        "classes": {},
    }
    if table.clusters is not None:
        ends = _intervals(table, level, replicates, seed, method)
        for name, row in found["coefficients"].items():
            if row["value"] is not None:
                row |= ends[name]
        found["bootstrap"] = {
            "clusters": int(table.clusters.max()) + 1,
            "replicates": replicates,
            "seed": seed,
            "method": method,
        }
    found["coefficients"] |= _complete_icc(table, level)
    if len(table.values) <= MOST_CLASSES:
        alphas = unit_sums.class_alphas(given)
        why = unit_sums.why_undefined(given)
        why = UNUSED if why == NO_CHANCE else why
        pairs = zip(table.values, alphas, strict=True)
        found["classes"] = {value: coefficient_row(float(one), why) for value, one in pairs}
    return found


def _points(table: Table, level: str) -> dict[str, dict[str, Any]]:
    """The coefficients of the whole table, name -> value or the reason why there is none."""
    given = table.judgements
    if level == "ratio" and given.values > unit_sums.MOST_IN_RATIO:
        skipped = {"alpha": coefficient_row(float("nan"), TOO_MANY_VALUES)}
    else:
        skipped = {}
    sums = unit_sums.unit_sums(given, ratio=level == "ratio" and not skipped)
    found = {}
    for name, coefficient in _sum_coefficients(table, level).items():
        if name in skipped:
            found[name] = skipped[name]
            continue
        if name == "alpha" and level == "ordinal":
            value = unit_sums.alpha_interval(_as_ranks(table))
        else:
            value = coefficient(sums)
        found[name] = coefficient_row(float(value), unit_sums.why_undefined(given, name))
    return found


def _as_ranks(table: Table) -> UnitSums:
    ranks = unit_sums.ordinal_points(table.judgements)
    return unit_sums.unit_sums(replace(table.judgements, points=ranks))


def _sum_coefficients(table: Table, level: str) -> dict[str, Coefficient]:
    """`coefficients` by sums over units."""
    alphas: dict[str, Coefficient] = {
        "nominal": unit_sums.alpha_nominal,
        "ordinal": unit_sums.alpha_ordinal,
        "interval": unit_sums.alpha_interval,
        "ratio": partial(unit_sums.alpha_ratio, points=table.judgements.points),
    }
    known: dict[str, Coefficient] = {
        "raw": unit_sums.raw,
        "alpha": alphas[level],
        "fleiss": unit_sums.fleiss,
        "ac1": unit_sums.gwet,
        "ac2": partial(unit_sums.gwet, quadratic=True),
        "alpha_nominal": unit_sums.alpha_nominal,
        "alpha_interval": unit_sums.alpha_interval,
        "icc1": unit_sums.icc,
    }
    return {name: known[name] for name in coefficients(level)}


def _intervals(
    table: Table, level: str, replicates: int, seed: int, method: str
) -> dict[str, dict[str, Any]]:
    """The ends of each coefficient's interval, or the reason why it has none."""
    given, clusters = table.judgements, table.clusters
    assert clusters is not None
    rows = max(replicates, int(clusters.max()) + 1)
    by_value = rows * 2 * given.values <= MOST
    pairs = level == "ordinal" and by_value and rows * given.values * (given.values + 1) <= 2 * MOST
    ratio = level == "ratio" and given.values**2 <= AT_ONCE
    sums = unit_sums.unit_sums(given, clusters, by_value, pairs, ratio)
    compared = np.zeros(len(sums.packed), bool)
    compared[clusters[given.sizes > 1]] = True
    drawn = Clusters(sums.packed, compared=compared)
    samples = None if drawn.are_few else drawn.replicates(replicates, seed)
    plain = {"raw", "alpha_interval", "icc1", *(["alpha"] if level == "interval" else [])}
    found = {}
    for name, coefficient in _sum_coefficients(table, level).items():
        fits = name in plain or by_value
        if name == "alpha" and level in ("ordinal", "ratio"):
            fits = pairs if level == "ordinal" else ratio and by_value
        if not fits:
            found[name] = {"low": None, "high": None, "no_interval": TOO_MANY_VALUES}
            continue
        statistic = partial(_of_packed, coefficient, sums)
        ends = interval(drawn, statistic, replicates, seed, method, samples)[0]
        found[name] = _ends(ends)
    return found


def _of_packed(coefficient: Coefficient, shape: UnitSums, flat: Counts) -> Counts:
    return coefficient(shape.unpacked(flat))


def _complete_icc(table: Table, level: str) -> dict[str, dict[str, Any]]:
    """ICC(2,1) and ICC(3,1) of numbers, where every annotator judged every unit that was judged."""
    if level not in ("interval", "ratio"):
        return {}
    given = table.judgements
    outcomes: dict[str, float | str] = dict.fromkeys(("icc2", "icc3"), pairwise.INCOMPLETE)
    if len(given.unit) == given.units * given.annotators:
        grid = np.empty((given.units, given.annotators))
        points = unit_sums.scaled(given.points, given.occurring)
        grid[given.unit, given.annotator] = points[given.value]
        outcomes = pairwise.complete_icc(grid)
    return {
        name: coefficient_row(outcome, "")
        if isinstance(outcome, float)
        else coefficient_row(float("nan"), outcome)
        for name, outcome in outcomes.items()
    }


def pairs_of(table: Table, level: str, least: int = 1) -> list[dict[str, Any]]:
    """The coefficients of every two annotators with `least` common units or more, by name.

    Raises TableError where the pairs are more than MOST_PAIRS, or the values too many for a kappa.
    """
    given = table.judgements
    if given.values > MOST_VALUES_OF_PAIRS:
        raise TableError(
            f"kappa of pairs compares values one by one; the table has {given.values} different"
            f" ones, and at most {MOST_VALUES_OF_PAIRS} are compared. Leave out --pairs"
        )
    parts, number = [], 0
    for pairs, counted in unit_sums.confusions(given):
        units = counted.sum(axis=(1, 2))
        enough = units >= least
        number += int(enough.sum())
        if number > MOST_PAIRS:
            raise TableError(
                f"more than {MOST_PAIRS:,} pairs of annotators have {least} common units or more;"
                f" ask for those with many, such as --min-common {10 * least}"
            )
        used = counted.sum(axis=1) + counted.sum(axis=2) > 0
        figures = pairwise.kappas(counted[enough], level)
        parts.append((pairs[enough], units[enough], used.sum(axis=1)[enough] < 2, figures))
    return [row for part in parts for row in _pair_rows(table.annotators, *part)]


def _pair_rows(
    names: Sequence[str],
    pairs: Numbers,
    units: Counts,
    same: NDArray[np.bool_],
    figures: dict[str, Counts],
) -> Iterator[dict[str, Any]]:
    whole = units.astype(int).tolist()
    columns = {name: values.tolist() for name, values in figures.items()}
    for place, (a, b) in enumerate(pairs.tolist()):
        row: dict[str, Any] = {"annotators": [names[a], names[b]], "units": whole[place]}
        for name, values in columns.items():
            value = values[place]
            if value == value:
                row[name] = {"value": value, "undefined": ""}
            else:
                row[name] = coefficient_row(value, ONE_VALUE if same[place] else NO_CHANCE)
        yield row


def _ends(found: Interval) -> dict[str, Any]:
    """The ends of an interval, None and the reason where there are none."""
    row = {name: getattr(found, name) for name in ("low", "high", "defined", "method")}
    return row | {"no_interval": found.why} if found.why else row


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        _check(chosen)
        table = read(chosen.table.name, chosen.table.read_bytes(), chosen.scale, _options(chosen))
        found = report(table, chosen.scale, chosen.replicates, chosen.seed, chosen.interval)
        if chosen.pairs:
            found["pairs"] = pairs_of(table, chosen.scale, chosen.min_common)
    except (OSError, TableError) as error:
        words = error.strerror if isinstance(error, OSError) else str(error)
        sys.stderr.write("".join(f"{chosen.table}: {line}\n" for line in str(words).split("\n")))
        return 1
    try:
        _write(found, chosen.json)
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence instead of printing how the command is used."""

    def error(self, message: str) -> NoReturn:
        words = message.removeprefix("argument ").rstrip(".")
        self.exit(2, f"{words}. ({self.prog} --help says more.)\n")


def _parser() -> argparse.ArgumentParser:
    options = _Parser(prog="python -m annotation.agreement", description=__doc__)
    add = options.add_argument
    add("table", type=Path)
    add("--scale", choices=LEVELS, required=True)
    add("--values", help="all possible values in their order, with commas")
    add(
        "--missing",
        help="cells that are no answer, with commas, instead of NA, nan, null, None and the like;"
        ' empty ones always are; --missing "" for these alone',
    )
    add(
        "--no-merge-numbers",
        action="store_true",
        help="keep 1 and 1.0 apart on a nominal or ordinal scale",
    )
    add(
        "--merge-spellings",
        action="store_true",
        help="take names and values as one that differ in width, case or invisible characters",
    )
    add(
        "--skip-bad-lines",
        action="store_true",
        help="say which lines cannot be used and compute without them",
    )
    add("--encoding", default="", help="of the file, where it is not found: latin-1, shift_jis, …")
    add("--replicates", type=int, default=REPLICATES)
    add("--seed", type=int, default=0)
    add("--interval", choices=METHODS, default="percentile")
    add("--pairs", action="store_true", help="every two annotators who judged common units")
    add(
        "--min-common",
        type=int,
        default=1,
        metavar="N",
        help="of --pairs those with N common units",
    )
    add("--json", action="store_true")
    return options


def _check(chosen: argparse.Namespace) -> None:
    if not 1 <= chosen.replicates <= MOST_REPLICATES:
        raise TableError(f"--replicates is a number from 1 to {MOST_REPLICATES:,}")
    if chosen.seed < 0:
        raise TableError("--seed is a number from 0 on")
    if chosen.min_common < 1:
        raise TableError("--min-common is a number from 1 on")


def _options(chosen: argparse.Namespace) -> Options:
    return Options(
        values=None if chosen.values is None else _names("--values", chosen.values),
        missing=None if chosen.missing is None else [*_split(chosen.missing), ""],
        numbers=not chosen.no_merge_numbers,
        spellings=chosen.merge_spellings,
        skip=chosen.skip_bad_lines,
        encoding=chosen.encoding,
    )


def _names(option: str, words: str) -> list[str]:
    names = _split(words)
    if not all(names) or not names:
        raise TableError(f"{option}: expected values with commas between them; found {words!r}")
    return names


def _split(words: str) -> list[str]:
    """Values with commas between them; one that has a comma itself stands in quotes."""
    return [name.strip() for name in next(csv.reader([words], skipinitialspace=True), [])]


def _write(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        words = orjson.dumps(found, option=orjson.OPT_INDENT_2).decode()
    else:
        words = "\n".join(_lines(found))
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{found['units']} units with two judgements or more, {found['judgements']} judgements,"
        f" {found['annotators']} annotators"
    )
    yield from (f"note: {note['words']}" for note in _first(found["notes"]))
    for name, row in found["coefficients"].items():
        ends = f" [{row['low']:.3f}, {row['high']:.3f}]" if row.get("low") is not None else ""
        if row.get("no_interval"):
            ends = f" (no interval: {REASONS[row['no_interval']]})"
        word = f" ({reading(row['value'])})" if name == "alpha" and row["value"] is not None else ""
        yield f"{name:<16} {_figure(row)}{ends}{word}"
    for value, row in found["classes"].items():
        yield f"class {value:<10} {_figure(row)}"
    for row in found.get("pairs", []):
        names = " – ".join(row["annotators"])
        yield f"{names:<16} kappa {_figure(row['kappa'])}, {row['units']} units"


def _first(notes: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from notes[:NOTES_SHOWN]
    if len(notes) > NOTES_SHOWN:
        yield {"words": f"and {len(notes) - NOTES_SHOWN} more; --json has all"}


def _figure(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return f"undefined ({REASONS[row['undefined']]})"
    return f"{row['value']:.4f}"
