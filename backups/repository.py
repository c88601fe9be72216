"""Plain: a folder with several backups that share their files.

    shengqing-backup.json    what the folder is; with encryption, the key under the passphrase
    objects/ab/abcd…         each content once, by its digest (encrypted: by a keyed digest)
    backups/NAME.manifest    what a backup consists of; there only when everything of it is

Whatever is written is written beside its place, synced, and renamed. An interrupted backup leaves
objects that no manifest names, which the next one uses or deletes.
"""

import errno
import fcntl
import hashlib
import json
import logging
import os
import socket
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backups.encryption import Cipher, Damaged, new_lock, opened
from backups.manifest import Manifest, damaged_manifest, pieces_of, read_manifest
from core.errors import UserError, gettext_noop

log = logging.getLogger(__name__)

MARK = "shengqing-backup.json"
CHUNK = 1 << 20
FULL = (errno.ENOSPC, errno.EDQUOT)


class DamagedObject(UserError):
    """A stored file that is missing or not what it was."""


class Repository:
    """A folder of backups, opened."""

    def __init__(self, folder: Path, cipher: Cipher | None) -> None:
        self.folder = folder
        self.cipher = cipher

    @classmethod
    def create_or_open(cls, folder: Path, passphrase: str = "") -> "Repository":
        """A folder for backups, made if it is empty or not there."""
        if (folder / MARK).exists():
            return cls.open(folder, passphrase)
        with disk_errors(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(not path.name.endswith((".part", "lock")) for path in folder.iterdir()):
                raise UserError(
                    gettext_noop(
                        "%(folder)s holds something else than backups. Nothing was written."
                        " Name an empty folder, or one that does not exist."
                    ),
                    folder=str(folder),
                )
            lock, cipher = new_lock(passphrase) if passphrase else (None, None)
            mark = {"format": 1, "encryption": lock}
            try:
                _write_plainly(folder / MARK, [json.dumps(mark, indent=1).encode()])
            except FileExistsError:  # another one was first
                return cls.open(folder, passphrase)
        return cls(folder, cipher)

    @classmethod
    def open(cls, folder: Path, passphrase: str = "") -> "Repository":
        """A folder that has backups. Raises UserError, WrongPassphrase."""
        try:
            mark = json.loads((folder / MARK).read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise UserError(
                gettext_noop("There are no backups in %(folder)s: it has no %(mark)s."),
                folder=str(folder),
                mark=MARK,
            ) from error
        except ValueError as error:
            raise UserError(
                gettext_noop("%(file)s is damaged."), file=str(folder / MARK)
            ) from error
        lock = mark["encryption"]
        if lock and not passphrase:
            raise UserError(
                gettext_noop(
                    "The backups in %(folder)s are encrypted. Name the file with their passphrase:"
                    " --passphrase-file, or BACKUP_PASSPHRASE_FILE."
                ),
                folder=str(folder),
            )
        if passphrase and not lock:
            raise UserError(
                gettext_noop(
                    "The backups in %(folder)s are not encrypted, and a passphrase was given. Name"
                    " another folder for encrypted ones."
                ),
                folder=str(folder),
            )
        return cls(folder, opened(lock, passphrase) if lock else None)

    @contextmanager
    def locked(self, shared: bool = False) -> Iterator[None]:
        """Nobody else writes a backup here meanwhile, or (`shared`) deletes one. Raises UserError
        where somebody does.
        """
        try:
            number = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            if not shared:
                raise
            yield  # read from what cannot be written, where nobody deletes anything either
            return
        with os.fdopen(number, "r+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise UserError(
                    gettext_noop(
                        "%(folder)s is in use by another backup or restore (%(who)s). Wait until it"
                        " has ended. Nothing was written."
                    ),
                    folder=str(self.folder),
                    who=file.read(200).strip() or "?",
                ) from error
            if not shared:
                file.truncate(0)
                file.write(f"{socket.gethostname()}, process {os.getpid()}\n")
                file.flush()
            yield

    def names(self) -> list[str]:
        """The whole backups, the oldest first."""
        found = (self.folder / "backups").glob("*.manifest")
        return sorted(path.name.removesuffix(".manifest") for path in found)

    def read(self, name: str) -> Manifest:
        """The manifest of a backup. Raises UserError."""
        try:
            with self._manifest(name).open("rb") as file:
                if self.cipher:
                    return read_manifest(name, list(self.cipher.decrypted(file)))
                return read_manifest(name, [file.read()])
        except FileNotFoundError as error:
            raise UserError(
                gettext_noop("There is no backup %(name)s in %(folder)s. There are: %(names)s"),
                name=name,
                folder=str(self.folder),
                names=", ".join(self.names()) or "–",
            ) from error
        except Damaged as error:
            raise damaged_manifest(name) from error

    def store(self, pieces: Iterable[bytes]) -> tuple[str, int, int]:
        """Keep some bytes: their digest, how many, and how many of them are new on disk."""
        digest, size = hashlib.sha256(), 0

        def passing() -> Iterator[bytes]:
            nonlocal size
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                yield piece

        with disk_errors(self.folder):
            (self.folder / "objects").mkdir(mode=0o700, exist_ok=True)
            beside = self.folder / "objects" / f"{uuid.uuid4().hex}.part"
            try:
                _write_plainly(
                    beside, self.cipher.encrypted(passing()) if self.cipher else passing()
                )
                place = self._object(digest.hexdigest())
                if place.exists() and place.stat().st_size == beside.stat().st_size:
                    return digest.hexdigest(), size, 0
                place.parent.mkdir(mode=0o700, exist_ok=True)
                new = beside.stat().st_size
                beside.rename(place)
                return digest.hexdigest(), size, new
            finally:
                beside.unlink(missing_ok=True)

    def has(self, digest: str) -> bool:
        """Whether a content is kept here."""
        return self._object(digest).exists()

    def pieces(self, digest: str) -> Iterator[bytes]:
        """The content with a digest. Raises DamagedObject, at the latest at its end."""
        damaged = DamagedObject(
            gettext_noop(
                "A file of the backup is damaged or missing: %(file)s. Nothing was changed."
                " Take another backup."
            ),
            file=str(self._object(digest).relative_to(self.folder)),
        )
        found = hashlib.sha256()
        try:
            with self._object(digest).open("rb") as file:
                for piece in self.cipher.decrypted(file) if self.cipher else _chunks(file):
                    found.update(piece)
                    yield piece
        except (OSError, Damaged) as error:
            raise damaged from error
        if found.hexdigest() != digest:
            raise damaged

    def verify(
        self, digests: Collection[str], tell: Callable[[int, int], None] = lambda done, of: None
    ) -> list[str]:
        """Read every content again; the digests of those that are damaged or missing."""
        faulty = []
        for number, digest in enumerate(sorted(digests)):
            try:
                for _piece in self.pieces(digest):
                    pass
            except DamagedObject:
                faulty.append(digest)
            tell(number + 1, len(digests))
        return faulty

    def drop(self, digests: Collection[str]) -> None:
        """Forget damaged contents, so that the next backup stores them anew."""
        for digest in digests:
            self._object(digest).unlink(missing_ok=True)

    def publish(self, name: str, manifest: Manifest) -> None:
        """Make a backup one, now that everything of it is here."""
        with disk_errors(self.folder):
            (self.folder / "backups").mkdir(mode=0o700, exist_ok=True)
            pieces = pieces_of(manifest)
            _write(self._manifest(name), self.cipher.encrypted(pieces) if self.cipher else pieces)
            os.sync()  # the folders of objects, too

    def prune(self, keep: int) -> list[str]:
        """Delete all backups but the last `keep`; their names. Contents that none of those left
        needs are deleted as well, unless a manifest cannot be read.
        """
        names = self.names()
        gone = names[:-keep] if keep else []
        for name in gone:
            self._manifest(name).unlink()
        self.collect()
        return gone

    def collect(self) -> None:
        """Delete what an interrupted backup left, and contents that no backup needs."""
        try:
            needed = {
                self._object(digest) for name in self.names() for digest in self.read(name).objects
            }
        except UserError as error:  # what a damaged one needs is not known: nothing is deleted
            log.warning("contents that no backup needs were kept: %s", error)
            return
        for path in [*self.folder.glob("objects/*/*"), *self.folder.glob("objects/*.part")]:
            if path not in needed:
                path.unlink()
        for path in self.folder.glob("backups/*.part"):
            path.unlink()

    def _object(self, digest: str) -> Path:
        name = self.cipher.name_of(digest) if self.cipher else digest
        return self.folder / "objects" / name[:2] / name

    def _manifest(self, name: str) -> Path:
        return self.folder / "backups" / f"{name}.manifest"


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """What the system says of a folder, as a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise UserError(
                gettext_noop(
                    "The disk with %(folder)s is full. This backup was not made; earlier ones are"
                    " whole. Make room or keep fewer backups, then try again."
                ),
                folder=str(folder),
            ) from error
        raise UserError(
            gettext_noop(
                "%(folder)s cannot be written: %(why)s. This backup was not made; earlier ones are"
                " whole."
            ),
            folder=str(folder),
            why=error.strerror or str(error),
        ) from error


def _chunks(file: Any) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        yield piece


def _write_plainly(path: Path, pieces: Iterable[bytes]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    try:
        _write_plainly(beside, pieces)
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
