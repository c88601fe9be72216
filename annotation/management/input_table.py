"""What the commands that take a table of answers have in common: its columns, its bad lines."""

from pathlib import Path

from django.core.management.base import CommandError

from core.errors import UserError
from core.normalization import normalized
from core.translation import translate, translate_error
from corpus import tabular

SHOWN = 20  # bad lines that are listed


class InputTable:
    """The rows of a file with the columns that are needed; `bad` holds line -> what is wrong."""

    def __init__(self, file: Path, columns, encoding="", sheet=""):
        """Raises CommandError where there is no such table."""
        self.file, self.columns = file, columns
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        try:
            self.table = tabular.read(
                file.name, file.read_bytes(), encoding=encoding, sheet=sheet, expected=columns
            )
            self._check_columns()
            self.table.require_rows()
        except UserError as error:
            raise CommandError(f"{file}: {translate_error(error)} Nothing was saved.") from error
        except OSError as error:
            raise CommandError(f"{error}. Nothing was saved.") from error
        rejected = (p for p in self.table.problems if p.outcome == "rejected")
        self.bad = {
            problem.line: translate(problem.reason, problem.details) for problem in rejected
        }

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument("--encoding", default="", help="of the file; default: found")
        parser.add_argument("--sheet", default="", help="of a spreadsheet; default: found")
        parser.add_argument("--check", action="store_true", help="say what is wrong, save nothing")

    def _check_columns(self):
        found = self.table.columns
        missing = [name for name in self.columns if name not in found]
        if missing:
            raise CommandError(
                f"{self.file}, line 1: expected the columns {', '.join(self.columns)}; missing:"
                f" {', '.join(missing)}; found: {', '.join(found)}."
            )
        for name in set(self.columns) & set(self.table.repeated):
            raise CommandError(f"{self.file}, line 1: the column {name} stands twice.")

    def describe(self, write):
        """Say how the file was read, and what in it is doubtful."""
        table = self.table
        how = [table.encoding, f"delimiter {table.delimiter!r}" if table.delimiter else ""]
        how += [f"sheet {table.sheet}" if table.sheet else ""]
        write(f"{self.file.name}: {len(table.rows)} rows ({', '.join(filter(None, how))})")
        for problem in table.problems:
            if problem.outcome != "rejected":
                where = f"  line {problem.line} {problem.column}".rstrip()
                write(f"{where}: {translate(problem.reason, problem.details)}")

    def rows(self, question):
        """(line, cells) of every row that is whole; the first `question` cells may occur once."""
        lines: dict[tuple[str, ...], int] = {}
        for row in self.table.rows:
            cells = [row.cells[name].strip() for name in self.columns]
            empty = [name for name, cell in zip(self.columns, cells, strict=True) if not cell]
            asked = tuple(cells[:question])
            if len(empty) == len(cells):
                continue
            if empty:
                self.bad[row.line] = f"the cell {empty[0]} is empty."
            elif first := lines.get(asked):
                self.bad[row.line] = f"{', '.join(asked)} stands in line {first} as well."
            else:
                lines[asked] = row.line
                yield row.line, cells

    def refuse_bad(self):
        """Raises CommandError with every bad line, if there is one."""
        lines = [f"{self.file}, line {line}: {why}" for line, why in sorted(self.bad.items())]
        if len(lines) > SHOWN:
            lines = [*lines[:SHOWN], f"and {len(lines) - SHOWN} more lines."]
        if lines:
            raise CommandError("\n".join(lines) + " Nothing was saved.")


def one_of(word, keys):
    """The key that `word` is but for case and width; `word` where there is none, or several."""
    found = [key for key in keys if normalized(key) == normalized(word)]
    return found[0] if word not in keys and len(found) == 1 else word
