"""Plain: the same, or nearly the same, text in two splits.

Near-same texts are found by MinHash over character trigrams with banding (Broder 1997; Leskovec,
Rajaraman & Ullman, Mining of Massive Datasets, chapter 3) and then compared exactly, so that what
is reported is true; of pairs at the threshold one in a thousand is missed.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHORTEST = 6  # characters without punctuation, below which everybody says the same
NEAR = 0.7  # Jaccard similarity of trigrams from which texts are near-same
BANDS, ROWS = 16, 3
SHOWN = 200  # pairs that are listed
LOOKED_AT = 4  # texts of a bucket that each text is compared with
AT_ONCE = 50_000  # texts whose shingles are in memory together
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


def leakage(uids: Sequence[str], splits: Sequence[str], texts: Sequence[str]) -> Leakage:
    """What of each split is also in a split before it (train, then valid, then test).

    Texts of fewer than SHORTEST letters are left out: greetings are everywhere.
    """
    order = {"train": 0, "valid": 1, "test": 2}
    known = [bare(text) for text in texts]
    kept = [i for i, text in enumerate(known) if len(text) >= SHORTEST]
    found = Leakage(compared=len(kept))
    if len({splits[i] for i in kept}) < 2:
        return found
    kept.sort(key=lambda i: (order[splits[i]], i))
    words = [known[i] for i in kept]
    rank = np.array([order[splits[i]] for i in kept])
    first: dict[str, int] = {}
    matches: dict[int, tuple[int, float]] = {}
    for place, word in enumerate(words):
        before = first.setdefault(word, place)
        if rank[before] < rank[place]:
            matches[place] = (before, 1.0)
    for one, other in _candidates(words, rank):
        if other in matches or rank[one] == rank[other]:
            continue
        likeness = jaccard(words[one], words[other])
        if likeness >= NEAR:
            matches[other] = (one, likeness)
    for place in sorted(matches):
        before, likeness = matches[place]
        kind = found.same if likeness == 1.0 and words[before] == words[place] else found.near
        split = splits[kept[place]]
        kind[split] = kind.get(split, 0) + 1
        if len(found.pairs) < SHOWN:
            one, other = kept[before], kept[place]
            found.pairs.append(
                {
                    "utterance": uids[other],
                    "split": split,
                    "like": uids[one],
                    "in": splits[one],
                    "similarity": round(likeness, 3),
                }
            )
    return found


def jaccard(one: str, other: str) -> float:
    """Shared trigrams over all trigrams of two texts of three characters or more."""
    a, b = _shingles(one), _shingles(other)
    return len(a & b) / len(a | b)


def _shingles(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(len(text) - 2)}


def _candidates(words: Sequence[str], rank: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Pairs (earlier, later) of places that share a band; some of them in different splits."""
    bands = np.concatenate(
        [_bands(words[at : at + AT_ONCE]) for at in range(0, len(words), AT_ONCE)]
    )
    for column in range(bands.shape[1]):
        keys = bands[:, column]
        order = np.argsort(keys, kind="stable")  # within a bucket by split, then by place
        sorted_keys = keys[order]
        starts = np.flatnonzero(np.r_[True, sorted_keys[1:] != sorted_keys[:-1]])
        ends = np.r_[starts[1:], len(keys)]
        mixed = (ends - starts > 1) & (rank[order[starts]] != rank[order[ends - 1]])
        for start, end in zip(starts[mixed].tolist(), ends[mixed].tolist(), strict=True):
            members = order[start:end].tolist()
            for later in members[1:]:
                yield from ((one, later) for one in members[:LOOKED_AT] if one < later)


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
