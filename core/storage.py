"""Files through Django's storage: on the local disk by default, in an object store by settings."""

import hashlib
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

SPARE_DISK = 200 * 1024**2  # bytes of this machine's disk that stay free


def local_path(name: str) -> Path | None:
    """Where a stored file lies on this machine; None if it is in an object store."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return None


@contextmanager
def local(name: str) -> Iterator[Path]:
    """A stored file as a path: itself, or a copy fetched for as long as it is used."""
    path = local_path(name)
    if path is not None:
        yield path
        return
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.WORK_DIR) as folder:
        copy = Path(folder) / Path(name).name
        with default_storage.open(name, "rb") as stored, copy.open("wb") as target:
            shutil.copyfileobj(stored, target, 1 << 20)
        yield copy


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put(path: Path, name: str) -> None:
    """Move a finished file into the storage under this very name, instead of what is there."""
    target = local_path(name)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(settings.FILE_UPLOAD_PERMISSIONS)
        shutil.move(path, target)
        return
    default_storage.delete(name)
    with path.open("rb") as file:
        default_storage.save(name, File(file))
    path.unlink()


def put_once(path: Path, name: str) -> None:
    """Copy a finished file into the storage under this name; several at once do no harm.

    For names that say what the file holds: whoever comes later stores the same again. Nobody ever
    reads half of it.
    """
    target = local_path(name)
    if target is None:
        with path.open("rb") as file:
            stored = default_storage.save(name, File(file))
        if stored != name:  # it is there already
            default_storage.delete(stored)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.{uuid.uuid4()}")
    shutil.copyfile(path, beside)
    beside.chmod(settings.FILE_UPLOAD_PERMISSIONS)
    beside.replace(target)


def names_under(folder: str) -> Iterator[str]:
    """Every stored file below `folder`."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for file in sorted(files):
        yield f"{folder}/{file}"
    for inner in sorted(folders):
        yield from names_under(f"{folder}/{inner}")


def size_of(place: str | Path) -> int:
    """Bytes of a file, or of all files below a folder: a name in the storage or a path here."""
    path = place if isinstance(place, Path) else local_path(place)
    if path is None:
        bucket = getattr(default_storage, "bucket", None)
        if bucket is not None:  # a thousand objects at a time, not a request for each
            return sum(stored.size for stored in bucket.objects.filter(Prefix=f"{place}/"))
        return sum(default_storage.size(name) for name in names_under(str(place)))
    size = 0
    for file in [path] if path.is_file() else path.rglob("*"):
        with suppress(FileNotFoundError):  # deleted meanwhile
            size += file.stat().st_size if file.is_file() else 0
    return size


def remove(place: str | Path) -> None:
    """Delete a file, or a folder with all its files, if it is there."""
    path = place if isinstance(place, Path) else local_path(place)
    if path is None:
        for name in [*names_under(str(place)), str(place)]:
            default_storage.delete(name)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
