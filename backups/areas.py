"""The files of the installation, by area: what lies where, how it looks, and its content.

Media are in Django's storage, a folder or an object store; what hosts share beside them is folders,
of which an object store holds more than this host may have; everything else is a folder.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from storages.backends.s3 import S3Storage

from core import pieces, shared_folders

CHUNK = 1 << 20


class Vanished(Exception):
    """A file that was deleted before it was read."""


@dataclass(frozen=True)
class Look:
    """What is seen of a file without reading it: as long as it stays, its content does."""

    signature: str
    size: int
    mode: int | None = None


@dataclass(frozen=True)
class Folder:
    """An area whose files are on this machine."""

    key: str
    root: Path

    def listing(self) -> dict[str, Look]:
        """Name -> how it looks, of every file."""
        found: dict[str, Look] = {}
        self._list(self.root, "", found, set())
        return found

    def _list(self, folder: Path, prefix: str, found: dict[str, Look], above: set[str]) -> None:
        real = os.path.realpath(folder)
        if real in above:  # a link that leads back to where it came from
            return
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            name = f"{prefix}{entry.name}"
            try:
                if entry.is_dir():
                    self._list(Path(entry.path), f"{name}/", found, above | {real})
                elif entry.is_file():
                    found[name] = look_of(entry.stat())
            except FileNotFoundError:  # deleted meanwhile
                continue

    def pieces(self, name: str) -> Iterator[bytes]:
        """The content of a file. Raises Vanished."""
        try:
            with (self.root / name).open("rb") as file:
                yield from chunks_of(file)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Vanished(name) from error

    def look(self, name: str) -> Look | None:
        try:
            return look_of((self.root / name).stat())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def holds_folder(self, name: str) -> bool:
        return (self.root / name).is_dir()

    def write(self, name: str, pieces: Iterable[bytes], mode: int | None) -> None:
        """Put a file to its place, whole or not at all."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name[:200]}.restored")
        with beside.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(mode)
        beside.rename(path)

    def is_empty(self) -> bool:
        return not self.listing()

    @property
    def free(self) -> int | None:
        """Bytes of its disk that are free."""
        place = self.root
        while not place.exists():
            place = place.parent
        return shutil.disk_usage(place).free


@dataclass(frozen=True)
class Store:
    """Media in an object store."""

    key: str

    @property
    def _storage(self) -> Any:
        return default_storage

    def listing(self) -> dict[str, Look]:
        objects = self._storage.bucket.objects.all()
        shared = f"{shared_folders.PREFIX}/"
        return {
            each.key: _look_of_object(each) for each in objects if not each.key.startswith(shared)
        }

    def pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self._storage.open(name, "rb") as file:
                yield from chunks_of(file)
        except FileNotFoundError as error:
            raise Vanished(name) from error

    def look(self, name: str) -> Look | None:
        found = list(self._storage.bucket.objects.filter(Prefix=name, MaxKeys=1))
        if not found or found[0].key != name:
            return None
        return _look_of_object(found[0])

    def holds_folder(self, name: str) -> bool:
        return any(
            True for _each in self._storage.bucket.objects.filter(Prefix=f"{name}/").limit(1)
        )

    def write(self, name: str, pieces: Iterable[bytes], mode: int | None) -> None:
        beside = Path(settings.WORK_DIR) / "restored"
        beside.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w+b") as file:
            for piece in pieces:
                file.write(piece)
            file.seek(0)
            self._storage.delete(name)
            self._storage.save(name, File(file))
        beside.unlink()

    def is_empty(self) -> bool:
        return not any(True for _each in self._storage.bucket.objects.limit(1))

    @property
    def free(self) -> int | None:
        return None


@dataclass(frozen=True)
class SharedFolder(Folder):
    """Folders that hosts share by an object store, as that holds them: as they were when they were
    listed last.
    """

    found: dict[str, shared_folders.Entry] = field(default_factory=dict)

    def listing(self) -> dict[str, Look]:
        found = shared_folders.stored_files(self.key)
        self.found.clear()
        self.found.update(found)
        return {name: _look_of_entry(entry) for name, entry in found.items()}

    def pieces(self, name: str) -> Iterator[bytes]:
        try:
            yield from shared_folders.stored_content(self.found[name])
        except FileNotFoundError as error:
            raise Vanished(name) from error

    def look(self, name: str) -> Look | None:
        return _look_of_entry(self.found[name]) if name in self.found else None

    def holds_folder(self, name: str) -> bool:
        return any(each.startswith(f"{name}/") for each in self.found)

    def publish(self, names: Iterable[str]) -> None:
        """Let other hosts have some folders and files as they are on this one."""
        for name in sorted(names):
            if (self.root / name).exists():
                shared_folders.publish(self.root / name, announce=True)


@dataclass(frozen=True)
class StoredUploads(Folder):
    """Uploads on their way whose pieces are in an object store."""

    def listing(self) -> dict[str, Look]:
        with shared_folders.store_errors():
            prefix = f"{shared_folders.PREFIX}/{self.key}/"
            found = shared_folders.bucket().objects.filter(Prefix=prefix)
            tokens = {each.key.removeprefix(prefix).partition("/")[0] for each in found}
        looks = {token: self.look(token) for token in sorted(tokens)}
        return {token: look for token, look in looks.items() if look}

    def pieces(self, name: str) -> Iterator[bytes]:
        for piece in pieces.chain(self.root / name):
            yield from piece.get()["Body"].iter_chunks(CHUNK)

    def look(self, name: str) -> Look | None:
        found = pieces.chain(self.root / name)
        if not found:
            return None
        looks = "-".join(f"{each.size}-{each.e_tag}" for each in found)
        return Look(sha256(looks.encode()).hexdigest(), sum(each.size for each in found))

    def holds_folder(self, name: str) -> bool:
        return False

    def write(self, name: str, pieces_of_it: Iterable[bytes], mode: int | None) -> None:
        super().write(name, pieces_of_it, mode)
        with (self.root / name).open("rb") as file:
            pieces.store_whole(self.root / name, file)
        (self.root / name).unlink()


Area = Folder | Store


def areas() -> dict[str, Area]:
    """Every area of this installation, by key."""
    if isinstance(default_storage, S3Storage):  # the lazy one answers as what it wraps
        media: Area = Store("media")
    else:
        media = Folder("media", Path(default_storage.path("")))
    folders = {
        "releases": settings.RELEASES_DIR,
        "runs": settings.RUNS_DIR,
        "uploads": settings.WORK_DIR / "uploads",
        "encoders": settings.ENCODERS_DIR,
    }
    kinds: dict[str, type[Folder]] = {}
    if shared_folders.in_store():
        kinds = dict.fromkeys(("releases", "runs", "encoders"), SharedFolder)
        kinds["uploads"] = StoredUploads
    named = {key: kinds.get(key, Folder)(key, Path(root)) for key, root in folders.items() if root}
    return {"media": media, **named}


def look_of(stat: os.stat_result) -> Look:
    """Of a file's state: with the times of its content and of its name."""
    parts = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    return Look("-".join(map(str, parts)), stat.st_size, stat.st_mode & 0o777)


def _look_of_entry(entry: shared_folders.Entry) -> Look:
    sha256_of_it, size, key = entry
    return Look(f"{size}-{sha256_of_it}-{key}", size)


def _look_of_object(each: Any) -> Look:
    return Look(f"{each.size}-{each.e_tag}-{each.last_modified}", each.size)


def chunks_of(file: IO[bytes] | Any) -> Iterator[bytes]:
    """The content of an open file."""
    while piece := file.read(CHUNK):
        yield piece
