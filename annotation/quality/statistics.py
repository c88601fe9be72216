"""Plain: patterns in a person's answers that chance would hardly produce, with their neg_log10_p.

neg_log10_p is -log10 of the p-value under the null hypothesis that each function names: 3 is one in
a thousand, once all places where it could have happened are counted. No function says what
is to blame.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotation.agreement.coefficients import Counts
from annotation.agreement.pairwise import association

BITS = math.log2(10)
ENOUGH = 6.0  # neg_log10_p from which on a copied block is reported
WEAK = 0.3  # Cramér's V of a weak but real dependence


@dataclass(frozen=True)
class Copy:
    """Answers that repeat those `lag` answers before: spans [start, end) of the sequence, with the
    first `lag` answers of each, which the others repeat.

    `equal` is the share of the later answers that equal those before, `by_chance` the same share
    for lags taken anywhere.
    """

    lag: int
    spans: list[tuple[int, int]]
    equal: float
    by_chance: float
    neg_log10_p: float

    @property
    def size(self) -> int:
        return sum(end - start for start, end in self.spans)


def information(codes: NDArray[np.int64]) -> Counts:
    """Bits that each answer tells a reader who knows the one before: a first-order Markov model
    of the sequence itself. An answer like the one before counts as nothing: long stretches of one
    answer are another question (`longest_run`).
    """
    size = int(codes.max(initial=0)) + 1
    steps = np.bincount(codes[:-1] * size + codes[1:], minlength=size * size)
    table = steps.reshape(size, size) + 1.0 / size
    chance = table / table.sum(axis=1, keepdims=True)
    bits = np.empty(len(codes))
    bits[:1] = math.log2(size) if size > 1 else 0.0
    bits[1:] = np.where(codes[1:] == codes[:-1], 0.0, -np.log2(chance[codes[:-1], codes[1:]]))
    return bits


def copies(codes: NDArray[np.int64], least: float = ENOUGH) -> list[Copy]:
    """Blocks that were pasted again, and periods, in a sequence of value numbers (n,).

    Two stretches of n answers agree by chance with probability 2^-I, where I is the information of
    what they say; there are fewer than n² / 2 pairs of places. So the neg_log10_p of a stretch is
    (I - log2(n² / 2)) / log2(10), and stretches of the same lag are told together, across gaps of
    some answers that differ. Most surprising first.
    """
    n = len(codes)
    if n < 20 or len(np.unique(codes)) < 2:
        return []
    bits = information(codes)
    places = math.log2(n * n / 2)
    need = places + least * BITS
    window = _window(bits, need)
    if window is None:
        return []
    cumulative = np.concatenate([[0.0], np.cumsum(bits)])
    found, chance = [], _by_chance(codes)
    for lag in _lags(codes, window):
        spans = [
            span
            for span in _stretches(codes, lag)
            if cumulative[span[1]] - cumulative[span[0]] >= need
        ]
        if spans:
            joined = _joined(codes, lag, spans, window)
            same = sum(int((codes[a:b] == codes[a - lag : b - lag]).sum()) for a, b in joined)
            size = sum(b - a for a, b in joined)
            most = max(float(cumulative[b] - cumulative[a]) for a, b in spans)
            whole = [(a - lag, b) for a, b in joined]
            found.append(Copy(lag, whole, same / size, chance, (most - places) / BITS))
    return _not_reported_yet(found, n)


def _window(bits: Counts, need: float) -> int | None:
    """How many answers tell half of what is needed, at a usual place."""
    mean = float(np.mean(bits))
    window = math.ceil(need / 2 / mean) if mean > 0 else len(bits)
    return window if window * 2 <= len(bits) else None


def _lags(codes: NDArray[np.int64], window: int) -> list[int]:
    """How far back some window of the sequence was there before, nearest place only."""
    rng = np.random.default_rng(0)
    names = rng.integers(1, 2**61, int(codes.max()) + 1, dtype=np.uint64)
    power, hashes = np.uint64(0x9E3779B97F4A7C15), np.zeros(len(codes) - window + 1, np.uint64)
    with np.errstate(over="ignore"):
        for step in range(window):
            hashes = hashes * power + names[codes[step : step + len(hashes)]]
    order = np.argsort(hashes, kind="stable")
    same = hashes[order[1:]] == hashes[order[:-1]]
    lags: list[int] = np.unique(order[1:][same] - order[:-1][same]).tolist()
    return lags


def _stretches(codes: NDArray[np.int64], lag: int) -> list[tuple[int, int]]:
    """The longest exact repetitions [start, end) of what stood `lag` answers before."""
    equal = codes[lag:] == codes[:-lag]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], equal, [False]])))
    return list(zip((edges[::2] + lag).tolist(), (edges[1::2] + lag).tolist(), strict=True))


def _joined(
    codes: NDArray[np.int64], lag: int, spans: list[tuple[int, int]], window: int
) -> list[tuple[int, int]]:
    """Spans put together where not more than a window lies between, or mostly equal answers."""
    joined = [spans[0]]
    for begin, end in spans[1:]:
        a, b = joined[-1]
        gap = codes[b:begin] == codes[b - lag : begin - lag]
        if begin - b <= window or gap.mean() > 0.8:
            joined[-1] = (a, max(b, end))
        else:
            joined.append((begin, end))
    return joined


def _by_chance(codes: NDArray[np.int64]) -> float:
    share = np.bincount(codes) / len(codes)
    return float((share**2).sum())


def _not_reported_yet(found: list[Copy], n: int) -> list[Copy]:
    """The most surprising copies, without those whose rows are mostly in another one already."""
    kept, covered = [], np.zeros(n, bool)
    for copy in sorted(found, key=lambda one: (-one.neg_log10_p, one.lag)):
        rows = np.zeros(n, bool)
        for start, end in copy.spans:
            rows[start:end] = True
        if covered[rows].mean() < 0.5:
            kept.append(copy)
            covered |= rows
    return kept


@dataclass(frozen=True)
class Run:
    """The longest stretch of one value, [start, end)."""

    value: int
    start: int
    end: int
    neg_log10_p: float


def longest_run(codes: NDArray[np.int64], everybody: Sequence[NDArray[np.int64]]) -> Run | None:
    """The most surprising stretch of one answer, if people go on with it as `everybody` does.

    Null: after a value v comes v again with the share p that all sequences show; a stretch of
    length l then begins at one of n places with probability p^(l-1). None for an empty sequence.
    """
    if not len(codes):
        return None
    size = max(int(one.max(initial=0)) for one in everybody) + 1
    stays, seen = np.zeros(size), np.zeros(size)
    for one in everybody:
        np.add.at(stays, one[1:][one[1:] == one[:-1]], 1)
        np.add.at(seen, one[:-1], 1)
    chance = (stays + 1) / (seen + 2)
    edges = np.flatnonzero(np.diff(codes)) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(codes)]])
    bits = -(ends - starts - 1) * np.log10(chance[codes[starts]]) - math.log10(len(codes))
    most = int(np.argmax(bits))
    start, end = int(starts[most]), int(ends[most])
    return Run(int(codes[start]), start, end, max(0.0, float(bits[most])))


def tail(hits: int, of: int, share: float) -> float:
    """The neg_log10_p of `hits` or more of `of`, each with probability `share` (binomial)."""
    from scipy.stats import binom  # slow to import

    if not of:
        return 0.0
    share = min(max(share, 1e-6), 1 - 1e-6)
    return max(0.0, -float(binom.logsf(hits - 1, of, share)) / math.log(10))


def drift(shares: Sequence[float], seed: int = 0, shuffles: int = 20_000) -> tuple[float, float]:
    """Rank correlation of a share with the order it comes in, and its neg_log10_p.

    Null: the order does not matter, two-sided; by permutation, which tells at most
    log10(shuffles + 1), and above 40 shares by Student's t.
    """
    from scipy.stats import rankdata, t  # slow to import

    n = len(shares)
    if n < 6:
        return 0.0, 0.0
    ranks = np.asarray(rankdata(shares), float)
    ranks -= ranks.mean()
    spread = math.sqrt(float((ranks**2).sum()))
    if spread == 0:
        return 0.0, 0.0
    order = np.arange(n) - (n - 1) / 2
    scale = spread * math.sqrt(float((order**2).sum()))
    found = float(ranks @ order) / scale
    if n > 40:
        bound = max(1 - found**2, 1e-12)
        statistic = abs(found) * math.sqrt((n - 2) / bound)
        return found, -_log10(2 * float(t.sf(statistic, n - 2)))
    rng = np.random.default_rng(seed)
    others = rng.permuted(np.tile(ranks, (shuffles, 1)), axis=1) @ order / scale
    p = (1 + (np.abs(others) >= abs(found) - 1e-12).sum()) / (shuffles + 1)
    return found, -math.log10(p)


def detachment(table: Counts) -> tuple[float, float]:
    """Cramér's V of a correlation with its parents, (X, V), and how surprising so little is.

    Null: a dependence as weak as V = 0.3; the neg_log10_p is that of a chi-squared statistic as
    small as this one then (non-central chi-squared). (NaN, 0) where nothing can be told.
    """
    from scipy.stats import ncx2  # slow to import

    found = association(table)
    if math.isnan(found["v"]):
        return math.nan, 0.0
    used = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    least = min(used.shape) - 1
    apart = float(used.sum()) * WEAK**2 * least
    return found["v"], max(0.0, -_log10(float(ncx2.cdf(found["chi2"], found["freedom"], apart))))


def _log10(p: float) -> float:
    return math.log10(p) if p > 0 else -300.0
