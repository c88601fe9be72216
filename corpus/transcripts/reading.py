"""Plain: a transcript file of any kind into cues."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePath
from typing import Any

from corpus.complaints import gettext_noop
from corpus.encoding import EncodingError, decode, detect
from corpus.problems import Problem
from corpus.spreadsheets import CELLS
from corpus.transcripts import Cue, RawCue, TranscriptError, ass, eaf, praat, srt, table, vtt
from corpus.transcripts.cleaning import clean

PARSERS: dict[str, Callable[[str], list[RawCue]]] = {
    ".srt": srt.parse,
    ".ass": ass.parse,
    ".ssa": ass.parse,
    ".vtt": vtt.parse,
    ".eaf": eaf.parse,
    ".textgrid": praat.parse,
}
TABLES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".xlsx": "xlsx"}
SUFFIXES = (*PARSERS, *TABLES)
SHEETS = {".xlsx": "xlsx", CELLS: "cells"}  # workbooks, which have no encoding


@dataclass(frozen=True)
class Options:
    """What a person may decide about the reading of a transcript; the defaults are proposals.

    Kept as JSON in `Source.reading`, without what is as proposed.
    """

    sheet: str = ""  # of a spreadsheet; empty: the first that is visible and has rows

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Options":
        """The options that were kept; what they do not name is as proposed."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in kept.items()
        }
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """The options that differ from what is proposed."""
        proposed = asdict(Options())
        return {key: value for key, value in asdict(self).items() if value != proposed[key]}


@dataclass(frozen=True)
class Transcript:
    """What a file says, and how it was read."""

    cues: list[Cue]
    encoding: str  # empty for XLSX, which is no text file
    sounds: int = 0
    empty: int = 0
    bilingual: bool = False
    columns: list[str] = field(default_factory=list)  # of a table
    mapping: dict[str, str] = field(default_factory=dict)  # role -> column, of a table
    sheets: tuple[str, ...] = ()  # of a spreadsheet
    problems: list[Problem] = field(default_factory=list)  # by line: repaired, left out, doubtful


def read(
    name: str,
    data: bytes,
    encoding: str = "",
    mapping: Mapping[str, str] | None = None,
    options: Options = Options(),  # noqa: B008 (it is frozen)
) -> Transcript:
    """Read a file by its suffix; `encoding` and `mapping` are found unless they are given.

    Raises TranscriptError with a sentence that says where and what was expected.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in (*SUFFIXES, CELLS):
        raise TranscriptError(
            gettext_noop("A transcript ends in one of %(known)s; this one is %(name)s."),
            known=", ".join(SUFFIXES),
            name=PurePath(name).name,
        )
    if not data.strip():
        raise TranscriptError(gettext_noop("The transcript is empty."))
    if suffix in SHEETS:
        return _table(SHEETS[suffix], data, "", mapping, options)
    try:
        encoding = encoding or detect(data)
        text = decode(data, encoding)
    except EncodingError as error:
        raise TranscriptError(error.template, **error.values) from error
    if suffix in TABLES:
        return _table(TABLES[suffix], text, encoding, mapping, options)
    return _transcript(PARSERS[suffix](text), encoding)


def columns(name: str, data: bytes, encoding: str = "", sheet: str = "") -> list[str]:
    """The column names of a table, none for another kind of transcript. Raises as `read` does."""
    suffix = PurePath(name).suffix.lower()
    if suffix in SHEETS:
        return table.read(SHEETS[suffix], data, sheet=sheet).columns
    if suffix not in TABLES:
        return []
    try:
        return table.read(TABLES[suffix], decode(data, encoding)).columns
    except EncodingError as error:
        raise TranscriptError(error.template, **error.values) from error


def _table(
    kind: str,
    data: bytes | str,
    encoding: str,
    mapping: Mapping[str, str] | None,
    options: Options,
) -> Transcript:
    found = table.read(kind, data, encoding, options.sheet)
    chosen = table.guess(found.columns)
    chosen |= {role: name for role, name in (mapping or {}).items() if name in found.columns}
    raw, problems = table.parse(found, chosen)
    transcript = _transcript(raw, encoding, found.columns, chosen)
    problems = [*found.problems, *problems, *transcript.problems]
    return replace(transcript, sheets=found.sheets, problems=problems)


def _transcript(
    raw: list[RawCue],
    encoding: str,
    names: list[str] | None = None,
    mapping: dict[str, str] | None = None,
) -> Transcript:
    cleaned = clean(raw)
    if not cleaned.cues:
        raise TranscriptError(gettext_noop("The transcript holds no line of talk."))
    return Transcript(
        cleaned.cues,
        encoding,
        cleaned.sounds,
        cleaned.empty,
        cleaned.bilingual,
        names or [],
        mapping or {},
    )
