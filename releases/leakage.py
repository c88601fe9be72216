"""Plain: the same, or nearly the same, text in two splits.

Near-same texts are found by MinHash over character trigrams with banding (Broder 1997; Leskovec,
Rajaraman & Ullman, Mining of Massive Datasets, chapter 3) and then compared exactly, so that what
is reported is true; of pairs at the threshold one in a thousand is missed. The texts, and the
numbers by which they are brought together, lie in files: memory holds ten bytes a text.
"""

import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

SHORTEST = 6  # characters without punctuation, below which everybody says the same
NEAR = 0.7  # Jaccard similarity of trigrams from which texts are near-same
BANDS, ROWS = 16, 3
SHOWN = 200  # pairs that are listed
LOOKED_AT = 4  # texts of a bucket that each text is compared with
AT_ONCE = 20_000  # texts whose shingles are in memory together
SORTED = 200_000  # texts that are brought together in memory
SPLITS = ("train", "valid", "test")
GROUPS = {"Z", "P", "S", "C"}  # of Unicode's general categories: all but letters and digits


@dataclass
class Leakage:
    """`same` and `near`: split -> utterances whose text another, earlier split has too."""

    compared: int
    same: dict[str, int] = field(default_factory=dict)
    near: dict[str, int] = field(default_factory=dict)
    pairs: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "shortest": SHORTEST,
            "threshold": NEAR,
            "method": "MinHash of character trigrams, candidates compared exactly",
            **asdict(self),
        }


def bare(text: str) -> str:
    """The text as it is compared: compatibility forms, lower case, letters and digits alone."""
    folded = unicodedata.normalize("NFKC", text).lower()
    if folded.isalnum():
        return folded
    return "".join(c for c in folded if unicodedata.category(c)[0] not in GROUPS)


