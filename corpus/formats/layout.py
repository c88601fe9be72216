"""Plain: tables with one row an utterance, read after a Layout that says what each column is."""

import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import gettext_noop
from core.normalization import normalized
from corpus import tabular
from corpus.encoding import decodes
from corpus.formats import FormatError, Row, Table
from corpus.problems import Problem
from corpus.spreadsheets import PUBLISHED

SPLITS = {"train": "train", "dev": "valid", "valid": "valid", "test": "test"}
TIME = re.compile(r"(\d+):([0-5]\d):([0-5]\d)[,.](\d{3})")
RUN_TOGETHER = re.compile(r"(\d\d):([0-5]\d):([0-5]\d)(\d{3})")
NO_LABEL = gettext_noop("the row has no label in any column")
BLANK = gettext_noop("the row is blank")
LONGEST = 600.0  # seconds that an utterance may last

Cells = Mapping[str, str]
Found = Callable[..., None]  # (outcome, column, reason, **details)


def same(*values: str) -> dict[str, str]:
    """Their values -> ours, where both are the same."""
    return {value: value for value in values}


@dataclass(frozen=True)
class Layout:
    """The columns of a published table. `dialogue` and `uid` may combine several columns."""

    name: str
    text: str
    speaker: str
    dialogue: Callable[[Cells, str], str]  # cells and split -> id of the dialogue
    uid: Callable[[Cells, str], str]
    tasks: Mapping[str, tuple[str, Mapping[str, str]]]  # column -> task, their value -> ours
    columns: tuple[str, ...] = ()  # others that must be there
    start: str = ""
    end: str = ""
    from_episode: bool = False  # times count from the episode's start, not the dialogue's
    split: str = ""  # a column that names the split; else the file's name does
    traits: Mapping[str, str] = field(default_factory=dict)  # column -> trait of the speaker
    repairs: Mapping[tuple[str, str], str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)  # misspelt header -> header
    strict_uid: bool = False  # a uid starts with its dialogue's id and `_U_`
    encodings: tuple[str, ...] = ()  # tried in this order; found by a library where none is named

    @property
    def required(self) -> list[str]:
        times = [name for name in (self.start, self.end, self.split) if name]
        return [*self.columns, self.text, self.speaker, *times, *self.tasks]


def has_column(path: Path, names: Collection[str], encodings: tuple[str, ...] = ()) -> bool:
    """Whether a file is a table with a column of one of these names; no more is read of a text
    file than tells.
    """
    try:
        columns = _read_table(path, names, encodings, only_header=True).columns
    except tabular.TableError:
        return False
    return not {_folded(name) for name in names}.isdisjoint(map(_folded, columns))


def missing_columns(columns: Collection[str], layout: Layout) -> list[str]:
    """The names of a layout that none of the columns has."""
    there = {_folded(layout.aliases.get(name, name)) for name in columns}
    return [name for name in layout.required if _folded(name) not in there]


def table_of(path: Path, layout: Layout) -> tabular.Table:
    """The cells of a file. Raises FormatError if it lacks a column of the layout, or rows."""
    try:
        found = _read_table(path, layout.required, layout.encodings)
    except tabular.TableError as error:
        raise FormatError(
            gettext_noop(
                "%(file)s: %(why)s Expected a table of %(format)s with the columns %(columns)s."
            ),
            file=path.name,
            why=str(error),
            format=layout.name,
            columns=", ".join(layout.required),
        ) from error
    name_of = names_of(found, layout)
    missing = [name for name in layout.required if name not in name_of]
    if missing:
        raise FormatError(
            gettext_noop(
                "%(file)s, line 1: not a table of %(format)s. Expected the columns %(columns)s;"
                " missing: %(missing)s."
            ),
            file=path.name,
            format=layout.name,
            columns=", ".join(layout.required),
            missing=", ".join(missing),
        )
    twice = [name for name in layout.required if name_of[name] in found.repeated]
    if twice:
        raise FormatError(
            gettext_noop("%(file)s, line 1: the column %(column)s stands twice."),
            file=path.name,
            column=twice[0],
        )
    try:
        found.require_rows()
    except tabular.TableError as error:
        raise FormatError("%(file)s: %(why)s", file=path.name, why=str(error)) from error
    return found


def read(path: Path, layout: Layout) -> Table:
    """The utterances and labels of one file. Raises FormatError if it has another layout."""
    found = table_of(path, layout)
    name_of = names_of(found, layout)
    split = next((s for key, s in SPLITS.items() if key in path.stem.lower()), "")
    used = {*layout.required, *layout.traits}
    given = {column: name for name, column in name_of.items()}
    table = Table(
        split=split,
        problems=list(found.problems),
        values={task: tuple(dict.fromkeys(ours.values())) for task, ours in layout.tasks.values()},
        ignored=[name for name in found.columns if given.get(name, name) not in used],
    )
    names = [given.get(name, name) for name in found.columns]
    seen: set[str] = set()
    known: dict[tuple[str, ...], dict[str, str]] = {}
    for row in found.rows:
        cells = dict(zip(names, map(str.strip, row.cells.values()), strict=True))
        _read_row(table, layout, row.line, cells, seen, known)
    table.problems.sort(key=lambda problem: problem.line)
    if layout.from_episode:
        _count_from_the_dialogue(table)
    return table


def _read_table(
    path: Path,
    expected: Collection[str],
    encodings: tuple[str, ...],
    only_header: bool = False,
) -> tabular.Table:
    data = path.read_bytes()
    encoding = next((name for name in encodings if decodes(data, name)), "")
    return tabular.read(
        path.name,
        data,
        encoding=encoding,
        expected=expected,
        limits=PUBLISHED,
        only_header=only_header,
    )


