"""Plain: the cells of any table, also of JSON and Parquet, for a person to say what they mean.

JSON is a list of objects, a list of lists of objects (dialogues of utterances, numbered in the
column `(dialogue)`), or an object of objects (named in the column `(key)`). Objects inside become
columns `outer.inner`, and stand as JSON in the column `outer` as well; lists stand as JSON.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from core.control_characters import separated
from core.errors import gettext_noop
from corpus import spreadsheets, tabular
from corpus.formats import FormatError, read_json
from corpus.problems import Problem
from corpus.spreadsheets import PUBLISHED

DIALOGUE, KEY = "(dialogue)", "(key)"
LONGEST_NAME = 500  # characters of the name of a column
MOST_INNER = 30  # names inside of objects of one column that become columns of their own
LIMITS = PUBLISHED
TOO_LONG = gettext_noop(
    "%(file)s, row %(line)d: the name of the column “%(start)s …” is longer than %(most)d"
    " characters. Shorten it."
)
CUT = gettext_noop("longer than %(most)d characters; the rest of the cell was left out")


def read(path: Path) -> tabular.Table:
    """The cells of one file. Raises FormatError."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _of_objects(path, enumerate(_parquet(path), 1), [])
    if suffix in (".json", ".jsonl"):
        problems: list[Problem] = []
        objects = _lines(path, problems) if suffix == ".jsonl" else _json(path, problems)
        return _of_objects(path, objects, problems)
    try:
        found = tabular.read(path.name, path.read_bytes(), limits=LIMITS)
        found.require_rows()
    except tabular.TableError as error:
        raise FormatError("%(file)s: %(why)s", file=path.name, why=error.to_json()) from error
    return found


Objects = Iterable[tuple[int, dict[str, Any]]]  # line or number, object


def _of_objects(path: Path, objects: Objects, problems: list[Problem]) -> tabular.Table:
    whole = list(objects)
    if not whole:
        raise FormatError(
            gettext_noop("%(file)s: no objects that could be rows. Expected a list of objects."),
            file=path.name,
        )
    inner: dict[str, dict[str, None]] = {}
    for _line, each in whole:
        for name, value in each.items():
            if isinstance(value, dict):
                inner.setdefault(name, {}).update(dict.fromkeys(value))
    outer = {name for _line, each in whole for name in each}
    apart = {name for name, keys in inner.items() if len(keys) <= MOST_INNER}
    # what would be called as another column stands in the JSON of its object alone
    apart -= {name for name in apart if any(f"{name}.{key}" in outer for key in inner[name])}
    columns: dict[str, None] = {}
    rows = []
    for line, each in whole:
        cells = {}
        for name, value in _cells(each, apart):
            clean, _removed = separated(_text(value))
            if len(clean) > tabular.LARGEST_CELL:
                most = {"most": tabular.LARGEST_CELL}
                problems.append(Problem(line, name[:80], clean[:2000], "repaired", CUT, most))
            if len(name) > LONGEST_NAME:
                about = {"line": line, "start": name[:40], "most": LONGEST_NAME}
                raise FormatError(TOO_LONG, file=path.name, **about)
            cells[name] = clean[: tabular.LARGEST_CELL]
        columns |= dict.fromkeys(cells)
        rows.append(tabular.Row(line, cells))
        if len(columns) * len(rows) > LIMITS.cells:
            raise FormatError(
                gettext_noop("%(file)s: more than %(most)d cells. Divide it into several files."),
                file=path.name,
                most=LIMITS.cells,
            )
    named = list(columns)
    full = [tabular.Row(r.line, {name: r.cells.get(name, "") for name in named}) for r in rows]
    return tabular.Table(named, full, problems)


def _cells(each: dict[str, Any], apart: set[str]) -> Iterator[tuple[str, Any]]:
    for name, value in each.items():
        yield name, value
        if name in apart and isinstance(value, dict):
            for key, part in value.items():
                yield f"{name}.{key}", part


def _text(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return spreadsheets.shown(value)


def _lines(path: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, dict):
                yield number, value
            else:
                reason = gettext_noop("not a JSON object")
                problems.append(Problem(number, "", line[:2000], "rejected", reason))


def _json(path: Path, problems: list[Problem]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        whole = read_json(path, problems)
    except FormatError:
        raise
    except (ValueError, RecursionError) as error:
        raise FormatError(
            gettext_noop("%(file)s: not JSON (%(why)s)."), file=path.name, why=str(error)[:200]
        ) from error
    entries: list[dict[str, Any] | Any] = []
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        if len(lists) == 1 and not any(isinstance(v, dict) for v in whole.values()):
            whole = lists[0]  # {"data": [...]}
    if isinstance(whole, dict):
        for key, value in whole.items():
            entries += [{KEY: key} | value] if isinstance(value, dict) else [value]
    elif isinstance(whole, list):
        for place, value in enumerate(whole, 1):
            if isinstance(value, list):
                entries += [
                    {DIALOGUE: str(place)} | turn if isinstance(turn, dict) else turn
                    for turn in value
                ]
            else:
                entries.append(value)
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, dict):
            yield number, entry
        else:
            reason = gettext_noop("not a JSON object")
            problems.append(Problem(number, "", str(entry)[:2000], "rejected", reason))


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow  # a second of import, for workers that read such a file only
    from pyarrow import parquet  # as above

    try:
        file = parquet.ParquetFile(path)
        groups = range(file.metadata.num_row_groups)
        size = sum(file.metadata.row_group(group).total_byte_size for group in groups)
        cells = file.metadata.num_rows * file.metadata.num_columns
        if size > LIMITS.bytes or cells > LIMITS.cells:
            raise FormatError(
                gettext_noop("%(file)s: more than %(most)d cells. Divide it into several files."),
                file=path.name,
                most=LIMITS.cells,
            )
        for batch in file.iter_batches(batch_size=5000):
            yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(
            gettext_noop("%(file)s: not Parquet that can be read (%(why)s)."),
            file=path.name,
            why=str(error)[:200],
        ) from error
