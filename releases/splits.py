"""Plain: dialogues into train, valid and test; whole groups only, stratified, seeded, stable.

The greedy idea is iterative stratification (Sechidis, Tsoumakas & Vlahavas 2011, ECML PKDD), with
groups of dialogues instead of examples and a quadratic loss over all labels at once.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import UserError, gettext_noop

SPLITS = ("train", "valid", "test")
RATIOS = (0.7, 0.15, 0.15)


class SplitError(UserError):
    """A split that cannot be made; the message says what stands against it."""


def groups(size: int, *shared: Iterable[tuple[int, str]]) -> NDArray[np.int64]:
    """Which dialogues must stay together, (size,): a number from 0 for each group.

    Each of `shared` gives (dialogue, what it has), such as its source or one of its speakers;
    dialogues that have the same thing, directly or by way of others, are one group.
    """
    parent = list(range(size))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for pairs in shared:
        first: dict[str, int] = {}
        for place, thing in pairs:
            one, other = root(first.setdefault(thing, place)), root(place)
            parent[max(one, other)] = min(one, other)
    roots = [root(place) for place in range(size)]
    return np.unique(np.array(roots, np.int64), return_inverse=True)[1].astype(np.int64)


def split(
    uids: Sequence[str],
    counts: ArrayLike,
    *,
    official: Mapping[str, str] | None = None,
    kept: Mapping[str, str] | None = None,
    together: ArrayLike | None = None,
    seed: int = 1,
    ratios: Sequence[float] = RATIOS,
) -> dict[str, str]:
    """Dialogue -> split, in the order of `uids`.

    `counts` (dialogues, L) says what is spread evenly: utterances in column 0, then how often each
    value of each task occurs. `together` (dialogues,) numbers the groups that are not parted, by
    default each dialogue alone. Where any dialogue has an `official` split, the official ones are
    carried over and the others join train, so that published figures stay comparable. Dialogues
    with a `kept` split, from earlier versions, stay where they are. The rest is drawn in an order
    that depends on the seed and the dialogues' names alone; no split stays empty while there are
    groups enough. Raises SplitError for bad ratios, an unknown split, or a group that is in two
    splits already.
    """
    if len(ratios) != len(SPLITS) or abs(sum(ratios) - 1) > 1e-9 or min(ratios) < 0:
        raise SplitError(
            gettext_noop("The shares %(shares)s must be at least 0 and add up to 1."),
            shares=str(tuple(ratios)),
        )
    official, kept = official or {}, kept or {}
    table = np.asarray(counts, np.float64).reshape(len(uids), -1)
    where = np.arange(len(uids)) if together is None else np.asarray(together, np.int64)
    carried = any(uid in official for uid in uids)
    fixed = _fixed(uids, where, official, {} if carried else kept)
    sums = np.zeros((int(where.max(initial=-1)) + 1, table.shape[1]))
    np.add.at(sums, where, table)
    if carried:
        drawn = {group: 0 for group in range(len(sums)) if group not in fixed}
    else:
        drawn = _drawn(sums, fixed, _order(uids, where, sums, seed), np.asarray(ratios))
    place = fixed | drawn
    return {uid: SPLITS[place[group]] for uid, group in zip(uids, where.tolist(), strict=True)}


def _fixed(
    uids: Sequence[str],
    where: NDArray[np.int64],
    official: Mapping[str, str],
    kept: Mapping[str, str],
) -> dict[int, int]:
    """Group -> place of the split that it is in already."""
    found: dict[int, tuple[str, str]] = {}
    for uid, group in zip(uids, where.tolist(), strict=True):
        name = official.get(uid) or kept.get(uid)
        if name is None:
            continue
        if name not in SPLITS:
            raise SplitError(
                gettext_noop("Unknown split “%(split)s”; expected %(known)s."),
                split=name,
                known=", ".join(SPLITS),
            )
        other, before = found.setdefault(group, (uid, name))
        if before != name:
            raise SplitError(
                gettext_noop(
                    "%(one)s is in %(first)s and %(other)s in %(second)s already, but they are to"
                    " stay together. Keep fewer things apart, or draw the splits anew."
                ),
                one=other,
                first=before,
                other=uid,
                second=name,
            )
    return {group: SPLITS.index(name) for group, (_uid, name) in found.items()}


def _order(
    uids: Sequence[str], where: NDArray[np.int64], sums: NDArray[np.float64], seed: int
) -> list[int]:
    """Groups, the large ones first (by powers of two), then by a hash of seed and name."""
    named: dict[int, str] = {}
    for uid, group in zip(uids, where.tolist(), strict=True):
        named[group] = min(named.get(group, uid), uid)
    digest = {g: hashlib.sha256(f"{seed}:{uid}".encode()).digest() for g, uid in named.items()}
    size = np.floor(np.log2(np.maximum(sums[:, 0], 1)))
    return sorted(named, key=lambda group: (-size[group], digest[group]))


def _drawn(
    sums: NDArray[np.float64],
    fixed: Mapping[int, int],
    order: Sequence[int],
    ratios: NDArray[np.float64],
) -> dict[int, int]:
    """Put each free group where the sum of (have - want)² / want, over labels, grows least."""
    used = ratios > 0
    weight = np.full(sums.shape[1], 1.0)
    weight[0] = max(1, sums.shape[1] - 1)  # the sizes of the splits weigh as much as all labels
    want = ratios[:, None] * sums.sum(axis=0)  # (splits, L)
    scale = weight / np.maximum(want, 1e-9)
    scale[:, sums.sum(axis=0) == 0] = 0
    have = np.zeros_like(want)
    for group, place in fixed.items():
        have[place] += sums[group]
    free = [group for group in order if group not in fixed]
    filled = {*fixed.values()}
    drawn: dict[int, int] = {}
    for number, group in enumerate(free):
        empty = [p for p in range(len(ratios)) if used[p] and p not in filled]
        allowed = used
        if empty and len(free) - number <= len(empty):
            allowed = np.isin(np.arange(len(ratios)), empty)
        more = sums[group]
        cost = ((2 * (have - want) * more + more**2) * scale).sum(axis=1)
        place = int(np.argmin(np.where(allowed, cost, np.inf)))
        have[place] += more
        filled.add(place)
        drawn[group] = place
    return drawn


def spread(
    counts: ArrayLike, names: Sequence[str], columns: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Share of each column that each split has: column -> split -> share."""
    table = np.asarray(counts, np.float64).reshape(len(names), -1)
    chosen = np.asarray(names)
    totals = table.sum(axis=0)
    rows = {name: table[chosen == name].sum(axis=0) for name in SPLITS}
    return {
        column: {name: round(float(rows[name][i] / totals[i]), 4) for name in SPLITS}
        for i, column in enumerate(columns)
        if totals[i]
    }
