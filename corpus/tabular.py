"""Plain: tables of any kind (CSV, TSV, JSON Lines, XLSX) into named cells; the one reader of them.

    table = read("labels.csv", data, expected=("annotator", "utterance"))
    table.columns; table.rows[0].line; table.rows[0].cells["utterance"]; table.problems

A row is read whole or reported by its line and left out: cells are never shifted, and one bad row
costs no other. Cells are text as it stands in the file; `number` reads one as a number.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from core.control_characters import escaped, printable, separated
from core.errors import UserError, gettext_noop
from core.normalization import normalized
from corpus import spreadsheets
from corpus.encoding import EncodingError, decode, detect
from corpus.problems import Problem

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".xlsx", spreadsheets.CELLS)
DELIMITERS = ("\t", ";", "|", ",")  # where two fit equally well, the one that words hold least
LARGEST_CELL = 100_000  # characters
SAMPLE = 64 * 1024  # characters by which the delimiter is found
MOST_BROKEN = 1000  # rows with a broken quote, after which the rest is not read
BLANK = re.compile(r"\n+")
NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?")
SEPARATOR_LINE = re.compile(
    r'"?sep=([,;|:\t])"?', re.IGNORECASE
)  # what Excel may write as first line

Record = tuple[int, list[str]]  # line, cells


class TableError(UserError):
    """A file that cannot be read as a table; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line where it starts (of a sheet, its number), and column -> cell."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """What a file holds, how it was read, and what was repaired, left out or is doubtful."""

    columns: list[str]
    rows: list[Row]
    problems: list[Problem] = field(default_factory=list)
    encoding: str = ""  # empty for a spreadsheet
    delimiter: str = ""  # of CSV; empty for one column, and for other kinds
    sheet: str = ""  # the sheet that was read
    sheets: tuple[str, ...] = ()  # all of the spreadsheet's
    repeated: tuple[str, ...] = ()  # names that more than one column has
    places: tuple[int, ...] = ()  # of the columns in a row of the file, from 0

    def where(self, line: int, column: str) -> str:
        """What a Problem calls a cell: its column, and in a spreadsheet its place as well."""
        if not self.sheet or column not in self.columns:
            return column
        letters = spreadsheets.letters(self.places[self.columns.index(column)] + 1)
        return f"{column} ({self.sheet}!{letters}{line})"

    def require_rows(self) -> None:
        """Raises TableError saying why, if no row could be read."""
        if not self.rows:
            raise _nothing([p for p in self.problems if p.outcome == "rejected"])


def read(
    name: str,
    data: bytes,
    *,
    encoding: str = "",
    sheet: str = "",
    expected: Collection[str] = (),
    limits: spreadsheets.Limits = spreadsheets.UPLOADED,
    only_header: bool = False,
) -> Table:
    """The table in a file, by its suffix; any other suffix than those known is read as CSV.

    `encoding` is found unless it is named. `expected` are column names by which a doubtful
    delimiter is decided, and which sheet is read unless `sheet` names it. A table may have a header
    and no rows: see `require_rows`. `only_header` may leave out rows of CSV. Raises TableError.
    """
    suffix = PurePath(name).suffix.lower()
    if not data.strip():
        raise TableError(gettext_noop("The file is empty."))
    try:
        if suffix == spreadsheets.CELLS:
            return read_sheets(spreadsheets.unpack(data), sheet, expected, limits)
        if suffix == ".xlsx":
            return read_sheets(spreadsheets.read(data, limits), sheet, expected, limits)
        spreadsheets.refuse_binary(data)
        encoding = encoding or detect(data)
        text = decode(data, encoding)
    except (spreadsheets.SpreadsheetError, EncodingError) as error:
        raise TableError(error.template, **error.values) from error
    if suffix == ".jsonl":
        return read_json_lines(text, encoding=encoding, limits=limits)
    if only_header:
        text = text[: text.find("\n", SAMPLE) + 1 or None]
    return read_text(text, encoding=encoding, expected=expected, limits=limits)


def read_text(
    text: str,
    *,
    encoding: str = "",
    expected: Collection[str] = (),
    limits: spreadsheets.Limits = spreadsheets.UPLOADED,
) -> Table:
    """The table in text of delimited cells, its delimiter found. Raises TableError."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    first, line = 0, 1
    delimiter = None
    match = SEPARATOR_LINE.fullmatch(text[: text.find("\n")]) if "\n" in text else None
    if match:
        first, line, delimiter = match.end() + 1, 2, match.group(1)
    if delimiter is None:
        delimiter = _delimiter(text[:SAMPLE], expected)
    problems: list[Problem] = []
    tight = _spaced(text, delimiter, first)
    records = _records(text, delimiter, problems, first, line, tight)
    return _named(records, problems, limits, encoding=encoding, delimiter=delimiter)


