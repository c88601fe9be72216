"""Plain: tables of utterances (CSV, TSV, JSON Lines, XLSX) with a mapping of their columns."""

import re
import unicodedata
from collections.abc import Mapping

from core.errors import gettext_noop
from corpus import spreadsheets, tabular
from corpus.problems import Problem
from corpus.transcripts import RawCue, TranscriptError
from corpus.transcripts.times import seconds, span

ROLES = ("start", "end", "text", "speaker")
NAMES = {  # lower-case column names that are taken for a role unless a person says otherwise
    "start": ("start", "starttime", "start_time", "begin", "onset", "开始", "开始时间", "起始时间"),
    "end": ("end", "endtime", "end_time", "offset", "结束", "结束时间"),
    "text": (
        *("text", "utterance", "transcript", "sentence", "words"),
        *("文本", "台词", "话语", "内容"),
    ),
    "speaker": ("speaker", "name", "character", "role", "说话人", "角色", "人物"),
}
DECIMAL_COMMA = re.compile(r"\d+,\d+")
COMMA_AND_THREE = re.compile(r"\d{1,3},\d{3}")  # could be thousands
HOURS_AND_MINUTES = re.compile(r"\d+:\d\d:00")

NO_TIME = gettext_noop("no time; expected seconds (83.5) or a clock (00:01:23,500)")
NO_SPAN = gettext_noop("the row does not end after its start %(start)s")
COMMAS = gettext_noop("numbers such as %(value)s are read with a decimal comma")
WHOLE_MINUTES = gettext_noop(
    "every time is a whole minute: to a spreadsheet, 1:23 is one hour and 23 minutes; type 0:01:23"
)


def guess(columns: list[str]) -> dict[str, str]:
    """Role -> column, for the roles whose column has a usual name."""
    folded = {_folded(column): column for column in reversed(columns)}
    return {
        role: folded[name]
        for role, names in NAMES.items()
        for name in names[::-1]
        if name in folded
    }


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def read(kind: str, data: bytes | str, encoding: str = "", sheet: str = "") -> tabular.Table:
    """A table of `kind` csv, tsv, jsonl (text), xlsx or cells (bytes). Raises TranscriptError."""
    try:
        found = _read(kind, data, encoding, sheet)
        found.require_rows()
        return found
    except (tabular.TableError, spreadsheets.SpreadsheetError) as error:
        raise TranscriptError(error.template, **error.values) from error


def _read(kind: str, data: bytes | str, encoding: str, sheet: str) -> tabular.Table:
    expected = [name for names in NAMES.values() for name in names]
    if isinstance(data, bytes):
        unpacked = spreadsheets.unpack if kind == "cells" else spreadsheets.read
        return tabular.read_sheets(unpacked(data), sheet, expected)
    if kind == "jsonl":
        return tabular.read_json_lines(data, encoding=encoding)
    return tabular.read_text(data, encoding=encoding, expected=expected)


def parse(table: tabular.Table, mapping: Mapping[str, str]) -> tuple[list[RawCue], list[Problem]]:
    """Cues of the rows, and the rows that cannot be read, by line.

    Raises TranscriptError naming a role without a column, or what is wrong with the first row
    where none can be read.
    """
    missing = [role for role in ("start", "end", "text") if not mapping.get(role)]
    if missing and len(table.sheets) > 1:
        raise TranscriptError(
            gettext_noop(
                "Say which column of the sheet “%(sheet)s” holds: %(roles)s. The sheets are"
                " %(sheets)s."
            ),
            sheet=table.sheet,
            roles=", ".join(missing),
            sheets=", ".join(table.sheets),
        )
    if missing:
        raise TranscriptError(
            gettext_noop("Say which column holds: %(roles)s."), roles=", ".join(missing)
        )
    cues: list[RawCue] = []
    problems: list[Problem] = []
    errors: list[TranscriptError] = []
    for row in table.rows:
        if not any(map(str.strip, row.cells.values())):
            continue
        times = [_time(table, row, mapping[role], problems, errors) for role in ("start", "end")]
        start, end = times
        if start is None or end is None:
            continue
        try:
            span(start, end, f"line {row.line}")
        except TranscriptError as error:
            errors.append(error)
            column, details = mapping["end"], {"start": row.cells[mapping["start"]]}
            place = table.where(row.line, column)
            value = row.cells[column]
            problems.append(Problem(row.line, place, value, "rejected", NO_SPAN, details))
            continue
        speaker = row.cells.get(mapping.get("speaker", ""), "").strip()
        lines = tuple(row.cells.get(mapping["text"], "").split("\n"))
        cues.append(RawCue(start, end, lines, speaker, row.line))
    if not cues and errors:
        raise errors[0]
    return cues, [*problems, *_doubts(table, mapping)]


def _time(
    table: tabular.Table,
    row: tabular.Row,
    column: str,
    problems: list[Problem],
    errors: list[TranscriptError],
) -> float | None:
    """Seconds; None where the cell is no time, which is reported."""
    cell = unicodedata.normalize("NFKC", row.cells[column]).strip()
    if DECIMAL_COMMA.fullmatch(cell):
        cell = cell.replace(",", ".")
    try:
        return seconds(cell, f"line {row.line}")
    except TranscriptError as error:
        errors.append(error)
        place = table.where(row.line, column)
        problems.append(Problem(row.line, place, row.cells[column], "rejected", NO_TIME))
        return None


def _doubts(table: tabular.Table, mapping: Mapping[str, str]) -> list[Problem]:
    """What makes the times of the whole table doubtful."""
    cells = [
        (row.line, mapping[role], row.cells[mapping[role]].strip())
        for row in table.rows
        for role in ("start", "end")
    ]
    commas = [cell for cell in cells if DECIMAL_COMMA.fullmatch(cell[2])]
    clocks = [cell for cell in cells if cell[2]]
    found = []
    if commas and all(COMMA_AND_THREE.fullmatch(value) for _line, _column, value in commas):
        line, column, value = commas[0]
        where = table.where(line, column)
        found.append(Problem(line, where, value, "warning", COMMAS, {"value": value}))
    if (
        table.sheet
        and len(clocks) > 2
        and all(HOURS_AND_MINUTES.fullmatch(value) for _line, _column, value in clocks)
    ):
        line, column, value = clocks[0]
        found.append(Problem(line, table.where(line, column), value, "warning", WHOLE_MINUTES))
    return found
