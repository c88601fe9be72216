"""Plain: published corpora into our rows; one module a format, each with `read(path) -> Table`.

`FORMATS` names them. A reader guesses nothing: a cell is taken as it is, repaired where only one
reading is possible, or rejected, and the last two are reported by line. Columns that are not
imported are named.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from core.control_characters import escaped, separated, storable
from core.errors import UserError, gettext_noop
from corpus.problems import Problem
from corpus.turns import LONGEST_TEXT

LARGEST_JSON = 1024**3  # bytes
LONGEST = {  # characters of a column; of words, as many as the editor takes
    **{"dialogue": 120, "uid": 120, "speaker": 80},
    **{"text": LONGEST_TEXT, "translation": LONGEST_TEXT, "source": 80},
}
LEAST = min(LONGEST.values())
LONGEST_NAMES = {"annotator": 80, "round": 80, "origin": 120}  # of those who answered, and where
SHOWN = 2000  # characters of a cell that a finding keeps
FORMATS = (
    *("cmma", "meld", "cped", "mustard", "chsims", "m3ed", "emotiontalk", "emotionlines"),
    *("labelstudio", "shengqing"),
)


class FormatError(UserError):
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
class Suggested:
    """What a machine would answer, with its probability."""

    origin: str
    task: str
    value: str
    probability: float


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
    suggested: tuple[Suggested, ...] = ()
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
    source_of = {row.line: row.source for row in table.rows}
    first = next(iter(rows))
    parts = {name: replace(table, rows=mine, problems=[]) for name, mine in rows.items()}
    for problem in table.problems:  # each is told once; those of no row with the first source
        parts[source_of.get(problem.line, first)].problems.append(problem)
    for name, part in parts.items():
        part.unlabelled = table.unlabelled if name == first else 0
    return parts


def reader(name: str) -> Callable[[Path], Table]:
    """What reads a file of a format into what can be stored.

    Raises FormatError for a name we do not know.
    """
    if name not in FORMATS:
        raise FormatError(
            "No format is called %(name)r; there is %(known)s.", name=name, known=", ".join(FORMATS)
        )
    read: Callable[[Path], Table] = import_module(f"corpus.formats.{name}").read

    def read_file(path: Path) -> Table:
        return checked(read(path), storable if name == "shengqing" else separated)

    return read_file


def joiner(name: str) -> Callable[[Mapping[Path, Table]], Table] | None:
    """What makes one table of a format's files, where several describe the same utterances."""
    joined: Callable[[Mapping[Path, Table]], Table] | None = getattr(
        import_module(f"corpus.formats.{name}"), "joined", None
    )
    return joined


def checked(table: Table, clean: Callable[[str], tuple[str, int]] = separated) -> Table:
    """The table with rows that can be stored only, and what is odd across its rows."""
    _keep_storable(table, clean)
    _say_mixed_splits(table)
    table.problems.sort(key=lambda problem: problem.line)
    return table


def task_json(
    key: str, scale: str, values: Sequence[str], zh: str = "", en: str = ""
) -> dict[str, Any]:
    """A task as a scheme is written, with values that are called as their keys."""
    words = key.replace("_", " ")
    return {
        "key": key,
        "names": {"en": en or words, "zh": zh or words},
        "scale": scale,
        "values": [{"key": v, "names": {"en": v, "zh": v}, "mark": ""} for v in values],
        "source": "",
        "target": "",
        "only_if_any": "",
    }


def read_json(path: Path, problems: list[Problem]) -> Any:
    """What a JSON file holds; a name that stands twice in an object is told.

    Raises FormatError if it is too large, ValueError or RecursionError where it is no JSON.
    """
    if path.stat().st_size > LARGEST_JSON:
        raise FormatError(
            gettext_noop("%(file)s has %(size)d MB; at most %(limit)d MB of JSON are read."),
            file=path.name,
            size=path.stat().st_size // 1024**2,
            limit=LARGEST_JSON // 1024**2,
        )

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        whole = dict(pairs)
        if len(whole) < len(pairs):
            names = [name for name, _value in pairs]
            name = next(name for name in whole if names.count(name) > 1)
            twice = gettext_noop("the name stands twice in an object; its last value was read")
            problems.append(Problem(0, escaped(name)[:80], "", "warning", twice))
        return whole

    return json.loads(path.read_bytes(), object_pairs_hook=once)