def number(text: str) -> float | None:
    """`1.5`, `1,5`, `-2` -> a number; None for anything else, such as one with thousands separated.

    A single comma is a decimal comma: cells that stand in a table are whole.
    """
    found = NUMBER.fullmatch(text.strip().replace("\u2212", "-"))
    return float(found.group().replace(",", ".")) if found else None


# ---------------------------------------------------------------- delimited text
# Python's csv reads an open quote to the end of the file as one cell and says nothing, ends at the
# first cell over a global limit, and does not know where a row starts. So records are parted here,
# by the same rules (RFC 4180), and a broken one costs its first line only.


def _cell_of(delimiter: str, tight: bool) -> re.Pattern[str]:
    ends = rf"{re.escape(delimiter)}\n"
    space = " *+" if tight else ""
    return re.compile(
        rf'{space}"(?P<quoted>[^"]*+(?:""[^"]*+)*+)"{space}(?=[{ends}]|\Z)'
        rf'|{space}(?P<plain>(?!")[^{ends}]*+)'
    )


def _records(
    text: str, delimiter: str, problems: list[Problem], at: int, line: int, tight: bool
) -> Iterator[Record]:
    """Line and cells of every record that is not blank; broken ones are reported."""
    cell, width, broken = _cell_of(delimiter, tight), 0, 0
    while at < len(text):
        if blank := BLANK.match(text, at):
            line, at = line + blank.end() - at, blank.end()
            continue
        following = text.find("\n", at) + 1 or len(text) + 1  # where the next line starts
        cells: list[str] | None
        if text.find('"', at, following) < 0:
            cells, end = _plain(text[at : following - 1], delimiter, tight), following
        else:
            cells, end = _record(text, at, cell)
        spans = end > following
        if cells is not None and width and spans and _spans_rows(text[at:end], cells, width, cell):
            cells = None
        if cells is None and not width:
            raise TableError(
                gettext_noop(
                    "Line %(line)d is the header, in which a quote is opened and not closed, or"
                    " text follows it."
                ),
                line=line,
            )
        if cells is None:
            problems.append(_broken(text, at, line, following))
            broken, end = broken + 1, following
            if broken == MOST_BROKEN:
                raise TableError(
                    gettext_noop("%(count)d rows have a broken quote, the first is line %(line)d."),
                    count=broken,
                    line=next(p.line for p in problems if p.reason == OPEN),
                )
        else:
            width = width or len(cells)
            if spans and width > 1:
                _suspect(text[at:end], line, width, cell, problems)
            yield line, cells
        line += text.count("\n", at, end)
        at = end


def _plain(line: str, delimiter: str, tight: bool) -> list[str]:
    """The cells of a line without quotes, as `_record` finds them."""
    cells = line.split(delimiter) if delimiter else [line]
    _limit_columns(len(cells))
    return [cell.lstrip(" ") for cell in cells] if tight else cells


def _limit_columns(count: int) -> None:
    if count > spreadsheets.MOST_COLUMNS:
        raise TableError(
            gettext_noop("The table has more than %(limit)d columns."),
            limit=spreadsheets.MOST_COLUMNS,
        )


def _record(text: str, at: int, cell: re.Pattern[str]) -> tuple[list[str] | None, int]:
    """The cells of the record at `at`, None where a quote is broken; and where the next starts."""
    cells = []
    while True:
        found = cell.match(text, at)
        if found is None:
            return None, at
        quoted = found["quoted"]
        cells.append(found["plain"] if quoted is None else quoted.replace('""', '"'))
        _limit_columns(len(cells))
        at = found.end()
        if at >= len(text) or text[at] == "\n":
            return cells, at + 1
        at += 1


