"""Plain: a transcript file of any kind into cues."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import PurePath
from typing import Any

from core.errors import gettext_noop
from corpus import encoding as encodings
from corpus.encoding import EncodingError, decode, detect
from corpus.problems import Problem
from corpus.spreadsheets import CELLS
from corpus.transcripts import Cue, Parsed, Tier, TranscriptError, ass, eaf, praat, srt, table, vtt
from corpus.transcripts.cue_cleanup import UNREADABLE, clean
from corpus.transcripts.markup import subtitle_styles
from corpus.transcripts.speakers import Candidate, Choice
from corpus.turns import LONGEST_TEXT

PARSERS: dict[str, Callable[[str, tuple[str, ...]], Parsed]] = {
    ".srt": lambda text, _: srt.parse(text),
    ".ass": ass.parse,
    ".ssa": ass.parse,
    ".vtt": lambda text, _: vtt.parse(text),
    ".eaf": eaf.parse,
    ".textgrid": praat.parse,
}
MARKED = (".srt", ".vtt", ".ass", ".ssa")  # whose parsers part markup from words themselves
TABLES = {".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".xlsx": "xlsx"}
SUFFIXES = (*PARSERS, *TABLES)
SHEETS = {".xlsx": "xlsx", CELLS: "cells"}  # workbooks, which have no encoding
KINDS = {
    ".srt": "SRT", ".ass": "ASS", ".ssa": "ASS", ".vtt": "WebVTT", ".eaf": "ELAN",
    ".textgrid": "TextGrid", ".xlsx": "XLSX",
}  # fmt: skip
SIGNATURES = (  # what a file begins with, whatever it is called
    (".vtt", re.compile(r"\s*WEBVTT(?:\s|$)")),
    (".ass", re.compile(r"(?s).{0,4000}?^\s*\[(?:Script Info|V4\+? Styles|Events)\]", re.I | re.M)),
    (".eaf", re.compile(r"\s*(?:<[?!][^>]{0,2000}>\s*){0,5}<ANNOTATION_DOCUMENT\b")),
    (".textgrid", re.compile(r"\s*File type\s*=\s*\"ooTextFile")),
    (".srt", re.compile(r"\s*(?:\d+\s*\n)?\s*\d+:\d{1,2}:\d{1,2}[,.]\d+\s*-->")),
)  # fmt: skip
SHOWN = 200  # characters of an entry that a finding keeps
SHOWN_BYTES = 100  # damaged places that are listed one by one

MISNAMED = gettext_noop("The file is called %(suffix)s but holds %(kind)s; read as %(kind)s.")
TOO_LONG = gettext_noop("The entry has more than %(most)d characters: left out.")
REPLACED = gettext_noop("0x%(bytes)s at byte %(offset)d is no text in %(encoding)s; replaced by �.")
MORE_REPLACED = gettext_noop("Further unreadable places replaced by �: %(count)d.")


@dataclass(frozen=True)
class Options:
    """What a person may decide about the reading of a transcript; the defaults are proposals.

    Kept as JSON in `Source.read_options`, without what is as proposed.
    """

    prefixes: str = "proposed"  # names before a colon: "proposed" | "none" | "listed"
    names: tuple[str, ...] = ()  # the only speakers, where they are listed
    taken: tuple[str, ...] = ()  # speakers though not proposed
    left: tuple[str, ...] = ()  # words though proposed as speakers
    dashes: bool = True  # if a dash at the start of a line begins another speaker's turn
    bilingual: str = "proposed"  # the transcript is "proposed" | "first" | "second" | "no" (one)
    tiers: tuple[str, ...] = ()  # tiers or styles that are read; none: as proposed
    rolling: bool = False  # if lines that rolling captions repeat are read once
    replace: bool = False  # if unreadable bytes are replaced by U+FFFD
    sheet: str = ""  # of a spreadsheet; empty: the first that is visible and has rows

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Options":
        """The options that were kept; what they do not name is as proposed."""
        values: dict[str, Any] = {}
        for each in fields(cls):
            value = kept.get(each.name)
            value = tuple(map(str, value)) if isinstance(value, list | tuple) else value
            if type(value) is type(each.default):
                values[each.name] = value
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """The options that differ from what is proposed."""
        proposed = asdict(Options())
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != proposed[name]
        }

    @property
    def choice(self) -> Choice:
        """What is decided about names before colons."""
        return Choice(self.prefixes, self.names, self.taken, self.left)


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
    first: bool = True  # if bilingual: the transcript is the first of the two languages
    speakers: list[Candidate] = field(default_factory=list)  # names before colons, commonest first
    tiers: list[Tier] = field(default_factory=list)  # or styles
    rolling: int = 0  # entries that repeat the entry before them
    dashed: int = 0  # entries with a dash at the start of a line
    replaced: int = 0  # unreadable bytes
    notes: list[str] = field(default_factory=list)  # the descriptions of sounds

    @property
    def estimated(self) -> int:
        """How many cues have times that they share with others of their entry."""
        return sum(cue.estimated for cue in self.cues)


def read(
    name: str,
    data: bytes,
    encoding: str = "",
    mapping: Mapping[str, str] | None = None,
    options: Options = Options(),  # noqa: B008 (it is frozen)
) -> Transcript:
    """Read a file by its suffix; `encoding` and `mapping` are found unless they are given.

    A file that holds another format than its suffix says is read as what it is, with a warning.
    Raises TranscriptError with a sentence that says where and what was expected.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in (*SUFFIXES, CELLS):
        raise unknown_suffix(name, data)
    if not data.strip():
        raise TranscriptError(gettext_noop("The transcript is empty."))
    if suffix in SHEETS:
        return _table(SHEETS[suffix], data, "", mapping, options, [])
    text, encoding, problems = _decoded(data, encoding, options)
    found = signature(text) or suffix
    if found in TABLES:
        return _table(TABLES[suffix], text, encoding, mapping, options, problems)
    if KINDS[found] != KINDS.get(suffix) and not (found == ".srt" and suffix == ".vtt"):
        details = {"suffix": suffix, "kind": KINDS[found]}
        problems.append(Problem(1, "", text.lstrip()[:40], "warning", MISNAMED, details))
        suffix = found
    parsed = PARSERS[suffix](text, options.tiers)
    if suffix not in MARKED:
        parsed = _unstyled(parsed)
    return _transcript(parsed, encoding, options, problems)


