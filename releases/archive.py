"""Plain: a directory as one zip that is never written to disk: any range of it can be read.

Files are stored, not compressed, so that the place of every byte follows from names, sizes and
CRC-32 alone (PKWARE APPNOTE 6.3, with Zip64 where numbers outgrow 32 bits). The same directory
gives the same bytes. The index of names, sizes and checksums is kept beside the directory.
"""

import json
import struct
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

BLOCK = 1 << 18
DAY = 33  # 1980-01-01 as DOS writes dates
UTF8 = 0x800
FULL = 0xFFFFFFFF
Index = list[tuple[str, int, int]]  # path, bytes, CRC-32
# of a directory, the path of a file in it, its first byte and the one after the last -> blocks
Read = Callable[[Path, str, int, int], Iterator[bytes]]


def index(root: Path) -> Index:
    """Every file of the directory by name, with its size and CRC-32."""
    found = []
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        crc = 0
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                crc = zlib.crc32(block, crc)
        found.append((path.relative_to(root).as_posix(), path.stat().st_size, crc))
    return found


def index_path(root: Path) -> Path:
    """Where the index of a directory lies."""
    return root.with_name(f"{root.name}.index.json")


def keep(found: Index, root: Path) -> None:
    """Write the index beside the directory."""
    place = index_path(root)
    draft = place.with_suffix(".draft")
    draft.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    draft.replace(place)


def of(root: Path, folder: str, read: "Read | None" = None) -> "Archive":
    """The directory `root` as a zip with one `folder` in it; `read` gives the bytes of its files.
    Raises OSError if it is not there.
    """
    place = index_path(root)
    if not place.exists():
        keep(index(root), root)
    rows = json.loads(place.read_text("utf-8"))
    files = [(str(n), int(size), int(crc)) for n, size, crc in rows]
    return Archive(root, folder, files, read or read_blocks)


@dataclass(frozen=True)
class Archive:
    """A zip of `files` that lie under `root`."""

    root: Path
    folder: str
    files: Index
    read_file: Read

    @cached_property
    def _starts(self) -> list[int]:
        """Where each file's local header begins, and at the end where the directory does."""
        starts = [0]
        for name, size, _crc in self.files:
            starts.append(starts[-1] + len(self._local(name, size, 0)) + size)
        return starts

    @cached_property
    def _directory(self) -> bytes:
        """The central directory and what ends it."""
        entries = [
            self._central(name, size, crc, start)
            for (name, size, crc), start in zip(self.files, self._starts, strict=False)
        ]
        body, start, count = b"".join(entries), self._starts[-1], len(entries)
        large = start > FULL - 1 or count > 0xFFFE or len(body) > FULL - 1
        if large:
            at = start + len(body)
            record = (0x06064B50, 44, 45, 45, 0, 0, count, count, len(body), start)
            body += struct.pack("<IQHHIIQQQQ", *record)
            body += struct.pack("<IIQI", 0x07064B50, 0, at, 1)
        shown = min(count, 0xFFFF)
        size = min(sum(map(len, entries)), FULL)
        end = (0x06054B50, 0, 0, shown, shown, size, min(start, FULL), 0)
        return body + struct.pack("<IHHHHIIH", *end)

    @property
    def size(self) -> int:
        """Bytes of the whole zip."""
        return self._starts[-1] + len(self._directory)

    def read(self, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """Bytes `first` to `last` (the end, if None), both included, in blocks."""
        stop = self.size if last is None else min(last + 1, self.size)
        at, place = first, max(0, bisect_right(self._starts, first) - 1)
        while at < stop and place < len(self.files):
            name, size, crc = self.files[place]
            start = self._starts[place]
            header = self._local(name, size, crc)
            inside = at - start
            if inside < len(header):
                piece = header[inside : stop - start]
                at += len(piece)
                yield piece
            if at < stop:
                begin = at - start - len(header)
                end = min(size, stop - start - len(header))
                for block in self.read_file(self.root, name, begin, end):
                    at += len(block)
                    yield block
                if at < min(stop, self._starts[place + 1]):
                    raise OSError(f"{name} is shorter than it was")
            place += 1
        if at < stop:
            begin = at - self._starts[-1]
            yield self._directory[begin : begin + stop - at]

    def _local(self, name: str, size: int, crc: int) -> bytes:
        path = f"{self.folder}/{name}".encode()
        large = size >= FULL
        extra = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
        shown = FULL if large else size
        fields = (45 if large else 20, UTF8, 0, 0, DAY, crc, shown, shown, len(path), len(extra))
        return struct.pack("<IHHHHHIIIHH", 0x04034B50, *fields) + path + extra

    def _central(self, name: str, size: int, crc: int, start: int) -> bytes:
        path = f"{self.folder}/{name}".encode()
        wide = [size, size] if size >= FULL else []
        wide += [start] if start >= FULL else []
        extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        shown = FULL if size >= FULL else size
        fields = (0x031E, 45 if wide else 20, UTF8, 0, 0, DAY, crc, shown, shown)
        more = (len(path), len(extra), 0, 0, 0, 0o100644 << 16, min(start, FULL))
        return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, *fields, *more) + path + extra


def read_blocks(root: Path, name: str, first: int, stop: int) -> Iterator[bytes]:
    with (root / name).open("rb") as file:
        file.seek(first)
        left = stop - first
        while left > 0 and (block := file.read(min(BLOCK, left))):
            left -= len(block)
            yield block
