"""Plain: XLSX workbooks into rows of text, within limits of size.

Sheets are read by their cells, whatever size they declare. `pack` and `unpack` keep what was read
as lines of JSON, so that a workbook is opened once, by a worker, and a page reads the lines.
"""

import datetime
import io
import json
import re
import warnings
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import IO, Any
from xml.etree.ElementTree import Element

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._reader import (
    COL_TAG,
    FORMULA_TAG,
    MERGE_TAG,
    ROW_TAG,
    MergeCells,
    WorkSheetParser,
)
from openpyxl.xml.functions import iterparse

from core.errors import UserError, gettext_noop
from corpus.problems import Problem

CELLS = ".cells"  # suffix of a packed workbook
MOST_COLUMNS = 16_384  # of XLSX
MOST_PARTS = 10_000  # files in the archive
TAGS = 8  # in the XML for a cell, ends of elements counted too
MOST_STYLES = 500_000  # tags of the part that holds styles, which become objects
CELL_TAG = re.compile(rb"<(?:\w+:)?c[\s/>]")
CONTROL = re.compile(r"_x00([01][0-9A-Fa-f])_")  # how XLSX writes a control character
OLE, ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"


@dataclass(frozen=True)
class Limits:
    """What a table may hold."""

    cells: int
    bytes: int  # of a spreadsheet, unpacked


UPLOADED = Limits(500_000, 64 * 1024**2)
PUBLISHED = Limits(50_000_000, 4 * 1024**3)


class SpreadsheetError(UserError):
    """A file that is no workbook we read, or one that is too large."""


@dataclass
class Sheet:
    """One sheet: (number, cells) of each row with a filled cell, and what was odd."""

    name: str
    hidden: bool = False
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def letters(column: int) -> str:
    """1 -> A, 27 -> AA."""
    return get_column_letter(column)


def refuse_binary(data: bytes) -> None:
    """Raises SpreadsheetError if what should be text is a spreadsheet or another archive."""
    if data.startswith(OLE):
        raise SpreadsheetError(_old_or_locked(data))
    if data.startswith(ZIP):
        raise SpreadsheetError(
            gettext_noop(
                "The file is a spreadsheet or an archive, not text. Give a spreadsheet the suffix"
                " .xlsx, or save the table as CSV."
            )
        )


def read(data: bytes, limits: Limits = UPLOADED) -> list[Sheet]:
    """Every sheet of a workbook. Raises SpreadsheetError if it is none or exceeds `limits`."""
    if data.startswith(OLE):
        raise SpreadsheetError(_old_or_locked(data))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _survey(archive, limits)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # parts such as validation rules, which hold no cells
            book = openpyxl.load_workbook(
                io.BytesIO(data), read_only=True, data_only=True, keep_links=False
            )
            room = _Room(limits.cells)
            return [_sheet(sheet, room) for sheet in book.worksheets]
    except SpreadsheetError:
        raise
    except Exception as error:  # openpyxl raises whatever a broken file makes it stumble on
        raise SpreadsheetError(
            gettext_noop("The file is not a valid XLSX spreadsheet: %(why)s"), why=str(error)[:200]
        ) from error