OPEN = gettext_noop(
    "a quote is opened and not closed, or text follows it; the line was left out, and the lines"
    " after it were read"
)
SUSPECT = gettext_noop(
    "a cell goes on to line %(end)d and holds lines that look like rows; is a quote left open?"
)


def _broken(text: str, at: int, line: int, following: int) -> Problem:
    return _problem(line, "", text[at : following - 1], "rejected", OPEN, {})


def _widths(record: str, cell: re.Pattern[str]) -> list[int]:
    """How many cells each line of the record would have as a row; 0 if it would be none."""
    rows = ((line, *_record(line.replace('"', "'"), 0, cell)) for line in record.split("\n"))
    return [len(cells or []) if end > len(line) else 0 for line, cells, end in rows]


def _spans_rows(record: str, cells: list[str], width: int, cell: re.Pattern[str]) -> bool:
    """Whether an open quote took other rows: the record of several lines is not as wide as the
    header, or each of its three lines or more is.
    """
    if len(cells) != width:
        return True
    lines = record.removesuffix("\n")
    return width > 2 and lines.count("\n") > 1 and set(_widths(lines, cell)) == {width}


def _suspect(
    record: str, line: int, width: int, cell: re.Pattern[str], problems: list[Problem]
) -> None:
    """Warn of a cell of several lines that hold what would be a row by itself."""
    first, *inner, last = _widths(record.removesuffix("\n"), cell)
    if width in inner or first == last == width:
        details = {"end": line + len(inner) + 1}
        problems.append(_problem(line, "", record, "warning", SUSPECT, details))


def _delimiter(sample: str, expected: Collection[str]) -> str:
    """The delimiter whose header has the names expected, then whose rows are as wide as it."""
    wanted = {normalized(name) for name in expected}
    best, chosen = (0, 0.0, 0), ""
    for delimiter in DELIMITERS:
        header, share = _fit(sample, delimiter, False)
        if len(header) > 1:
            names = sum(normalized(name) in wanted for name in header)
            rank = (names, share, len(header))
            if rank > best:
                best, chosen = rank, delimiter
    return chosen


def _fit(sample: str, delimiter: str, tight: bool) -> tuple[list[str], float]:
    """The header, and the share of lines that belong to a record of its width."""
    problems: list[Problem] = []
    fitting = count = 0
    header: list[str] = []
    try:
        for _line, cells in _records(sample, delimiter, problems, 0, 1, tight):
            header = header or cells
            count += 1
            fitting += len(cells) == len(header)
    except TableError:  # by this delimiter the header's quotes are broken, or nearly all others
        first = sample.lstrip("\n").partition("\n")[0].replace('"', "'")
        return header or first.split(delimiter), 0.0
    return header, fitting / (count + len(problems)) if count else 0.0


def _spaced(text: str, delimiter: str, first: int) -> bool:
    """Whether spaces stand around quotes (`1, "a, b" ,2`), so that more rows are whole."""
    if not delimiter or (f'{delimiter} "' not in text and f'" {delimiter}' not in text):
        return False
    sample = text[first : first + SAMPLE]
    return _fit(sample, delimiter, True)[1] > _fit(sample, delimiter, False)[1]


# ---------------------------------------------------------------- JSON Lines


def read_json_lines(
    text: str, *, encoding: str = "", limits: spreadsheets.Limits = spreadsheets.UPLOADED
) -> Table:
    """The table in text with a JSON object a line. Raises TableError where no line is one."""
    problems: list[Problem] = []
    columns: dict[str, None] = {}
    rows: list[Row] = []
    for line, words in enumerate(text.split("\n"), 1):
        if not words.strip():
            continue
        found = _json_cells(words, line, problems)
        if found is None:
            continue
        columns |= dict.fromkeys(found)
        rows.append(Row(line, found))
        _limit(len(columns) * len(rows), limits)
    if not rows:
        raise TableError(
            gettext_noop(
                "Line %(line)d is not a JSON object, nor is another. Expected JSON Lines: one"
                ' object a line, such as {"text": "…"}.'
            ),
            line=problems[0].line if problems else 1,
        )
    named = list(columns)
    full = [Row(row.line, {name: row.cells.get(name, "") for name in named}) for row in rows]
    return Table(named, full, problems, encoding)


