"""Plain: a ZIP that somebody sent, unpacked within limits of number, size, ratio and names."""

import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from core.control_characters import escaped
from core.errors import UserError, gettext_noop

MOST_ENTRIES = 20_000
MOST_BYTES = 16 * 1024**3  # of everything, unpacked
MOST_RATIO = 200  # unpacked bytes for each packed one of an entry; text has 3 to 20
FREE_OF_RATIO = 4 * 1024**2  # bytes up to which an entry may be packed as tightly as it likes
LONGEST_NAME = 240  # bytes of a part of a name, as file systems have it
DEEPEST = 20  # folders
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
BLOCK = 1 << 20
IGNORED = ("__MACOSX", ".DS_Store", "Thumbs.db")  # what programs of other systems put in


class ArchiveError(UserError):
    """An archive that is not unpacked; the message says which entry, and why."""


@dataclass(frozen=True)
class Limits:
    """What an archive may hold."""

    entries: int = MOST_ENTRIES
    bytes: int = MOST_BYTES
    ratio: int = MOST_RATIO


def unpack(path: Path, folder: Path, limits: Limits = Limits()) -> list[Path]:  # noqa: B008
    """Unpack a ZIP into a folder that is empty; the files, in the order of the archive.

    Raises ArchiveError for one that is none, is encrypted, exceeds `limits`, or has an entry that
    is a link or whose name leads out of the folder. Sizes are counted while unpacking: what the
    archive says of them may be untrue.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            entries = [entry for entry in entries if not _is_ignored(entry.filename)]
            _check(path.name, entries, limits)
            left, files = limits.bytes, []
            for entry in entries:
                target = folder / _name(path.name, entry)
                if target.exists():
                    raise ArchiveError(
                        gettext_noop("%(file)s: the name %(entry)s stands twice in the archive."),
                        file=path.name,
                        entry=_shown(entry),
                    )
                target.parent.mkdir(parents=True, exist_ok=True)
                left -= _write(path.name, archive, entry, target, left, limits)
                files.append(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise ArchiveError(
            gettext_noop("%(file)s: not a ZIP that can be unpacked (%(why)s)."),
            file=path.name,
            why=str(error)[:200],
        ) from error
    return files


def _is_ignored(name: str) -> bool:
    return any(part in IGNORED or part.startswith("._") for part in PurePosixPath(name).parts)


def _check(name: str, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if not entries:
        raise ArchiveError(gettext_noop("%(file)s: the archive is empty."), file=name)
    if len(entries) > limits.entries:
        raise ArchiveError(
            gettext_noop("%(file)s: %(count)d files; an archive may hold %(most)d."),
            file=name,
            count=len(entries),
            most=limits.entries,
        )
    for entry in entries:
        if entry.flag_bits & 0x1:
            raise ArchiveError(
                gettext_noop("%(file)s: %(entry)s is encrypted. Pack it without a password."),
                file=name,
                entry=_shown(entry),
            )
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or entry.compress_type not in METHODS:
            raise ArchiveError(
                gettext_noop("%(file)s: %(entry)s is a link or another thing that is no file."),
                file=name,
                entry=_shown(entry),
            )
    if sum(entry.file_size for entry in entries) > limits.bytes:
        raise _too_large(name, limits)


def _name(archive: str, entry: zipfile.ZipInfo) -> Path:
    """Where the entry goes, below the folder."""
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    odd = (
        not parts
        or len(parts) > DEEPEST
        or parts[0] == "/"
        or ":" in parts[0]
        or any(
            part == ".." or len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in parts
        )
        or not entry.filename.isprintable()
    )
    if odd:
        raise ArchiveError(
            gettext_noop(
                "%(file)s: no file may be called %(entry)s in an archive. Names lead to folders"
                " inside of it and have no control characters."
            ),
            file=archive,
            entry=_shown(entry),
        )
    return Path(*parts)


def _write(
    name: str,
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    target: Path,
    left: int,
    limits: Limits,
) -> int:
    """Unpack one entry; its bytes."""
    allowed = max(FREE_OF_RATIO, entry.compress_size * limits.ratio)
    size = 0
    with archive.open(entry) as packed, target.open("xb") as file:
        while block := packed.read(BLOCK):
            size += len(block)
            if size > left:
                raise _too_large(name, limits)
            if size > allowed:
                raise ArchiveError(
                    gettext_noop(
                        "%(file)s: %(entry)s is more than %(ratio)d times as large unpacked as"
                        " packed. Pack it anew, or upload it unpacked."
                    ),
                    file=name,
                    entry=_shown(entry),
                    ratio=limits.ratio,
                )
            if shutil.disk_usage(target.parent).free < 2 * len(block):
                raise ArchiveError(
                    gettext_noop("%(file)s: the disk has no room to unpack it."), file=name
                )
            file.write(block)
    return size


def _too_large(name: str, limits: Limits) -> ArchiveError:
    return ArchiveError(
        gettext_noop("%(file)s: more than %(size)d MB unpacked."),
        file=name,
        size=limits.bytes // 1024**2,
    )


def _shown(entry: zipfile.ZipInfo) -> str:
    return escaped(entry.filename)[:120]
