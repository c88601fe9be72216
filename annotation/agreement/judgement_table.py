"""Plain: a table of judgements in a file, read as numbers in long form.

The table has the columns unit, annotator and value, and may have cluster (such as the dialogue of
an utterance); a line is one judgement. Units are matched by name, never by place. What is merged,
missing or doubtful is said in `notes`; a line that cannot be used refuses the file.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

import numpy as np

from annotation.agreement.unit_sums import Judgements, Numbers
from core.normalization import INVISIBLE, normalized
from corpus import spreadsheets, tabular
from corpus.problems import Problem

NEEDED = ("unit", "annotator", "value")
CLUSTER = "cluster"
EXAMPLE = """unit,annotator,value
u1,anna,positive
u1,ben,neutral"""
# What software writes for "no answer": pandas' list without the numbers, MySQL's \N. All cases.
MISSING = frozenset(
    {"", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "#n/a n/a", "null", "nat", "\\n"}
)
PYTHONS_NONE = "None"
# No answer where all other values are numbers; where they are words it may be one of them.
PERHAPS_MISSING = frozenset({"none", "n.a.", "nil", "-", "--", "–", "—", "−", ".", "..", "?", "/"})
FLOATED = re.compile(r"([+-]?\d+)[.,]0+")  # an integer that software turned into a float
SHOWN = 10  # names or values in one sentence
ERRORS_SHOWN = 20
LIMITS = spreadsheets.Limits(50_000_000, 1024**3)  # cells; bytes of a spreadsheet when unpacked
Key = Callable[[str], Hashable]


class TableError(ValueError):
    """A table that cannot be used; the message says the lines and what was expected."""


@dataclass(frozen=True)
class Options:
    """How a table is read.

    `values` are all possible ones in their order. `missing` are the cells that count as no answer
    beside empty ones, None: MISSING and what it may mean among numbers. `numbers` takes 1 and 1.0
    as one value, `spellings` takes names and values as one that differ in width, case and invisible
    characters, `skip` computes without the lines that cannot be used.
    """

    values: Sequence[str] | None = None
    missing: Collection[str] | None = None
    numbers: bool = True
    spellings: bool = False
    skip: bool = False
    encoding: str = ""  # found where it is not named


@dataclass(frozen=True)
class Table:
    """Judgements as numbers, with the names that the numbers stand for; each unit has a judgement.

    `clusters` (U,) numbers the cluster of each unit, None where the table names none.
    `missing` says how often each cell occurs that was taken as no answer.
    """

    units: list[str]
    annotators: list[str]
    values: list[str]
    judgements: Judgements
    numeric: bool
    clusters: Numbers | None = None
    notes: list[Problem] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=dict)


def read(name: str, data: bytes, level: str, options: Options | None = None) -> Table:
    """The judgements in a file: CSV with any usual delimiter, JSON Lines or XLSX, by its name.

    Raises TableError for missing columns, for lines that cannot be used (unless `skip`), for values
    that do not fit the level of measurement, and where no judgement is left.
    """
    options = options or Options()
    try:
        found = tabular.read(
            name,
            data,
            encoding=options.encoding,
            expected=(*NEEDED, CLUSTER),
            limits=LIMITS,
        )
    except tabular.TableError as error:
        raise TableError(str(error)) from error
    return _Reader(found, level, options).table()


def sentence(problem: Problem) -> str:
    """A problem in words, with its line where it has one."""
    words = problem.reason % problem.details if problem.details else problem.reason
    return f"line {problem.line}: {words}" if problem.line else words


class _Reader:
    """One table while it is read: its cells by column, and what is to be said of them."""

    def __init__(self, found: tabular.Table, level: str, options: Options) -> None:
        self.level, self.options = level, options
        self.notes = [p for p in found.problems if p.outcome != "rejected"]
        self.errors = [p for p in found.problems if p.outcome == "rejected"]
        self.missing: dict[str, int] = {}
        if found.encoding not in ("utf-8", ""):
            self._note(0, "", f"read as {found.encoding}")
        columns = _columns(found)
        rows = [row for row in found.rows if any(row.cells[columns[name]] for name in NEEDED)]
        self.lines = [row.line for row in rows]
        self.cells = {
            name: self._stripped(name, [row.cells[column] for row in rows])
            for name, column in columns.items()
        }

    def table(self) -> Table:
        for column in self.cells:
            if column != "value":
                self._merge_names(column)
        self._find_unnamed()
        kept = self._answered()
        values, points = self._merge_values(kept)
        place = {value: number for number, value in enumerate(values)}
        kept = self._once([row for row in kept if self.cells["value"][row] in place])
        units, unit = _numbered([self.cells["unit"][row] for row in kept])
        clusters = self._clusters(units)
        if self.errors and not self.options.skip:
            raise TableError(_all(self.errors))
        if not kept:
            raise TableError("the table has no judgement")
        annotators, annotator = _numbered([self.cells["annotator"][row] for row in kept], True)
        judgements = Judgements(
            unit,
            annotator,
            np.array([place[self.cells["value"][row]] for row in kept], np.int64),
            len(units),
            len(annotators),
            np.array(range(len(values)) if points is None else points, float),
        )
        notes = self.notes + self.errors
        numeric = points is not None
        return Table(
            units, annotators, values, judgements, numeric, clusters, notes, self.missing
        )  # fmt: skip

    def _note(self, line: int, column: str, words: str, outcome: str = "warning") -> None:
        self.notes.append(Problem(line, column, "", outcome, words))

    def _error(self, row: int, column: str, words: str) -> None:
        value = self.cells[column][row]
        self.errors.append(Problem(self.lines[row], column, value, "rejected", words))

    def _line_of(self, column: str, names: Collection[str]) -> int:
        """The first line where a column has one of these."""
        cells = self.cells[column]
        return next(line for line, cell in zip(self.lines, cells, strict=True) if cell in names)

    def _stripped(self, column: str, cells: list[str]) -> list[str]:
        """White space and invisible characters around names and values go."""
        stripped = [_strip(cell) for cell in cells]
        changed = [row for row, cell in enumerate(stripped) if cell and cell != cells[row]]
        if changed:
            words = f"{column}: spaces around cells were removed: {len(changed)}×"
            self._note(self.lines[changed[0]], column, words, "repaired")
        return stripped

    def _merge_names(self, column: str) -> None:
        times = Counter(filter(None, self.cells[column]))
        numeric = all(number(name) is not None for name in times)
        into = self._merged(column, times, *self._keys(numeric and self.options.numbers))
        self.cells[column] = [into.get(cell, cell) for cell in self.cells[column]]

    def _keys(self, floats: bool) -> tuple[Key, Key]:
        """By which names are one, and by which they may be meant to be one."""

        def strict(name: str) -> Hashable:
            name = normalized(name) if self.options.spellings else name
            return FLOATED.sub(r"\1", name) if floats else name

        return strict, lambda name: FLOATED.sub(r"\1", normalized(name))

    def _merged(
        self,
        column: str,
        times: Mapping[str, int],
        strict: Key,
        loose: Key,
        wanted: Sequence[str] = (),
    ) -> dict[str, str]:
        """Each name -> the one it is taken as: of those that are one by `strict` the shortest, then
        the commonest, or the one that is wanted. What is merged or may be meant as one is said.
        """
        groups, kept_by = _grouped([*wanted, *times], strict), {strict(v): v for v in wanted}
        into: dict[str, str] = {}
        merged = []
        for key, group in groups.items():
            shortest = min(group, key=lambda name: (len(name), -times.get(name, 0)))
            into |= dict.fromkeys(group, kept_by.get(key, shortest))
            if len(group) > 1 and any(name in times and into[name] != name for name in group):
                found = (f"{_shown(name)} ({times.get(name, 0)}×)" for name in group)
                merged.append(" and ".join(found))
        if merged:
            changed = {name for name in times if into[name] != name}
            words = f"{column}: taken as one: {_listed(merged)}"
            self._note(self._line_of(column, changed), column, words, "repaired")
        apart = _grouped(dict.fromkeys(into[name] for name in [*wanted, *times]), loose).values()
        self._doubt(column, [group for group in apart if len(group) > 1])
        return into

    def _doubt(self, column: str, apart: Sequence[list[str]]) -> None:
        if apart:
            words = _listed([" and ".join(map(_shown, group)) for group in apart])
            spelled = any(len(set(map(normalized, group))) < len(group) for group in apart)
            hint = "; --merge-spellings takes what differs in width, case or marks as one"
            said = f"{column}: {words} are apart{hint if spelled else ''}"
            names = {name for group in apart for name in group[1:]}
            occurring = names & set(self.cells[column])
            self._note(self._line_of(column, occurring) if occurring else 0, column, said)

    def _find_unnamed(self) -> None:
        for column in ("unit", "annotator"):
            for row, cell in enumerate(self.cells[column]):
                if not cell:
                    self._error(row, column, f"no {column}")

    def _answered(self) -> list[int]:
        """The rows that have an answer, a unit and an annotator."""
        values = self.cells["value"]
        missing = self._missing(set(values) - set(self.options.values or ()))
        absent = Counter(value for value in values if value in missing)
        self.missing = dict(absent)
        if absent:
            said = (f"{_shown(value) if value else 'empty'} {n}×" for value, n in absent.items())
            words = f"missing answers: {absent.total()} ({', '.join(said)})"
            self._note(self._line_of("value", absent), "value", words)
        names = zip(self.cells["unit"], self.cells["annotator"], values, strict=True)
        return [
            row for row, (unit, who, value) in enumerate(names)
            if unit and who and value not in missing
        ]  # fmt: skip

    def _missing(self, values: set[str]) -> set[str]:
        if self.options.missing is not None:
            return {value for value in values if value in self.options.missing or not value}
        found = {v for v in values if v.casefold() in MISSING or v == PYTHONS_NONE}
        perhaps = {v for v in values - found if v.casefold() in PERHAPS_MISSING}
        others = values - found - perhaps | set(self.options.values or ())
        if others and all(number(value) is not None for value in others):
            return found | perhaps
        for value in sorted(perhaps):
            every = ",".join([*sorted(filter(None, found)), value])
            words = f"{_shown(value)} is counted as a value; if it is no answer, say"
            self._note(self._line_of("value", {value}), "value", f"{words} --missing={every}")
        return found

    def _merge_values(self, kept: Sequence[int]) -> tuple[list[str], list[float] | None]:
        """The values in their order, and as numbers where all are numbers; others are errors."""
        wanted = list(self.options.values or ())
        cells = self.cells["value"]
        times = Counter(cells[row] for row in kept)
        wrong = self._wrong([*times, *wanted])
        refused = [words for value, words in wrong.items() if value in wanted]
        times = Counter({value: n for value, n in times.items() if value not in wrong})
        numeric = all(number(value) is not None for value in [*times, *wanted])
        strict, loose = self._value_keys(numeric)
        refused += [
            f"{' and '.join(map(_shown, group))} are one"
            for group in _grouped(wanted, strict).values()
            if len(group) > 1
        ]
        if refused or len(set(wanted)) < len(wanted):
            raise TableError(f"--values: {_listed(refused) or 'a value stands there twice'}")
        into = self._merged("value", times, strict, loose, wanted)
        self.cells["value"] = cells = [into.get(cell, cell) for cell in cells]
        found = wanted or sorted(set(into.values()))
        if numeric:
            self._say_commas(times)
            found = wanted or sorted(found, key=lambda value: (_decimal(value), len(value), value))
        known = set(found)
        for row in kept:
            value = cells[row]
            if value in wrong:
                self._error(row, "value", wrong[value])
            elif value not in known:
                self._error(row, "value", f"{_shown(value)} is not one of {', '.join(wanted)}")
        if self.level == "ordinal" and not numeric and not wanted:
            raise TableError(self._no_order(found))
        points = [float(_decimal(value)) for value in found] if numeric else []
        return found, points if np.isfinite(points).all() and numeric else None

    def _wrong(self, values: Iterable[str]) -> dict[str, str]:
        """Values that an interval or ratio scale cannot have -> why."""
        if self.level not in ("interval", "ratio"):
            return {}
        found = {}
        scale = {"interval": "an interval scale", "ratio": "a ratio scale"}[self.level]
        for value in values:
            parsed = number(value)
            if parsed is None:
                found[value] = (
                    f"{_shown(value)} is no number, and the values of {scale} are numbers; if it is"
                    " no answer, name it with --missing"
                )
            elif not np.isfinite(float(parsed)):
                found[value] = f"{_shown(value)} is too large a number"
            elif self.level == "ratio" and parsed < 0:
                found[value] = f"{_shown(value)} is below zero, where a ratio scale begins"
        return found

    def _value_keys(self, numeric: bool) -> tuple[Key, Key]:
        if numeric and (self.level in ("interval", "ratio") or self._as_numbers):
            return _decimal, _decimal
        strict, loose = self._keys(numeric and self.options.numbers)
        return strict, _decimal if numeric else loose

    @property
    def _as_numbers(self) -> bool:
        return self.level == "ordinal" and self.options.numbers

    def _say_commas(self, times: Mapping[str, int]) -> None:
        commas = [value for value in times if "," in value]
        if not commas:
            return
        doubt = all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", value) for value in commas)
        words = f"the comma in {_listed(list(map(_shown, commas)))} is read as decimal point"
        words += "; take it out if it parts thousands" if doubt else ""
        if self.level != "nominal":
            self._note(0, "value", f"value: {words}")

    def _no_order(self, found: Sequence[str]) -> str:
        words = [value for value in found if number(value) is None]
        if len(words) < len(found):
            line, named = self._line_of("value", words), _listed(list(map(_shown, words)))
            return (
                f"line {line}: not all values are numbers: {named}. Say the order of all with"
                " --values a,b,c, or name what is no answer with --missing"
            )
        return f"say the order of {_listed(found)} with --values a,b,c"

    def _once(self, kept: Sequence[int]) -> list[int]:
        """The rows without those in which the same annotator judges the same unit again."""
        first: dict[tuple[str, str], int] = {}
        once = []
        for row in kept:
            unit, who = self.cells["unit"][row], self.cells["annotator"][row]
            before = first.setdefault((unit, who), row)
            if before == row:
                once.append(row)
            else:
                words = f"{_shown(who)} judged {_shown(unit)} before, in line {self.lines[before]}"
                self._error(row, "annotator", words)
        return once

    def _clusters(self, units: Sequence[str]) -> Numbers | None:
        """The number of the cluster of each unit, (U,); None where none is named."""
        cells = self.cells.get(CLUSTER, [])
        if not any(cells):
            return None
        cluster: dict[str, tuple[str, int]] = {}
        for row, (name, found) in enumerate(zip(self.cells["unit"], cells, strict=True)):
            if not found or not name:
                continue
            before, at = cluster.setdefault(name, (found, row))
            if before != found:
                words = (
                    f"unit {_shown(name)} is in cluster {_shown(found)} and in {_shown(before)}"
                    f" (line {self.lines[at]})"
                )
                self._error(row, CLUSTER, words)
        for row, name in enumerate(self.cells["unit"]):
            if name and name not in cluster:
                self._error(row, CLUSTER, f"unit {_shown(name)} has no cluster, and others have")
                cluster[name] = (f"without cluster: {name}", row)
        return _numbered([cluster[name][0] for name in units])[1]


def _columns(found: tabular.Table) -> dict[str, str]:
    """The names that we know -> the columns that are called so, whatever their case."""
    columns: dict[str, str] = {}
    for column in found.columns:
        columns.setdefault(normalized(column), column)
    absent = [name for name in NEEDED if name not in columns]
    if absent:
        raise TableError(
            f"line 1: no column {', '.join(absent)}; found {_listed(found.columns)}.\n"
            "Each line is one judgement, also where a unit has several:\n" + EXAMPLE
        )
    known = [name for name in map(normalized, found.repeated) if name in (*NEEDED, CLUSTER)]
    if known:
        raise TableError(f"line 1: more than one column is called {', '.join(known)}")
    return {name: columns[name] for name in (*NEEDED, CLUSTER) if name in columns}


def number(value: str) -> Decimal | None:
    """A finite number as it is written, with a point or a comma; None for anything else."""
    return _number(value)


@lru_cache(100_000)
def _number(value: str) -> Decimal | None:
    plain = unicodedata.normalize("NFKC", value).replace("−", "-")
    found = tabular.NUMBER.fullmatch(plain)
    return Decimal(plain.replace(",", ".")) if found else None


def _decimal(value: str) -> Decimal:
    found = number(value)
    assert found is not None
    return found


@lru_cache(100_000)
def _strip(cell: str) -> str:
    before = None
    while cell != before:
        before, cell = cell, cell.strip()
        cell = cell.removesuffix(last[0]) if (last := INVISIBLE.search(cell[-1:])) else cell
        cell = cell.removeprefix(first[0]) if (first := INVISIBLE.search(cell[:1])) else cell
    return cell


def _grouped(names: Iterable[str], key: Key) -> dict[Hashable, list[str]]:
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        groups[key(name)].append(name)
    return groups


def _numbered(names: Sequence[str], in_order: bool = False) -> tuple[list[str], Numbers]:
    """The distinct names, by first appearance or sorted, and the number of each, (N,)."""
    distinct = sorted(set(names)) if in_order else list(dict.fromkeys(names))
    place = {name: number for number, name in enumerate(distinct)}
    return distinct, np.array([place[name] for name in names], np.int64)


def _shown(name: str) -> str:
    """A name in quotes, with what cannot be seen as its code."""
    return INVISIBLE.sub(lambda found: ascii(found[0])[1:-1], f"'{name}'")


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


def _all(errors: Sequence[Problem]) -> str:
    ordered = sorted(errors, key=lambda error: error.line)
    lines = [sentence(error) for error in ordered[:ERRORS_SHOWN]]
    if len(ordered) > ERRORS_SHOWN:
        lines.append(f"and {len(ordered) - ERRORS_SHOWN} lines more")
    return "\n".join(lines)
