"""Plain: intervals and differences by bootstrap over clusters, such as dialogues.

Utterances of one dialogue depend on each other, so whole dialogues are drawn. What a coefficient
needs is additive over clusters, so a replicate is a weighted sum: all replicates are one product
of a matrix of draws with a matrix of sums (Efron & Tibshirani 1993, ch. 6, 13, 14).

Of fewer than MIN_CLUSTERS clusters the percentiles are far too narrow: there is no interval then
and no test, whoever asks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.agreement.coefficients import Counts, PairCounts, pair_counts, patterns

REPLICATES = 1000
CHUNK = 4_000_000  # draws at a time
METHODS = ("percentile", "bca")
MIN_CLUSTERS = 10  # as MIN_DIALOGUES of the learner, which imports nothing of ours
FEW = 0.5  # with a smaller share of replicates defined there is no interval
FEW_CLUSTERS, FEW_DEFINED = "few_clusters", "few_defined"  # why there is no interval
Statistic = Callable[[Counts], Counts]  # sums (..., F) -> values (..., K) or (...)


@dataclass(frozen=True)
class Clusters:
    """Sums of clusters (G, F), each of which stands for `times` (G,) like it; None: once.

    `compared` (G,) tells in which of them judgements can be compared; None: where a sum is not 0.
    """

    sums: Counts
    times: Counts | None = None
    compared: NDArray[np.bool_] | None = None

    @property
    def total(self) -> Counts:
        summed: Counts = self.sums.sum(axis=0) if self.times is None else self.times @ self.sums
        return summed

    @property
    def number(self) -> int:
        return len(self.sums) if self.times is None else int(self.times.sum())

    @property
    def number_compared(self) -> int:
        """On how many clusters a coefficient rests."""
        compared = self.sums.any(axis=1) if self.compared is None else self.compared
        return int(compared.sum() if self.times is None else self.times[compared].sum())

    @property
    def are_few(self) -> bool:
        """Whether they are too few for an interval or a test."""
        return self.number_compared < MIN_CLUSTERS

    def replicates(self, replicates: int = REPLICATES, seed: int = 0) -> Counts:
        """The sums of `replicates` samples of as many clusters, (replicates, F)."""
        drawn = [draws @ self.sums for draws in self._draws(replicates, seed)]
        return np.concatenate(drawn)

    def _draws(self, replicates: int, seed: int) -> Iterator[Counts]:
        rng = np.random.default_rng(seed)
        if self.times is not None:
            share = self.times / self.times.sum()
            yield rng.multinomial(self.number, share, size=replicates).astype(float)
            return
        groups = len(self.sums)
        step = max(1, CHUNK // groups)
        for first in range(0, replicates, step):
            rows = min(step, replicates - first)
            drawn = rng.integers(0, groups, (rows, groups), dtype=np.int32)
            drawn += np.arange(rows, dtype=np.int32)[:, None] * groups
            counted = np.bincount(drawn.reshape(-1), minlength=rows * groups)
            yield counted.reshape(rows, groups).astype(float)

    def without_each(self) -> tuple[Counts, Counts]:
        """The sums without one cluster, (G, F), and how often each of these occurs."""
        times = np.ones(len(self.sums)) if self.times is None else self.times
        return self.total - self.sums, times


def of_pairs(pairs: PairCounts) -> Clusters:
    """PairCounts of clusters, layers (G, L, V, V), to be drawn from."""
    return Clusters(pairs.packed, compared=pairs.pairable > 0)


def of_units(counts: Counts) -> tuple[PairCounts, Clusters]:
    """Counts (units, V) with each unit a cluster of its own: distinct patterns are drawn."""
    distinct, which = patterns(counts)
    pairs = pair_counts(distinct, np.arange(len(distinct)))
    times = np.bincount(which).astype(float)
    return pairs, Clusters(pairs.packed, times, pairs.pairable > 0)


@dataclass(frozen=True)
class Interval:
    """A 95 % interval; None, and `why`, of too few clusters or where too few replicates are
    defined. `defined` of `replicates`.
    """

    low: float | None
    high: float | None
    replicates: int
    defined: int
    method: str = "percentile"
    why: str = ""


def interval(
    clusters: Clusters,
    statistic: Statistic,
    replicates: int = REPLICATES,
    seed: int = 0,
    method: str = "percentile",
    sums: Counts | None = None,
) -> list[Interval]:
    """The intervals of a statistic with K values (one if it has no last axis).

    `method` is "percentile" or "bca" (Efron 1987); `sums` are the replicates where they are drawn
    already. Raises ValueError for another method.
    """
    if method not in METHODS:
        raise ValueError(f"unknown kind of interval {method!r}; expected percentile or bca")
    if clusters.are_few:
        width = np.atleast_1d(statistic(clusters.total)).shape[-1]
        return [Interval(None, None, replicates, 0, method, FEW_CLUSTERS)] * width
    if sums is None:
        sums = clusters.replicates(replicates, seed)
    drawn = _columns(statistic(sums), replicates)
    points = np.atleast_1d(statistic(clusters.total))
    if method == "bca":
        left, times = clusters.without_each()
        jackknife = _columns(statistic(left), len(left))
        return [_bca(drawn[:, k], points[k], jackknife[:, k], times) for k in range(drawn.shape[1])]
    return [_percentile(drawn[:, k]) for k in range(drawn.shape[1])]


def _columns(values: Counts, rows: int) -> Counts:
    return values.reshape(rows, -1)


def _percentile(values: Counts, low: float = 0.025, high: float = 0.975) -> Interval:
    defined = values[~np.isnan(values)]
    if len(defined) < FEW * len(values) or not len(defined):
        return Interval(None, None, len(values), len(defined), why=FEW_DEFINED)
    ends = np.quantile(defined, [low, high])
    return Interval(float(ends[0]), float(ends[1]), len(values), len(defined))


def _bca(values: Counts, point: float, jackknife: Counts, times: Counts) -> Interval:
    """Bias-corrected and accelerated; the plain percentiles where the correction is undefined."""
    normal = NormalDist()
    defined = values[~np.isnan(values)]
    kept = ~np.isnan(jackknife)
    below = (np.sum(defined < point) + np.sum(defined == point) / 2) / max(len(defined), 1)
    if np.isnan(point) or not 0 < below < 1 or times[kept].sum() < 2:
        return _percentile(values)
    mean = np.average(jackknife[kept], weights=times[kept])
    gaps = mean - jackknife[kept]
    spread = float(times[kept] @ gaps**2)
    bend = float(times[kept] @ gaps**3) / (6 * spread**1.5) if spread > 0 else 0.0
    bias = normal.inv_cdf(float(below))

    def moved(z: float) -> float:
        return normal.cdf(bias + (bias + z) / (1 - bend * (bias + z)))

    found = _percentile(values, moved(normal.inv_cdf(0.025)), moved(normal.inv_cdf(0.975)))
    return replace(found, method="bca")


@dataclass(frozen=True)
class Difference:
    """Second minus first with its 95 % interval, and the share of chance: two-sided p. None, and
    `why`, where an interval has none.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    paired: bool
    clusters: int
    replicates: int
    why: str = ""


