"""Plain: tables that people open in a spreadsheet. Every CSV of the product is written here or uses
`safe`, but for layouts of other tools, which programs read (`tests/core/test_csv_export.py`).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

FORMULA = re.compile(r"'*[=+\-@\t\r]")  # how text begins that a spreadsheet may run as a formula
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def safe(value: Any) -> Any:
    """A cell that no spreadsheet runs: an apostrophe stands before text that begins like a formula
    and is no plain number. Text with apostrophes before that gets one more: see `original`.
    """
    if isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def original(cell: str) -> str:
    """The text that `safe` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The lines of a CSV file in UTF-8 with its mark, as spreadsheets want it, one by one."""
    line = io.StringIO()
    table = csv.writer(line)
    line.write("\ufeff")
    table.writerow([safe(name) for name in header])
    for row in rows:
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        table.writerow([safe(value) for value in row])
    yield line.getvalue()