def signature(text: str) -> str:
    """The suffix of the format that a text begins like; empty if it is none of those known."""
    return next((suffix for suffix, begins in SIGNATURES if begins.match(text[:8000])), "")


def unknown_suffix(name: str, data: bytes) -> TranscriptError:
    """The error for a file whose name is no transcript's; `data` may be its beginning."""
    values = {"known": ", ".join(SUFFIXES), "name": PurePath(name).name}
    try:
        looks = signature(decode(data[:8000], replacing=True))
    except EncodingError:
        looks = ""
    if looks:
        return TranscriptError(
            gettext_noop(
                "A transcript ends in one of %(known)s; this one is %(name)s. It looks like"
                " %(kind)s: call it %(suffix)s."
            ),
            **values,
            kind=KINDS[looks],
            suffix=looks,
        )
    return TranscriptError(
        gettext_noop("A transcript ends in one of %(known)s; this one is %(name)s."), **values
    )


def _decoded(data: bytes, encoding: str, options: Options) -> tuple[str, str, list[Problem]]:
    """The text, its encoding, and problems of bytes that were replaced."""
    try:
        encoding = encoding or detect(data)
        text = decode(data, encoding, options.replace)
    except EncodingError as error:
        raise TranscriptError(error.template, **error.values) from error
    if not options.replace:
        return text, encoding, []
    found = encodings.damages(data, encoding)
    problems = [
        Problem(
            each.line,
            "",
            each.bytes.hex(),
            "repaired",
            REPLACED,
            {"bytes": each.bytes[:8].hex(), "offset": each.offset, "encoding": encoding},
        )
        for each in found[:SHOWN_BYTES]
    ]
    if len(found) > SHOWN_BYTES:
        line, details = found[SHOWN_BYTES].line, {"count": len(found) - SHOWN_BYTES}
        problems.append(Problem(line, "", "", "repaired", MORE_REPLACED, details))
    return text, encoding, problems