class Texts:
    """The texts of a release, as they are compared, in an open file that is written and read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._ends = array("Q", [0])
        self._ranks = array("B")  # places of their splits

    def add(self, uids: Iterable[str], splits: Iterable[str], texts: Iterable[str]) -> None:
        """Add utterances. Texts of fewer than SHORTEST letters are left out: greetings are
        everywhere.
        """
        rank = {split: number for number, split in enumerate(SPLITS)}
        for uid, split, text in zip(uids, splits, texts, strict=True):
            word = bare(text)
            if len(word) >= SHORTEST:
                size = self._file.write(f"{word}\n{uid}".encode())
                self._ends.append(self._ends[-1] + size)
                self._ranks.append(rank[split])

    def _read(self, first: int, stop: int) -> list[tuple[str, str]]:
        """Words and ids of the texts from the place `first` to before `stop`."""
        start, ends = self._ends[first], self._ends[first + 1 : stop + 1]
        self._file.seek(start)
        block = self._file.read(ends[-1] - start)
        starts = [start, *ends[:-1]]
        pieces = (block[a - start : b - start].decode() for a, b in zip(starts, ends, strict=True))
        return [(word, uid) for word, _, uid in (piece.partition("\n") for piece in pieces)]

    def _word(self, place: int) -> str:
        return self._read(place, place + 1)[0][0]

    def leakage(self, folder: Path | None = None) -> Leakage:
        """What of each split is also in a split before it (train, then valid, then test); what is
        put aside meanwhile lies in files of the folder that have no name.
        """
        found = Leakage(compared=len(self._ranks))
        if len({*self._ranks}) < 2:
            return found
        counts: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
        shown: list[tuple[int, int, int, float]] = []
        for place, before, likeness, same in self._matches(folder):
            rank = self._ranks[place]
            counts[same][rank] += 1
            shown.append((rank, place, before, likeness))
            if len(shown) > 10 * SHOWN:
                shown = sorted(shown)[:SHOWN]
        found.same = {SPLITS[rank]: number for rank, number in sorted(counts[True].items())}
        found.near = {SPLITS[rank]: number for rank, number in sorted(counts[False].items())}
        for rank, place, before, likeness in sorted(shown)[:SHOWN]:
            found.pairs.append(
                {
                    "utterance": self._read(place, place + 1)[0][1],
                    "split": SPLITS[rank],
                    "like": self._read(before, before + 1)[0][1],
                    "in": SPLITS[self._ranks[before]],
                    "similarity": round(likeness, 3),
                }
            )
        return found

    def _matches(self, folder: Path | None) -> Iterator[tuple[int, int, float, bool]]:
        """Place of a text, that of one like it in an earlier split, how like they are, and whether
        they are the same; each text once, those with the same first.
        """
        ranks = np.frombuffer(self._ranks, np.uint8)
        matched = bytearray(len(ranks))
        with ExitStack() as files:
            columns = [files.enter_context(TemporaryFile(dir=folder)) for _ in range(1 + BANDS)]
            for first in range(0, len(ranks), AT_ONCE):
                words = [word for word, _ in self._read(first, min(first + AT_ONCE, len(ranks)))]
                columns[0].write(np.array([hash(word) for word in words]).tobytes())
                for column, band in zip(columns[1:], _bands(words).T, strict=True):
                    column.write(band.tobytes())
            for number, column in enumerate(columns):
                for bucket in _buckets(column, ranks):
                    word = cache(self._word)
                    for later in bucket[1:]:
                        for one in bucket[: LOOKED_AT if number else 1]:
                            if matched[later] or one == later or ranks[one] == ranks[later]:
                                break  # those behind are of the same split, too
                            same = word(one) == word(later)
                            likeness = 1.0 if same else jaccard(word(one), word(later))
                            if same or (number and likeness >= NEAR):
                                matched[later] = True
                                yield later, one, likeness, same


def leakage(uids: Sequence[str], splits: Sequence[str], texts: Sequence[str]) -> Leakage:
    """The leakage of some texts with their ids and splits."""
    with TemporaryFile() as file:
        found = Texts(file)
        found.add(uids, splits, texts)
        return found.leakage()


def _buckets(column: IO[bytes], ranks: NDArray[np.uint8]) -> Iterator[list[int]]:
    """Places of texts with the same number in a column, by split and place; of different splits."""
    shares = -(-len(ranks) // SORTED)
    for share in range(shares):
        column.seek(0)
        chosen, numbers = [], []
        for first in range(0, len(ranks), SORTED):
            block = np.frombuffer(column.read(8 * SORTED), np.uint64)
            mine = np.flatnonzero(block % np.uint64(shares) == share)
            chosen.append(mine + first)
            numbers.append(block[mine])
        places, keys = np.concatenate(chosen), np.concatenate(numbers)
        order = np.lexsort((ranks[places], keys))
        places, keys = places[order], keys[order]
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]][: len(keys)])
        ends = np.r_[starts[1:], len(keys)]
        mixed = ranks[places[starts]] != ranks[places[ends - 1]]
        for start, end in zip(starts[mixed].tolist(), ends[mixed].tolist(), strict=True):
            yield places[start:end].tolist()


def jaccard(one: str, other: str) -> float:
    """Shared trigrams over all trigrams of two texts of three characters or more."""
    a, b = _shingles(one), _shingles(other)
    return len(a & b) / len(a | b)


def _shingles(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(len(text) - 2)}


def _bands(words: Sequence[str]) -> NDArray[np.uint64]:
    """A number for each band of each text's MinHash, (texts, BANDS)."""
    codes = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32).astype(np.uint64)
    lengths = np.array([len(word) for word in words])
    starts = np.r_[0, np.cumsum(lengths)[:-1]]
    with np.errstate(over="ignore"):
        grams = codes[:-2] * np.uint64(0x9E3779B97F4A7C15)
        grams ^= codes[1:-1] * np.uint64(0xC2B2AE3D27D4EB4F)
        grams ^= codes[2:] * np.uint64(0x165667B19E3779F9)
        grams ^= grams >> np.uint64(29)
        inside = np.ones(len(codes), bool)
        inside[starts + lengths - 1] = inside[starts + lengths - 2] = False  # no gram begins there
        grams = grams[inside[:-2]]
        counts = lengths - 2
        edges = np.r_[0, np.cumsum(counts)[:-1]]
        seeds = np.random.default_rng(0).integers(1, 2**63, BANDS * ROWS, np.uint64) * 2 + 1
        bands = np.zeros((len(words), BANDS), np.uint64)
        for number, seed in enumerate(seeds):
            mixed = grams * seed
            mixed ^= mixed >> np.uint64(32)
            lowest = np.minimum.reduceat(mixed * np.uint64(0xD6E8FEB86659FD93), edges)
            bands[:, number // ROWS] = bands[:, number // ROWS] * np.uint64(31) + lowest
    return bands