def names_of(found: tabular.Table, layout: Layout) -> dict[str, str]:
    """Name in the layout -> column of the file, which may differ in case, spaces and arrows."""
    columns = {_folded(layout.aliases.get(name, name)): name for name in reversed(found.columns)}
    known = (*layout.required, *layout.traits)
    return {name: columns[_folded(name)] for name in known if _folded(name) in columns}


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", normalized(name).replace("->", "→"))


def _read_row(
    table: Table,
    layout: Layout,
    line: int,
    cells: Cells,
    seen: set[str],
    known: dict[tuple[str, ...], dict[str, str]],
) -> None:
    """Add the row of a line to the table. `seen` are the ids before it, `known` the labels of cells
    in which nothing was odd.
    """

    def found(outcome: str, column: str, reason: str, **details: str) -> None:
        value = cells.get(column, "")
        table.problems.append(Problem(line, column, value, outcome, reason, details))

    raw = tuple([cells[column] for column in layout.tasks])
    if not any(raw):
        table.unlabelled += 1
        if any(cells.values()):
            found("rejected", "", NO_LABEL)
        else:
            found("rejected", "", BLANK)
        return
    split = table.split
    if layout.split:
        split = SPLITS.get(cells[layout.split].lower(), "")
        if not split:
            unknown = gettext_noop("expected one of %(values)s")
            found("rejected", layout.split, unknown, values=", ".join(SPLITS))
    dialogue, uid = layout.dialogue(cells, split), layout.uid(cells, split)
    if not uid or not dialogue or not cells[layout.text]:
        lacks = gettext_noop("the row lacks its dialogue, its id or its text")
        found("rejected", layout.text, lacks)
        return
    if uid in seen:
        twice = gettext_noop("the id %(id)s stands twice; the first row was kept")
        found("rejected", "", twice, id=uid)
        return
    seen.add(uid)
    if layout.strict_uid and not uid.startswith(f"{dialogue}_U_"):
        stays = gettext_noop("does not name its dialogue; the row stays in dialogue %(dialogue)s")
        found("repaired", layout.columns[-1], stays, dialogue=dialogue)
    start, end = _times(layout, cells, found)
    speaker = cells[layout.speaker]
    traits = {trait: cells[column] for column, trait in layout.traits.items() if cells.get(column)}
    if speaker and traits:
        table.speakers.setdefault(speaker, traits)
    labels = known.get(raw)
    if labels is None:
        odd = len(table.problems)
        labels = _labels(layout, cells, found)
        labels = table.combinations.setdefault(tuple(labels.items()), labels)
        if len(table.problems) == odd:
            known[raw] = labels
    dialogue, speaker, split = map(sys.intern, (dialogue, speaker, split))
    row = Row(line, dialogue, uid, speaker, cells[layout.text], start, end, labels, split)
    table.rows.append(row)


def _times(layout: Layout, cells: Cells, found: Found) -> tuple[float | None, float | None]:
    if not layout.start:
        return None, None
    start, end = (_time(column, cells[column], found) for column in (layout.start, layout.end))
    if start is not None and end is not None and end <= start:
        early = gettext_noop("the utterance does not end after its start %(start)s")
        found("rejected", layout.end, early, start=cells[layout.start])
        end = None
    elif start is not None and end is not None and end - start > LONGEST:
        long = gettext_noop("an utterance does not last %(seconds)s seconds")
        found("rejected", layout.end, long, seconds=str(round(end - start)))
        end = None
    return start, end


def _labels(layout: Layout, cells: Cells, found: Found) -> dict[str, str]:
    labels = {}
    for column, (task, values) in layout.tasks.items():
        raw = cells[column]
        if (column, raw) in layout.repairs:
            labels[task] = layout.repairs[column, raw]
            found("repaired", column, gettext_noop("read as %(value)s"), value=labels[task])
        elif raw in values:
            labels[task] = values[raw]
        elif (near := _near(raw, values)) is not None:
            labels[task] = values[near]
            found("repaired", column, gettext_noop("read as %(value)s"), value=labels[task])
        elif raw:
            expected = gettext_noop("expected one of %(values)s")
            found("rejected", column, expected, values=", ".join(values))
        else:
            found("rejected", column, gettext_noop("the cell is empty"))
    return labels


def _near(raw: str, values: Mapping[str, str]) -> str | None:
    """The value that differs in case, width, spaces or a number's writing only, if it is one."""
    number = tabular.number(raw)
    if number is not None:
        found = [value for value in values if tabular.number(value) == number]
    else:
        found = [value for value in values if raw and _folded(value) == _folded(raw)]
    return found[0] if len(found) == 1 else None


def _time(column: str, raw: str, found: Found) -> float | None:
    """Seconds; a stray `>` or a missing comma is repaired, anything else is unknown (None)."""
    exact = TIME.fullmatch(raw)
    tidy = raw.strip("<> ")
    parts = exact or TIME.fullmatch(tidy) or RUN_TOGETHER.fullmatch(tidy)
    if not parts:
        found("rejected", column, gettext_noop("expected a time such as 00:00:17,610"))
        return None
    hours, minutes, seconds, milliseconds = map(int, parts.groups())
    value = hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
    if not exact:
        found("repaired", column, gettext_noop("read as %(value)s"), value=f"{value:.3f} s")
    return value


def _count_from_the_dialogue(table: Table) -> None:
    """Shift times so that each dialogue's first utterance starts at 0."""
    zero = {
        dialogue: min((row.start for row in rows if row.start is not None), default=0.0)
        for dialogue, rows in table.dialogues.items()
    }
    table.rows[:] = [row.shifted(-zero[row.dialogue]) for row in table.rows]