def _keep_storable(table: Table, clean: Callable[[str], tuple[str, int]]) -> None:
    """Take out of the rows what `clean` takes out; leave out a row whose name is too long for a
    column, or whose id stands before: labels are stored by id.
    """
    rows: dict[str, Row] = {}
    for row in table.rows:
        words = f"{row.dialogue}{row.uid}{row.speaker}{row.text}{row.translation}{row.source}"
        if not words.isprintable():
            row = _cleaned(table, row, clean)
        long = _too_long(row) if len(words) > LEAST else ""
        if long:
            reason = gettext_noop("longer than %(most)d characters; the row was left out")
            value, details = getattr(row, long)[:SHOWN], {"most": LONGEST[long]}
            table.problems.append(Problem(row.line, long, value, "rejected", reason, details))
        elif row.uid in rows:
            twice = gettext_noop("the id %(id)s stands twice; the first row was kept")
            problem = Problem(row.line, "", row.text, "rejected", twice, {"id": row.uid})
            table.problems.append(problem)
        else:
            rows[row.uid] = _with_known_names(table, row)
    table.rows = list(rows.values())


def _with_known_names(table: Table, row: Row) -> Row:
    """The row without answers of annotators, rounds or machines whose names are too long to be
    kept: cut off, two of them might become one.
    """
    judged = [one for one in row.judged if _name_fits(table, row, one, "annotator", "round")]
    suggested = [one for one in row.suggested if _name_fits(table, row, one, "origin")]
    if len(judged) == len(row.judged) and len(suggested) == len(row.suggested):
        return row
    return replace(row, judged=tuple(judged), suggested=tuple(suggested))


def _name_fits(table: Table, row: Row, answer: Judged | Suggested, *names: str) -> bool:
    for name in names:
        given, most = getattr(answer, name), LONGEST_NAMES[name]
        if len(given) > most:
            reason = gettext_noop("longer than %(most)d characters; the answer was left out")
            details = {"most": most}
            table.problems.append(
                Problem(row.line, name, given[:SHOWN], "rejected", reason, details)
            )
            return False
    return True


def _cleaned(table: Table, row: Row, clean: Callable[[str], tuple[str, int]]) -> Row:
    changed: dict[str, Any] = {}
    for name in LONGEST:
        kept, removed = clean(getattr(row, name))
        if removed:
            changed[name] = kept
            table.problems.append(_removed(row, name, removed))
    return replace(row, **changed) if changed else row


def _too_long(row: Row) -> str:
    """The first field of a row that is longer than its column; empty if none is."""
    return next((name for name, most in LONGEST.items() if len(getattr(row, name)) > most), "")


def _removed(row: Row, name: str, removed: int) -> Problem:
    reason = gettext_noop("%(count)d control characters were removed or replaced")
    value = escaped(getattr(row, name)[:SHOWN])
    return Problem(row.line, name, value, "repaired", reason, {"count": removed})


def _say_mixed_splits(table: Table) -> None:
    """A dialogue is in one split, that of its first row; where rows say otherwise, it is told."""
    for rows in table.dialogues.values():
        other = next((row for row in rows if row.split != rows[0].split), None)
        if other:
            mixed = gettext_noop(
                "the rows of dialogue %(dialogue)s are in several splits; all of it is put in"
                " %(split)s"
            )
            details = {"dialogue": other.dialogue, "split": rows[0].split or "–"}
            problem = Problem(other.line, "split", other.split, "warning", mixed, details)
            table.problems.append(problem)