def _old_or_locked(data: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return gettext_noop("The spreadsheet is protected by a password. Save it without one.")
    return gettext_noop("The file is an old Excel workbook (.xls). Save it as XLSX or CSV.")


def _survey(archive: zipfile.ZipFile, limits: Limits) -> None:
    """Unpack every part once, a block at a time, to know its size before it is parsed.

    Raises SpreadsheetError for another kind of file, and for one that is too large.
    """
    names = archive.namelist()
    if "mimetype" in names or "content.xml" in names:
        raise SpreadsheetError(
            gettext_noop("The file is an OpenDocument file (.ods). Save it as XLSX or CSV.")
        )
    if "xl/workbook.bin" in names:
        raise SpreadsheetError(
            gettext_noop("The file is a binary workbook (.xlsb). Save it as XLSX or CSV.")
        )
    declared = sum(part.file_size for part in archive.infolist())
    if len(names) > MOST_PARTS or declared > limits.bytes:
        raise _too_large(limits)
    size = tags = cells = 0
    for name in names:
        with archive.open(name) as part:
            most_tags = limits.cells * TAGS
            for block, whole, new_cells in _blocks(part):
                size, tags, cells = size + len(block), tags + block.count(b"<"), cells + new_cells
                if b"styleSheet" in whole:
                    most_tags = min(most_tags, tags + MOST_STYLES)
                if size > limits.bytes or tags > most_tags or cells > limits.cells:
                    raise _too_large(limits)
                if not name.startswith("xl/media/"):
                    _refuse_odd_xml(name, whole)


def _blocks(part: IO[bytes]) -> Iterator[tuple[bytes, bytes, int]]:
    """Each block of a part, the same with the end of the block before, and its cells."""
    before = b""
    while block := part.read(1 << 20):
        whole = (before + block).replace(b"\0", b"")
        yield block, whole, len(CELL_TAG.findall(whole)) - len(CELL_TAG.findall(before))
        before = whole[-64:]


def _refuse_odd_xml(name: str, xml: bytes) -> None:
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise SpreadsheetError(
            gettext_noop("The spreadsheet defines entities of its own, which none has.")
        )
    if name == "xl/workbook.xml" and b"purl.oclc.org/ooxml" in xml:
        raise SpreadsheetError(
            gettext_noop(
                "The workbook is saved as Strict Open XML. Save it as an ordinary Excel workbook"
                " (.xlsx)."
            )
        )


def _too_large(limits: Limits) -> SpreadsheetError:
    return SpreadsheetError(
        gettext_noop(
            "The spreadsheet is too large to be read: at most %(cells)d cells and %(size)d MB"
            " unpacked. Delete sheets that are not needed, or save the table as CSV."
        ),
        cells=limits.cells,
        size=limits.bytes // 1024**2,
    )


@dataclass
class _Room:
    """Cells that may still be read."""

    cells: int

    def take(self, cells: int) -> None:
        self.cells -= cells
        if self.cells < 0:
            raise SpreadsheetError(
                gettext_noop("The spreadsheet has too many cells to be read. Divide it.")
            )


class _Cells(WorkSheetParser):  # type: ignore[misc]
    """openpyxl's parser of a sheet, which also knows a formula that has no value, and passes over
    what is no cell: rules of validation and formatting as some programs write them stop openpyxl.
    """

    def parse(self) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        for _event, element in iterparse(self.source):
            if element.tag == ROW_TAG:
                row = self.parse_row(element)
                element.clear()
                yield row
            elif element.tag == COL_TAG:
                self.parse_column_dimensions(element)
            elif element.tag == MERGE_TAG:
                self.merged_cells = MergeCells.from_tree(element)

    def parse_cell(self, element: Element) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        formula = element.find(FORMULA_TAG)
        if formula is not None and cell["value"] is None:
            cell |= {"data_type": "f", "value": f"={formula.text or ''}"}
        return cell


def _sheet(sheet: Any, room: _Room) -> Sheet:
    found = Sheet(sheet.title, sheet.sheet_state != "visible")
    book = sheet.parent
    with sheet._get_source() as source:
        parser = _Cells(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        rows: dict[int, list[str]] = {}
        for number, cells in parser.parse():
            filled = [cell for cell in cells if cell["value"] not in (None, "")]
            width = max((cell["column"] for cell in filled), default=0)
            if width > MOST_COLUMNS:
                raise SpreadsheetError(
                    gettext_noop("The file is not a valid XLSX spreadsheet: %(why)s"),
                    why=f"{width} columns",
                )
            room.take(width)
            if width:
                row = rows.setdefault(number, [])
                row += [""] * (width - len(row))
                for cell in filled:
                    row[cell["column"] - 1] = _text(found, number, cell)
    _fill_merged(found, rows, parser.merged_cells, room)
    _say_hidden(found, rows, parser)
    found.rows = sorted(rows.items())
    return found


def _text(sheet: Sheet, row: int, cell: dict[str, Any]) -> str:
    """The cell as text; what is no value is reported with its place and left empty."""
    value, kind = cell["value"], cell["data_type"]
    place = f"{sheet.name}!{letters(cell['column'])}{row}"
    if kind == "f":
        unknown = gettext_noop(
            "the formula has no value stored; open the file in a spreadsheet program and save it"
        )
        sheet.problems.append(Problem(row, place, value[:2000], "rejected", unknown))
        return ""
    if kind == "e":
        sheet.problems.append(
            Problem(
                row, place, str(value), "rejected", gettext_noop("the cell holds an error value")
            )
        )
        return ""
    return shown(value)


def shown(value: Any) -> str:
    """A cell's value as text: numbers without the noise of floats, durations as a clock."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else format(value, ".15g")
    if isinstance(value, datetime.time):
        value = datetime.timedelta(
            hours=value.hour,
            minutes=value.minute,
            seconds=value.second,
            microseconds=value.microsecond,
        )
    if isinstance(value, datetime.timedelta):
        return _clock(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    return CONTROL.sub(lambda code: chr(int(code.group(1), 16)), str(value))


def _clock(span: datetime.timedelta) -> str:
    """`00:01:02.5` for 62.5 s; a sheet's fractions of a day are right to a millisecond."""
    milliseconds = round(span / datetime.timedelta(milliseconds=1))
    sign, milliseconds = "-" * (milliseconds < 0), abs(milliseconds)
    seconds, rest = divmod(milliseconds, 1000)
    fraction = f".{rest:03d}".rstrip("0") if rest else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def _fill_merged(sheet: Sheet, rows: dict[int, list[str]], merged: Any, room: _Room) -> None:
    """A cell merged over rows says the same in each; one merged over columns stands in its first.

    Only rows that have other cells are filled.
    """
    numbers = sorted(rows)
    for area in getattr(merged, "mergeCell", []):
        left, top, right, bottom = area.bounds
        value = rows[top][left - 1] if top in rows and len(rows[top]) >= left else ""
        if not value:
            continue
        place = f"{sheet.name}!{area.coord}"
        if right > left:
            only = gettext_noop("the cell is merged over columns; only its first holds the value")
            sheet.problems.append(Problem(top, place, value, "warning", only))
        below = numbers[bisect_right(numbers, top) : bisect_left(numbers, bottom + 1)]
        room.take(len(below) * left)
        for number in below:
            rows[number] += [""] * (left - len(rows[number]))
            rows[number][left - 1] = value
        if below:
            filled = gettext_noop("the cell is merged over rows; each of them was filled")
            sheet.problems.append(Problem(top, place, value, "repaired", filled))


def _say_hidden(sheet: Sheet, rows: dict[int, list[str]], parser: WorkSheetParser) -> None:
    hidden = [
        int(number)
        for number, about in parser.row_dimensions.items()
        if about.get("hidden") in ("1", "true") and int(number) in rows
    ]
    columns = [
        f"{about['index']}:{letters(min(int(about['max']), MOST_COLUMNS))}"
        for about in parser.column_dimensions.values()
        if about.get("hidden") in ("1", "true")
    ]
    for names, reason in (
        ([str(number) for number in sorted(hidden)], gettext_noop("hidden rows were read as well")),
        (columns, gettext_noop("hidden columns were read as well")),
    ):
        if names:
            listed = ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
            sheet.problems.append(Problem(0, sheet.name[:80], listed, "warning", reason))


# ---------------------------------------------------------------- kept as lines of JSON


def pack(sheets: Sequence[Sheet]) -> Iterator[bytes]:
    """The sheets as lines of JSON, in blocks."""
    for sheet in sheets:
        about = {"name": sheet.name, "hidden": sheet.hidden}
        yield _line(about | {"problems": [asdict(problem) for problem in sheet.problems]})
        for row in sheet.rows:
            yield _line(row)


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def unpack(data: bytes) -> list[Sheet]:
    """The sheets that `pack` made."""
    sheets: list[Sheet] = []
    for line in data.splitlines():
        value = json.loads(line)
        if isinstance(value, dict):
            problems = [Problem(**problem) for problem in value["problems"]]
            sheets.append(Sheet(value["name"], value["hidden"], problems=problems))
        else:
            sheets[-1].rows.append((value[0], value[1]))
    return sheets