def difference(
    first: Clusters,
    second: Clusters,
    statistic: Statistic,
    paired: bool,
    replicates: int = REPLICATES,
    seed: int = 0,
    second_statistic: Statistic | None = None,
) -> Difference:
    """How a statistic with one value differs between two sets of judgements.

    `paired`: row g of both is the same cluster, and both are drawn together; else independently.
    Raises ValueError if paired sets have different numbers of clusters.
    """
    if paired and len(first.sums) != len(second.sums):
        raise ValueError("paired sets have the same clusters")
    other = second_statistic or statistic
    point = float(other(second.total)) - float(statistic(first.total))
    number = first.number if paired else first.number + second.number
    if np.isnan(point) or first.are_few or second.are_few:
        value = None if np.isnan(point) else point
        return Difference(value, None, None, None, paired, number, replicates, FEW_CLUSTERS)
    before = statistic(first.replicates(replicates, seed))
    after = other(second.replicates(replicates, seed if paired else seed + 1))
    gaps = after - before
    found = _percentile(gaps)
    if found.low is None:
        return Difference(point, None, None, None, paired, number, replicates, found.why)
    gaps = gaps[~np.isnan(gaps)]
    tail = min((gaps <= 0).sum(), (gaps >= 0).sum()) + 1
    p = min(1.0, 2 * tail / (len(gaps) + 1))
    return Difference(point, found.low, found.high, p, paired, number, replicates)


def summary(
    clusters: Clusters,
    statistics: Mapping[str, Statistic],
    replicates: int = REPLICATES,
    seed: int = 0,
    method: str = "percentile",
) -> dict[str, list[Interval]]:
    """`interval` of several statistics over the same draws."""
    sums = None if clusters.are_few else clusters.replicates(replicates, seed)
    return {
        name: interval(clusters, statistic, replicates, seed, method, sums)
        for name, statistic in statistics.items()
    }


def on(shape: PairCounts, coefficient: Callable[..., Counts], *args: Any) -> Statistic:
    """A coefficient of PairCounts as a statistic of packed sums of the same shape."""
    return lambda flat: coefficient(shape.unpacked(flat), *args)
