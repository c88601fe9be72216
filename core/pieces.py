"""Files that arrive in pieces at whichever host answers, in the object store: an object a piece,
called by where it begins. They lie in what `core/shared_folders.py` calls the folder of the file.
"""

from pathlib import Path
from typing import IO, Any

from core import shared_folders

DIGITS = 20  # of an offset, so that names sort as numbers do


def size(place: Path) -> int:
    """How many bytes have arrived without a gap. Raises StoreAway."""
    return sum(piece.size for piece in chain(place))


def append(place: Path, offset: int, piece: bytes) -> None:
    """Store a piece; the same one twice is once. Raises StoreAway."""
    with shared_folders.store_errors():
        shared_folders.bucket().put_object(Key=f"{_prefix(place)}{offset:0{DIGITS}d}", Body=piece)


def store_whole(place: Path, file: IO[bytes]) -> None:
    """Store a file that is open for reading as its first piece. Raises StoreAway."""
    with shared_folders.store_errors():
        shared_folders.bucket().upload_fileobj(file, f"{_prefix(place)}{0:0{DIGITS}d}")


def assemble(place: Path) -> None:
    """Put the pieces together as the file `place`, unless that is here. Raises StoreAway."""
    pieces = chain(place)
    if place.exists() and place.stat().st_size == sum(piece.size for piece in pieces):
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f"{place.name}.assembled")
    with shared_folders.store_errors(), draft.open("wb") as file:
        for piece in pieces:
            for block in piece.get()["Body"].iter_chunks(1 << 20):
                file.write(block)
    draft.replace(place)


def chain(place: Path) -> list[Any]:
    """The pieces from the first byte on, each where the one before it ends."""
    with shared_folders.store_errors():
        found = {
            int(each.key.rpartition("/")[2]): each
            for each in shared_folders.bucket().objects.filter(Prefix=_prefix(place))
        }
    pieces, at = [], 0
    while at in found and found[at].size:
        pieces.append(found[at])
        at += found[at].size
    return pieces


def _prefix(place: Path) -> str:
    return f"{shared_folders.PREFIX}/{shared_folders.name_of(place)}/"