def _json_cells(words: str, line: int, problems: list[Problem]) -> dict[str, str] | None:
    def rejected(reason: str, column: str = "", value: str = "", **details: str) -> None:
        problems.append(_problem(line, column, value, "rejected", reason, details))

    try:
        pairs = json.loads(words, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        rejected(gettext_noop("not a JSON object"), value=words)
        return None
    if not isinstance(pairs, _Pairs):
        rejected(gettext_noop("not a JSON object"), value=words)
        return None
    cells: dict[str, str] = {}
    for name, value in pairs:
        key = _name(name)
        if key in cells:
            rejected(gettext_noop("the name %(name)s stands twice in the object"), name=key)
            return None
        if isinstance(value, list):  # _Pairs, an object, is one as well
            rejected(gettext_noop("expected text or a number"), key, words)
            value = ""
        cells[key] = spreadsheets.shown(value)
        if len(cells[key]) > LARGEST_CELL:
            rejected(TOO_LONG, key, cells[key], count=str(len(cells[key])))
            return None
    return {key: _clean(cell, line, key, problems) for key, cell in cells.items()}


class _Pairs(list[tuple[str, Any]]):
    """The pairs of a JSON object, so that a name that stands twice is seen."""


# ---------------------------------------------------------------- spreadsheets


def read_sheets(
    sheets: Sequence[spreadsheets.Sheet],
    wanted: str = "",
    expected: Collection[str] = (),
    limits: spreadsheets.Limits = spreadsheets.UPLOADED,
) -> Table:
    """The table in the sheet that is called `wanted`; else of those that are visible and have rows
    in the first whose header has most of the names `expected`. Raises TableError.
    """
    names = tuple(sheet.name for sheet in sheets)
    if wanted and wanted not in names:
        raise TableError(
            gettext_noop("The spreadsheet has no sheet “%(sheet)s”; it has %(names)s."),
            sheet=wanted,
            names=", ".join(names),
        )
    usable = [s for s in sheets if s.rows and not s.hidden] or [s for s in sheets if s.rows]
    if not usable:
        raise TableError(gettext_noop("The table has no rows."))
    names_of = {normalized(name) for name in expected}
    fitting = max(usable, key=lambda s: len(names_of & {normalized(cell) for cell in s.rows[0][1]}))
    chosen = next((s for s in sheets if s.name == wanted), fitting)
    problems = list(chosen.problems)
    others = [s for s in sheets if s is not chosen and s.rows]
    if others:
        left = gettext_noop("only the sheet “%(sheet)s” was read, not %(names)s")
        unread = ", ".join(s.name + (" (hidden)" if s.hidden else "") for s in others)
        problems.append(
            Problem(0, "", unread, "warning", left, {"sheet": chosen.name, "names": unread})
        )
    return _named(iter(chosen.rows), problems, limits, sheet=chosen.name, sheets=names)


# ---------------------------------------------------------------- named cells

TOO_LONG = gettext_noop("a cell has %(count)s characters; the row was left out")
RAGGED = gettext_noop(
    "the row has %(found)d cells and the header %(expected)d; a cell that holds the delimiter"
    " must stand in quotes"
)


def _named(
    records: Iterable[Record],
    problems: list[Problem],
    limits: spreadsheets.Limits,
    **how: Any,
) -> Table:
    """The table of records, the first of which is the header."""
    records = iter(records)
    line, header = next(records, (0, []))
    if not header:
        raise TableError(gettext_noop("The table has no rows."))
    if max(map(len, header)) > LARGEST_CELL:
        raise TableError(
            gettext_noop("Line %(line)d is the header, in which a cell has %(count)d characters."),
            line=line,
            count=max(map(len, header)),
        )
    whole = bool(how.get("sheet"))  # a sheet's rows end where its last filled cell is
    found, count = [], 0
    for number_, cells in records:
        count += len(cells)
        _limit(count, limits)
        if not any(map(str.strip, cells)):
            cells = []
        elif len(cells) != len(header) and not whole:
            ragged = {"found": len(cells), "expected": len(header)}
            value = (how.get("delimiter") or ",").join(cells)
            problems.append(_problem(number_, "", value, "rejected", RAGGED, ragged))
            continue
        longest = max(map(len, cells), default=0)
        if longest > LARGEST_CELL:
            value, size = max(cells, key=len), {"count": str(longest)}
            problems.append(_problem(number_, "", value, "rejected", TOO_LONG, size))
            continue
        found.append((number_, cells))
    width = max([len(header), *(len(cells) for _line, cells in found)])
    header = [*header, *[""] * (width - len(header))]
    columns, repeated = _columns(line, header, found, problems)
    places = tuple(place for place, name in enumerate(columns) if name)
    named = [columns[place] for place in places]
    _limit(len(places) * len(found), limits)
    rows = []
    for number_, cells in found:
        if len(cells) == len(places) == width:
            filled = dict(zip(named, cells, strict=True))
        else:
            given = (cells[place] if place < len(cells) else "" for place in places)
            filled = dict(zip(named, given, strict=True))
        if not "".join(filled.values()).isprintable():
            for name, cell in filled.items():
                filled[name] = _clean(cell, number_, name, problems)
        rows.append(Row(number_, filled))
    return Table(named, rows, problems, repeated=repeated, places=places, **how)


def _nothing(rejected: Sequence[Problem]) -> TableError:
    if not rejected:
        return TableError(gettext_noop("The table has no rows."))
    first = rejected[0]
    if first.reason == RAGGED:
        template = gettext_noop(
            "No row of the table can be read: line %(line)d has %(found)d cells and the header"
            " %(expected)d. A cell that holds the delimiter must stand in quotes."
        )
        return TableError(template, line=first.line, **first.details)
    return TableError(
        gettext_noop(
            "No row of the table can be read: %(count)d were left out, the first in line"
            " %(line)d: “%(value)s”."
        ),
        count=len(rejected),
        line=first.line,
        value=first.value[:80],
    )


def _columns(
    line: int, header: Sequence[str], found: Sequence[Record], problems: list[Problem]
) -> tuple[list[str], tuple[str, ...]]:
    """A name for each column, "" for one without name and cells; and the names that repeat."""
    names: dict[str, None] = {}
    columns: list[str] = []
    repeated: dict[str, int] = {}  # name -> how often it stood
    for place, cell in enumerate(header):
        name = given = _name(cell)
        if not name and any(place < len(cells) and cells[place].strip() for _line, cells in found):
            name = f"column {place + 1}"
            unnamed = gettext_noop("the column has no name in the header; it is called %(name)s")
            problems.append(Problem(line, name, "", "warning", unnamed, {"name": name}))
        while name and name in names:
            repeated[given] = repeated.get(given, 1) + 1
            name = f"{given} ({repeated[given]})"
        if name != given and given:
            twice = gettext_noop("the name %(given)s stands twice; this column is called %(name)s")
            details = {"given": given, "name": name}
            problems.append(Problem(line, name, given, "warning", twice, details))
        names[name] = None
        columns.append(name)
    return columns, tuple(repeated)


def _name(header: str) -> str:
    """A column's name without what cannot be seen in it."""
    shown = (c for c in printable(header)[0] if unicodedata.category(c) != "Cf")
    return " ".join("".join(shown).split())


def _problem(
    line: int, column: str, value: str, outcome: str, reason: str, details: dict[str, Any]
) -> Problem:
    return Problem(line, column, escaped(value)[:2000], outcome, reason, details)


def _clean(cell: str, line: int, column: str, problems: list[Problem]) -> str:
    clean, removed = separated(cell)
    if removed:
        reason = gettext_noop("%(count)d control characters were removed or replaced")
        problems.append(_problem(line, column, cell, "repaired", reason, {"count": removed}))
    return clean


def _limit(cells: int, limits: spreadsheets.Limits) -> None:
    if cells > limits.cells:
        raise TableError(
            gettext_noop("The table has more than %(limit)d cells. Divide it into several files."),
            limit=limits.cells,
        )
