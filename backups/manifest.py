"""Plain: what a backup consists of, as lines of JSON: a head, a line for each file, and an end with
their number and digest, so that a manifest that was cut off is noticed.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from core.errors import UserError, gettext_noop

FORMAT = 1


@dataclass(frozen=True)
class FileEntry:
    """A file of a backup: where it belongs, what it holds, and how it looked when it was read."""

    area: str
    name: str
    size: int
    sha256: str
    signature: str
    mode: int | None = None


@dataclass
class Manifest:
    """The content of one backup."""

    head: dict[str, Any]
    files: list[FileEntry] = field(default_factory=list)

    @property
    def objects(self) -> dict[str, int]:
        """Digest -> size of everything that it needs."""
        found = {entry.sha256: entry.size for entry in self.files}
        for part in ("database", "keys"):
            if self.head.get(part):
                found[self.head[part]["sha256"]] = self.head[part]["size"]
        return found

    @property
    def bytes(self) -> int:
        """Of all files and the database."""
        sizes = sum(entry.size for entry in self.files)
        return sizes + int(self.head["database"]["size"])


def pieces_of(manifest: Manifest) -> Iterator[bytes]:
    """A manifest as it is written."""
    digest = hashlib.sha256()
    for line in _lines(manifest):
        digest.update(line)
        yield line
    yield _line({"end": len(manifest.files), "sha256": digest.hexdigest()})


def _lines(manifest: Manifest) -> Iterator[bytes]:
    yield _line({"format": FORMAT, **manifest.head})
    for entry in manifest.files:
        yield _line(vars(entry))


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"


def damaged_manifest(name: str) -> UserError:
    """The error of a manifest that is not as it was written."""
    return UserError(
        gettext_noop(
            "The list of files of the backup %(name)s is damaged or incomplete. Nothing was"
            " changed. Take another backup."
        ),
        name=name,
    )


def read_manifest(name: str, pieces: Iterable[bytes]) -> Manifest:
    """The manifest of these bytes. Raises UserError if it was changed, is cut off, or of a later
    format.
    """
    damaged = damaged_manifest(name)
    *lines, last = b"".join(pieces).removesuffix(b"\n").split(b"\n")
    try:
        end = json.loads(last)
        digest = hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
        if end.get("sha256") != digest or end.get("end") != len(lines) - 1:
            raise damaged
        head = json.loads(lines[0])
        if head.pop("format") > FORMAT:
            raise UserError(
                gettext_noop(
                    "The backup %(name)s was made by a later version of Shengqing. Nothing was"
                    " changed. Install that version, then restore."
                ),
                name=name,
            )
        rows = [json.loads(line.decode("utf-8", "surrogateescape")) for line in lines[1:]]
        return Manifest(head, [FileEntry(**row) for row in rows])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        if isinstance(error, UserError):
            raise
        raise damaged from error
