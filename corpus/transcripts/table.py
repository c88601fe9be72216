"""Plain: tables of utterances (CSV, TSV, JSONL, XLSX) with a mapping of their columns."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import openpyxl

from corpus.complaints import gettext_noop
from corpus.transcripts import RawCue, TranscriptError
from corpus.transcripts.times import seconds, span

ROLES = ("start", "end", "text", "speaker")
NAMES = {  # lower-case column names that are taken for a role unless a person says otherwise
    "start": ("start", "starttime", "start_time", "begin", "onset", "开始", "开始时间", "起始时间"),
    "end": ("end", "endtime", "end_time", "offset", "结束", "结束时间"),
    "text": (
        "text",
        "utterance",
        "transcript",
        "sentence",
        "words",
        "文本",
        "台词",
        "话语",
        "内容",
    ),
    "speaker": ("speaker", "name", "character", "role", "说话人", "角色", "人物"),
}
LARGEST = 64 * 1024**2  # bytes that a spreadsheet may unpack to

Row = tuple[int, dict[str, str]]  # line, column -> cell


def guess(columns: list[str]) -> dict[str, str]:
    """Role -> column, for the roles whose column has a usual name."""
    lower = {column.strip().lower(): column for column in columns}
    return {
        role: lower[name] for role, names in NAMES.items() for name in names[::-1] if name in lower
    }


def rows(kind: str, data: bytes | str) -> tuple[list[str], Iterator[Row]]:
    """Column names and rows of a table of `kind` csv, tsv, jsonl (text) or xlsx (bytes).

    Raises TranscriptError if there is no table.
    """
    if isinstance(data, bytes):
        found = _spreadsheet(data)
    elif kind == "jsonl":
        found = _json_lines(data)
    else:
        found = _separated(data, "\t" if kind == "tsv" else ",")
    first = next(found, None)
    if first is None:
        raise TranscriptError(gettext_noop("The table has no rows."))
    columns = list(first[1])

    def all_rows() -> Iterator[Row]:
        yield first
        yield from found

    return columns, all_rows()


def parse(found: Iterator[Row], mapping: Mapping[str, str]) -> list[RawCue]:
    """Cues of the rows. Raises TranscriptError naming the line, or the role without a column."""
    missing = [role for role in ("start", "end", "text") if not mapping.get(role)]
    if missing:
        raise TranscriptError(
            gettext_noop("Say which column holds: %(roles)s."), roles=", ".join(missing)
        )
    cues = []
    for line, cells in found:
        if not any(cells.values()):
            continue
        place = f"line {line}"
        start, end = (seconds(cells.get(mapping[role], ""), place) for role in ("start", "end"))
        span(start, end, place)
        speaker = cells.get(mapping.get("speaker", ""), "").strip()
        cues.append(RawCue(start, end, tuple(cells.get(mapping["text"], "").split("\n")), speaker))
    return cues


def _separated(text: str, delimiter: str) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = next(lines, [])
    try:
        for values in lines:
            yield lines.line_num, dict(zip(header, values, strict=False))
    except csv.Error as error:
        raise TranscriptError(
            gettext_noop("Line %(line)d is not valid CSV: %(why)s"),
            line=lines.line_num,
            why=str(error),
        ) from error


def _json_lines(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
            yield number, {str(key): _cell(value) for key, value in cells.items()}
        except (ValueError, AttributeError, RecursionError) as error:
            raise TranscriptError(
                gettext_noop("Line %(line)d is not a JSON object."), line=number
            ) from error


def _spreadsheet(data: bytes) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > LARGEST:
                raise TranscriptError(gettext_noop("The spreadsheet is too large to be read."))
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0].iter_rows(values_only=True)
        header = [_cell(value) for value in next(sheet, ())]
        for number, values in enumerate(sheet, 2):
            yield number, dict(zip(header, map(_cell, values), strict=False))
    except TranscriptError:
        raise
    except Exception as error:  # openpyxl raises whatever a broken file makes it stumble on
        raise TranscriptError(
            gettext_noop("The file is not a valid XLSX spreadsheet: %(why)s"), why=str(error)[:200]
        ) from error


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
