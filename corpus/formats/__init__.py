"""Plain: published corpora into our rows; one module a format, each with `read(path) -> Table`.

`FORMATS` names them. A reader guesses nothing: a cell is taken as it is, repaired where only one
reading is possible, or rejected, and the last two are reported by line. Columns that are not
imported are named.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from corpus.complaints import Complaint
from corpus.problems import Problem

FORMATS = ("cmma", "meld", "cped", "mustard", "chsims", "labelstudio", "shengqing")


class FormatError(Complaint):
    """A file that is not in the format it is said to be."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer of one of several annotators, in a round where the file names some."""

    annotator: str
    task: str
    value: str
    round: str = ""
    confidence: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One utterance: seconds from the start of its dialogue (None if unknown), task -> value.

    A file gives either settled `labels`, or what each annotator `judged` with `rulings` on it (an
    empty ruling says that it is truly ambiguous).
    """

    line: int
    dialogue: str
    uid: str
    speaker: str
    text: str
    start: float | None
    end: float | None
    labels: dict[str, str]
    split: str = ""
    translation: str = ""
    machine: bool = False
    judged: tuple[Judged, ...] = ()
    rulings: dict[str, str] = field(default_factory=dict)
    media: Path | None = None  # the dialogue's clip
    source: str = ""  # the episode, where the file names it

    def shifted(self, seconds: float) -> "Row":
        """The row with its times moved."""
        start, end = (
            None if time is None else round(time + seconds, 3) for time in (self.start, self.end)
        )
        return replace(self, start=start, end=end)


@dataclass
class Table:
    """What a file holds; rows of one dialogue stand together, in their order."""

    split: str = ""
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unlabelled: int = 0
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)  # task -> all it may hold
    ignored: list[str] = field(default_factory=list)  # columns that are not imported
    speakers: dict[str, dict[str, str]] = field(default_factory=dict)  # name -> traits
    combinations: dict[tuple[tuple[str, str], ...], dict[str, str]] = field(default_factory=dict)
    scheme: list[dict[str, Any]] | None = None  # tasks as a release writes them
    rules: list[dict[str, Any]] = field(default_factory=list)  # and the warnings across tasks
    rounds: dict[str, dict[str, Any]] = field(default_factory=dict)  # name -> how it was judged
    pseudonyms: bool = False  # whether speakers' names are pseudonyms

    @property
    def dialogues(self) -> dict[str, list[Row]]:
        """Rows by dialogue, in order of first appearance."""
        grouped: dict[str, list[Row]] = {}
        for row in self.rows:
            grouped.setdefault(row.dialogue, []).append(row)
        return grouped


def by_source(table: Table) -> dict[str, Table]:
    """The table in parts, one for each source that its rows name ("" where they name none)."""
    rows: dict[str, list[Row]] = {}
    for row in table.rows:
        rows.setdefault(row.source, []).append(row)
    if len(rows) < 2:
        return dict.fromkeys(rows, table) or {"": table}
    return {name: replace(table, rows=mine) for name, mine in rows.items()}


def reader(name: str) -> Callable[[Path], Table]:
    """The `read` function of a format. Raises FormatError for a name we do not know."""
    if name not in FORMATS:
        raise FormatError(
            "No format is called %(name)r; there is %(known)s.", name=name, known=", ".join(FORMATS)
        )
    read: Callable[[Path], Table] = import_module(f"corpus.formats.{name}").read
    return read
