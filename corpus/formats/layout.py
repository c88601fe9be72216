"""Plain: tables with one row an utterance, read after a Layout that says what each column is."""

import csv
import io
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from corpus.complaints import gettext_noop
from corpus.encoding import EncodingError, decode
from corpus.formats import FormatError, Row, Table
from corpus.problems import Problem

SPLITS = {"train": "train", "dev": "valid", "valid": "valid", "test": "test"}
TIME = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{3})")
RUN_TOGETHER = re.compile(r"(\d\d):(\d\d):(\d\d)(\d{3})")

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

    @property
    def required(self) -> list[str]:
        times = [name for name in (self.start, self.end, self.split) if name]
        return [*self.columns, self.text, self.speaker, *times, *self.tasks]


def read(path: Path, layout: Layout, encoding: str = "") -> Table:
    """The utterances and labels of one file. Raises FormatError if it has another layout."""
    try:
        text = decode(path.read_bytes(), encoding)
    except EncodingError as error:
        raise FormatError("%(file)s: %(why)s", file=path.name, why=str(error)) from error
    lines = csv.reader(io.StringIO(text, newline=""))
    header = [layout.aliases.get(name, name) for name in next(lines, [])]
    missing = [name for name in layout.required if name not in header]
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
    split = next((s for key, s in SPLITS.items() if key in path.stem.lower()), "")
    used = {*layout.required, *layout.traits}
    table = Table(
        split=split,
        values={task: tuple(dict.fromkeys(ours.values())) for task, ours in layout.tasks.values()},
        ignored=[name for name in header if name not in used],
    )
    seen: set[str] = set()
    for values in lines:
        if values:
            cells = {n: v.strip() for n, v in zip(header, values, strict=False)}
            whole = len(values) == len(header)
            _read_row(table, layout, lines.line_num, whole, cells, seen)
    if layout.from_episode:
        _count_from_the_dialogue(table)
    return table


def _read_row(
    table: Table, layout: Layout, line: int, whole: bool, cells: Cells, seen: set[str]
) -> None:
    def found(outcome: str, column: str, reason: str, **details: str) -> None:
        value = cells.get(column, "")
        table.problems.append(Problem(line, column, value, outcome, reason, details))

    if not any(cells.get(column) for column in layout.tasks):
        table.unlabelled += 1
        if any(cells.values()):
            found("rejected", "", gettext_noop("the row has no label in any column"))
        else:
            found("rejected", "", gettext_noop("the row is blank"))
        return
    if not whole:
        found("rejected", "", gettext_noop("the row has more or fewer cells than the header"))
        return
    split = SPLITS.get(cells[layout.split].lower(), "") if layout.split else table.split
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
    labels = _labels(layout, cells, found)
    labels = table.combinations.setdefault(tuple(labels.items()), labels)
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
        elif raw:
            expected = gettext_noop("expected one of %(values)s")
            found("rejected", column, expected, values=", ".join(values))
        else:
            found("rejected", column, gettext_noop("the cell is empty"))
    return labels


def _time(column: str, raw: str, found: Found) -> float | None:
    """Seconds; a stray `>` or a missing comma is repaired, anything else is unknown (None)."""
    tidy = raw.strip("<> ")
    parts = TIME.fullmatch(tidy) or RUN_TOGETHER.fullmatch(tidy)
    if not parts:
        found("rejected", column, gettext_noop("expected a time such as 00:00:17,610"))
        return None
    hours, minutes, seconds, milliseconds = map(int, parts.groups())
    value = hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
    if not TIME.fullmatch(raw):
        found("repaired", column, gettext_noop("read as %(value)s"), value=f"{value:.3f} s")
    return value


def _count_from_the_dialogue(table: Table) -> None:
    """Shift times so that each dialogue's first utterance starts at 0."""
    zero = {
        dialogue: min((row.start for row in rows if row.start is not None), default=0.0)
        for dialogue, rows in table.dialogues.items()
    }
    table.rows[:] = [row.shifted(-zero[row.dialogue]) for row in table.rows]