def columns(
    name: str, data: bytes, encoding: str = "", sheet: str = "", replace: bool = False
) -> list[str]:
    """The column names of a table, none for another kind of transcript. Raises as `read` does."""
    suffix = PurePath(name).suffix.lower()
    if suffix in SHEETS:
        return table.read(SHEETS[suffix], data, sheet=sheet).columns
    if suffix not in TABLES:
        return []
    text, encoding, _ = _decoded(data, encoding, Options(replace=replace))
    return [] if signature(text) else table.read(TABLES[suffix], text, encoding).columns


def _table(
    kind: str,
    data: bytes | str,
    encoding: str,
    mapping: Mapping[str, str] | None,
    options: Options,
    problems: list[Problem],
) -> Transcript:
    found = table.read(kind, data, encoding, options.sheet)
    chosen = table.guess(found.columns)
    chosen |= {role: name for role, name in (mapping or {}).items() if name in found.columns}
    raw, doubts = table.parse(found, chosen)
    parsed = _unstyled(Parsed(raw, [*found.problems, *doubts]))
    transcript = _transcript(parsed, encoding, options, problems)
    return replace(transcript, columns=found.columns, mapping=chosen, sheets=found.sheets)


def _transcript(
    parsed: Parsed, encoding: str, options: Options, problems: list[Problem]
) -> Transcript:
    cleaned = clean(parsed.cues, options.choice, options.bilingual, options.rolling, options.dashes)
    if not cleaned.cues:
        raise TranscriptError(gettext_noop("The transcript holds no line of talk."))
    cues, long = _short(cleaned.cues)
    doubts = [each for each in cleaned.problems if not (problems and each.reason == UNREADABLE)]
    found = sorted([*problems, *parsed.problems, *doubts, *long], key=lambda each: each.line)
    return Transcript(
        cues,
        encoding,
        cleaned.sounds,
        cleaned.empty,
        cleaned.bilingual,
        problems=found,
        first=cleaned.languages.first,
        speakers=cleaned.speakers,
        tiers=list(parsed.tiers),
        rolling=cleaned.rolling,
        dashed=cleaned.dashed,
        replaced=sum(each.reason == REPLACED for each in found),
        notes=cleaned.notes,
    )


def _short(cues: list[Cue]) -> tuple[list[Cue], list[Problem]]:
    """The cues without those of more words than the editor takes, which are reported. Raises
    TranscriptError if none is left.
    """
    limit = {"most": LONGEST_TEXT}
    kept = [cue for cue in cues if max(len(cue.text), len(cue.translation)) <= LONGEST_TEXT]
    if not kept:
        raise TranscriptError(
            gettext_noop("Every entry of the transcript has more than %(most)d characters."),
            **limit,
        )
    problems = [
        Problem(cue.line, "", cue.text[:SHOWN], "rejected", TOO_LONG, limit)
        for cue in cues
        if max(len(cue.text), len(cue.translation)) > LONGEST_TEXT
    ]
    return kept, problems


def _unstyled(parsed: Parsed) -> Parsed:
    """Tables and tiers without styles such as `<i>…</i>`, which they may hold as well."""
    cues = [
        replace(cue, lines=tuple(map(subtitle_styles, cue.lines)))
        if any(sign in line for line in cue.lines for sign in "<{")
        else cue
        for cue in parsed.cues
    ]
    return replace(parsed, cues=cues)
