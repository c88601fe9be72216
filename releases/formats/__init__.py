"""Plain: a frozen release directory in the layouts of other tools; one module a format.

Each has `entries(root)`: names of files and their bytes in blocks, made as they are read, so that
a release of any size is given out with little memory. `FORMATS` names them.
"""

import json
import zipfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from core.errors import UserError

FORMATS = ("cmma", "mmsa", "labelstudio", "elan", "webdataset")
Entries = Iterator[tuple[str, Iterable[bytes]]]


class ExportError(UserError):
    """A release that cannot be given in a layout; the message says why."""


def entries(name: str, root: Path) -> Entries:
    """The files of a format. Raises ExportError where the release has not what it needs."""
    found: Entries = import_module(f"releases.formats.{name}").entries(root)
    return found


def export(name: str, root: Path, out: Path) -> list[Path]:
    """Write the files of a format under `out`; their paths. Raises ExportError."""
    written = []
    for path, blocks in entries(name, root):
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            file.writelines(blocks)
        written.append(target)
    return written


def packed(files: Entries, folder: str) -> Iterator[bytes]:
    """The files as one zip, in blocks, without a file on disk and with no date but 1980."""
    sink = _Sink()
    with zipfile.ZipFile(cast(IO[bytes], sink), "w") as packing:
        for name, blocks in files:
            entry = zipfile.ZipInfo(f"{folder}/{name}", (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            if name.endswith((".tar", ".mp4")):
                entry.compress_type = zipfile.ZIP_STORED
            with packing.open(entry, "w", force_zip64=True) as target:
                for block in blocks:
                    target.write(block)
                    yield from sink.taken()
    yield from sink.taken()


class _Sink:
    """Takes what is written and gives it away."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def write(self, block: bytes) -> int:
        self.blocks.append(bytes(block))
        return len(block)

    def flush(self) -> None:
        """Nothing waits here."""

    def taken(self) -> Iterator[bytes]:
        blocks, self.blocks = self.blocks, []
        if whole := b"".join(blocks):
            yield whole


def rows(root: Path) -> Iterator[dict[str, Any]]:
    """The utterances of a release, in order."""
    with (root / "utterances.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def dialogues(root: Path) -> Iterator[list[dict[str, Any]]]:
    """The utterances of each dialogue, in order."""
    together: list[dict[str, Any]] = []
    for row in rows(root):
        if together and together[0]["dialogue"] != row["dialogue"]:
            yield together
            together = []
        together.append(row)
    if together:
        yield together


def judgements(root: Path) -> Iterator[dict[str, Any]]:
    """Every judgement of a release; those of an utterance together, in its order."""
    with (root / "judgements.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def read(root: Path, name: str) -> Any:
    """One of the JSON files of a release."""
    return json.loads((root / name).read_text("utf-8"))


def blocks_of(path: Path) -> Iterator[bytes]:
    """A file in blocks."""
    with path.open("rb") as file:
        while block := file.read(1 << 18):
            yield block
