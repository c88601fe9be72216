"""Plain: which published format some files are in, and by what it was recognised."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import gettext_noop
from corpus import tabular
from corpus.formats import chsims, cmma, cped, emotiontalk, meld, mustard
from corpus.formats.emotionlines import looks_like_emotionlines
from corpus.formats.layout import Layout, missing_columns
from corpus.formats.m3ed import looks_like_m3ed
from corpus.spreadsheets import PUBLISHED

MAPPED = "mapped"  # no format: a table whose columns a person maps
HEAD = 1 << 20  # bytes in which a header is looked for
JSON_HEAD = 64 * 1024**2  # bytes up to which JSON is read to be recognised
LAYOUTS: tuple[tuple[str, Layout], ...] = (
    ("cmma", cmma.LAYOUT),
    ("cmma", cmma.FIRST),
    ("cped", cped.LAYOUT),
    ("meld", meld.LAYOUT),
    ("chsims", chsims.LAYOUT),
    ("mustard", mustard.LAYOUT),
)
BY_COLUMNS = gettext_noop("%(file)s has the columns %(columns)s.")
BY_SHAPE = gettext_noop("%(file)s has the entries of this format.")
BY_MANIFEST = gettext_noop("%(file)s describes one of our releases.")
BY_NOTHING = gettext_noop("The files have the columns or entries of no format that is known here.")


@dataclass(frozen=True)
class Detected:
    """A format (`MAPPED` where none is recognised) and why, as a template with values."""

    format: str
    reason: str
    details: dict[str, Any]
    files: tuple[Path, ...]  # those that are read: others of the upload belong to them


def detect(paths: Sequence[Path]) -> Detected:
    """The format of an upload. What cannot be read is no error here: its reader will say why."""
    for path in paths:
        if path.name == "manifest.json" and (path.parent / "utterances.jsonl").is_file():
            details = {"file": path.name}
            return Detected("shengqing", BY_MANIFEST, details, (path,))
    recognised = [(path, found) for path in paths if (found := _format_of(path))]
    if not recognised:
        return Detected(MAPPED, BY_NOTHING, {}, tuple(readable(MAPPED, paths)))
    first, (name, reason, details) = recognised[0]
    mine = tuple(path for path, found in recognised if found[0] == name)
    return Detected(name, reason, {"file": first.name} | details, mine)


def readable(name: str, paths: Sequence[Path]) -> list[Path]:
    """Those of the files that a format's reader is given, if a person names the format."""
    if name == "shengqing":
        return [path for path in paths if path.name == "manifest.json"] or list(paths)
    if name != MAPPED:
        found = [p for p in paths if (match := _format_of(p)) and match[0] == name]
        if found:
            return found
    ours = [path for path in paths if path.suffix.lower() in SUFFIXES]
    return ours or list(paths)


SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".jsonl", ".json", ".parquet")


def _format_of(path: Path) -> tuple[str, str, dict[str, Any]] | None:
    """Format, reason and its values, or None."""
    if path.suffix.lower() == ".json":
        name = _format_of_json(path)
        return (name, BY_SHAPE, {}) if name else None
    if path.suffix.lower() in (".csv", ".tsv", ".txt", ".xlsx"):
        return _format_of_columns(path)
    return None


def _format_of_columns(path: Path) -> tuple[str, str, dict[str, Any]] | None:
    columns = header(path)
    fitting = [
        (len(layout.required), name, layout)
        for name, layout in LAYOUTS
        if columns and not missing_columns(columns, layout)
    ]
    if fitting:
        _size, name, layout = max(fitting, key=lambda found: found[0])
        return name, BY_COLUMNS, {"columns": ", ".join(layout.required)}
    if emotiontalk.fits(path, columns):
        return "emotiontalk", BY_COLUMNS, {"columns": ", ".join(columns)}
    return None


def header(path: Path) -> list[str]:
    """The column names of a table, read from its beginning; none where it is no table."""
    if path.suffix.lower() == ".xlsx":
        data = path.read_bytes()
    else:
        with path.open("rb") as file:
            data = file.read(HEAD)
        if len(data) == HEAD:
            data = data[: data.rfind(b"\n") + 1] or data
    try:
        return tabular.read(path.name, data, limits=PUBLISHED).columns
    except tabular.TableError:
        return []


def _format_of_json(path: Path) -> str:
    if path.stat().st_size > JSON_HEAD:
        return ""
    try:
        whole = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return ""
    if isinstance(whole, dict):
        if looks_like_m3ed(whole):
            return "m3ed"
        entries = [each for each in list(whole.values())[:20] if isinstance(each, dict)]
        if entries and all({"utterance", "context", "sarcasm"} <= each.keys() for each in entries):
            return "mustard"
        return ""
    if looks_like_emotionlines(whole):
        return "emotionlines"
    if isinstance(whole, list):
        first = list(_objects(whole[:20]))
        if first and all("data" in each and "annotations" in each for each in first):
            return "labelstudio"
        if first and all({"annotation_id", "lead_time"} <= each.keys() for each in first):
            return "labelstudio"  # JSON-MIN
    return ""


def _objects(values: Sequence[Any]) -> Iterator[dict[str, Any]]:
    return (value for value in values if isinstance(value, dict))
