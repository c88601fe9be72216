"""Plain: agreement coefficients of a table of any size, from sums over its units.

`annotation.agreement.coefficients` counts pairs of values, (V, V) for each cluster: right for the
schemes of a round, whose tally grows by such pairs, and too much for a table with thousands of
different numbers. Here every coefficient comes from a few sums over units and from how often each
value occurs, so that time and memory grow with the judgements and not with annotators or pairs of
values.
The coefficients are the same; tests compare both and the reference packages.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from annotation.agreement.coefficients import NO_CHANCE, NO_PAIRS, ONE_VALUE, Counts

Numbers = NDArray[np.int64]
ONE_UNIT = "one_unit"  # a single unit has no variance among units
TOO_MANY_VALUES = "too_many_values"  # sums of pairs of values that would not fit in memory
MOST = 30_000_000  # floats of one array
AT_ONCE = 4_000_000  # pairs that are looked at together
MOST_IN_RATIO = 20_000  # values whose pairs a ratio scale compares
# the columns of `UnitSums.plain`
(UNITS, PAIRABLE, PAIRED, JUDGED, SQUARED, SAME, NEAR, APART, APART_INTERVAL, APART_RATIO,
 SUM_X, SUM_XX, SUM_OF_MEANS, PAIRED_X, PAIRED_XX) = range(15)  # fmt: skip


@dataclass(frozen=True)
class Judgements:
    """N judgements: numbers from 0 of their unit, annotator and value, (N,) each.

    `points` (V,) are the values as numbers. An annotator judges a unit once at most.
    """

    unit: Numbers
    annotator: Numbers
    value: Numbers
    units: int
    annotators: int
    points: Counts

    @property
    def values(self) -> int:
        return len(self.points)

    @cached_property
    def sizes(self) -> Numbers:
        """Judgements of each unit, (U,)."""
        return np.bincount(self.unit, minlength=self.units)

    @cached_property
    def cells(self) -> tuple[Numbers, Numbers, Counts]:
        """Unit, value and number of judgements of each value that a unit got, sorted, (K,) each."""
        codes, n = np.unique(self.unit * self.values + self.value, return_counts=True)
        return codes // self.values, codes % self.values, n.astype(float)

    @cached_property
    def occurring(self) -> Counts:
        """Judgements by value, (V,)."""
        return np.bincount(self.value, minlength=self.values).astype(float)

    @cached_property
    def paired(self) -> Counts:
        """Judgements by value in units with two or more, (V,)."""
        kept = self.value[self.sizes[self.unit] > 1]
        return np.bincount(kept, minlength=self.values).astype(float)


@dataclass(frozen=True)
class UnitSums:
    """Sums over units with any leading dimensions, such as clusters or replicates.

    `plain` (..., 15) by the columns named above; `by_value` (..., 2 V): judgements of pairable
    units, then shares of all units; `pairs` (..., V (V + 1) / 2): coincidences. The last two are
    left out (None) where they are not wanted.
    """

    plain: Counts
    by_value: Counts | None = None
    pairs: Counts | None = None

    @property
    def packed(self) -> Counts:
        """All sums in one row, (..., F)."""
        parts = [part for part in (self.plain, self.by_value, self.pairs) if part is not None]
        return np.concatenate(parts, axis=-1)

    def unpacked(self, flat: Counts) -> "UnitSums":
        """Sums like `packed`, (..., F), apart again."""
        first = self.plain.shape[-1]
        second = first + (0 if self.by_value is None else self.by_value.shape[-1])
        return UnitSums(
            flat[..., :first],
            None if self.by_value is None else flat[..., first:second],
            None if self.pairs is None else flat[..., second:],
        )

    @property
    def marginals(self) -> Counts:
        assert self.by_value is not None
        return self.by_value[..., : self.by_value.shape[-1] // 2]

    @property
    def shares(self) -> Counts:
        """The mean share of each value over all units, (..., V)."""
        assert self.by_value is not None
        summed = self.by_value[..., self.by_value.shape[-1] // 2 :]
        return summed / np.maximum(self.plain[..., UNITS, None], 1e-12)


def unit_sums(
    given: Judgements,
    clusters: Numbers | None = None,
    by_value: bool = True,
    pairs: bool = False,
    ratio: bool = False,
) -> UnitSums:
    """The sums of all units, or of each cluster, (G, …), where each unit has a cluster number.

    `by_value`, `pairs` and `ratio` say whether those sums are wanted; the last takes points from 0.
    """
    groups = 1 if clusters is None else int(clusters.max(initial=-1)) + 1
    of = np.zeros(given.units, np.int64) if clusters is None else clusters
    columns = _plain(given, ratio)
    plain = np.stack([_binned(of, c, groups) for c in columns], axis=-1)
    values = _by_value(given, of, groups) if by_value else None
    coincidences = _pairs(given, of, groups) if pairs else None
    if clusters is None:
        return UnitSums(
            plain[0],
            None if values is None else values[0],
            None if coincidences is None else coincidences[0],
        )
    return UnitSums(plain, values, coincidences)


def _plain(given: Judgements, ratio: bool) -> list[Counts]:
    """The columns of `UnitSums.plain`, (U,) each."""
    unit, value, n = given.cells
    size, units = given.sizes.astype(float), given.units
    pairable = given.sizes > 1
    more = np.maximum(size - 1, 1)
    ordered = np.maximum(size * (size - 1), 1)  # ordered pairs of a unit

    def summed(weights: Counts) -> Counts:
        return _binned(unit, weights, units)

    def spread(x: Counts) -> Counts:
        """Sum of squared differences over the ordered pairs of each unit."""
        mean = summed(n * x[value]) / np.maximum(size, 1)
        return 2 * size * summed(n * (x[value] - mean[unit]) ** 2)

    same = (summed(n**2) - size) * pairable
    steps = np.arange(given.values) / max(given.values - 1, 1)
    x, wide = scaled(given.points, given.paired), scaled(given.points, given.occurring)
    total = summed(n * wide[value])
    return [
        (size > 0).astype(float),
        pairable.astype(float),
        size * pairable,
        size,
        size**2,
        same / ordered,
        (1 - spread(steps) / ordered) * pairable,
        (size**2 - size - same) / more * pairable,
        spread(x) / more,
        _apart_in_ratio(given) / more if ratio else np.zeros(units),
        total,
        summed(n * wide[value] ** 2),
        total**2 / np.maximum(size, 1),
        summed(n * x[value]) * pairable,
        summed(n * x[value] ** 2) * pairable,
    ]


def _binned(where: Numbers, weights: Counts, length: int) -> Counts:
    """Sums of weights by place, (length,)."""
    summed: Counts = np.bincount(where, weights, minlength=length).astype(float, copy=False)
    return summed


def scaled(points: Counts, times: Counts) -> Counts:
    """Points (V,) moved and stretched: those that occur (`times` above 0) have the mean 0 and the
    range 1, others are 0.

    No coefficient of an interval scale depends on that, and huge or tiny numbers stay exact.
    """
    used = times > 0
    if not used.any():
        return np.zeros(len(points))
    low, high = float(points[used].min()), float(points[used].max())
    if low == high:
        return np.zeros(len(points))
    half = 0.5 if high - low == np.inf else 1.0
    moved = (np.where(used, points, low) * half - low * half) / (high * half - low * half)
    return np.where(used, moved - np.average(moved, weights=times), 0.0)


def _apart_in_ratio(given: Judgements) -> Counts:
    """Sum of ((x - y) / (x + y))² over the ordered pairs of each unit, (U,)."""
    _, value, n = given.cells
    found = np.zeros(given.units)
    for first, second, unit in _within(given):
        gaps = ratio_gaps(given.points[value[first]], given.points[value[second]])
        found += _binned(unit, 2 * n[first] * n[second] * gaps, given.units)
    return found


def ratio_gaps(x: Counts, y: Counts) -> Counts:
    """((x - y) / (x + y))² of numbers from 0 on, 0 where both are 0."""
    most = np.maximum(x, y)
    safe = np.where(most > 0, most, 1.0)
    low = np.minimum(x, y) / safe
    return np.asarray(np.where(most > 0, ((1 - low) / (1 + low)) ** 2, 0.0))


def _within(given: Judgements) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    """Pairs of different cells of a unit: places in `cells`, and the unit; some at a time."""
    unit = given.cells[0]
    last = np.cumsum(np.bincount(unit, minlength=given.units))[unit]
    for first, second in joined(last - np.arange(len(unit)) - 1):
        yield first, second, unit[first]


def joined(followers: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Each place with those that follow it (`followers` (N,) many), about AT_ONCE pairs a time."""
    reached = np.cumsum(followers)
    start = 0
    while start < len(followers):
        base = int(reached[start - 1]) if start else 0
        stop = max(int(np.searchsorted(reached, base + AT_ONCE, side="right")), start + 1)
        times = followers[start:stop]
        first = np.repeat(np.arange(start, stop), times)
        offset = np.arange(len(first)) - np.repeat(np.cumsum(times) - times, times)
        if len(first):
            yield first, first + 1 + offset
        start = stop


def _by_value(given: Judgements, clusters: Numbers, groups: int) -> Counts:
    unit, value, n = given.cells
    size = given.sizes[unit]
    cell = clusters[unit] * given.values + value
    length = groups * given.values
    marginals = _binned(cell, n * (size > 1), length)
    shares = _binned(cell, n / size, length)
    return np.concatenate(
        [marginals.reshape(groups, -1), shares.reshape(groups, -1)], axis=-1
    )  # fmt: skip


def _pairs(given: Judgements, clusters: Numbers, groups: int) -> Counts:
    """Coincidences of values c <= d, (G, V (V + 1) / 2), each once."""
    unit, value, n = given.cells
    width = given.values * (given.values + 1) // 2
    more = np.maximum(given.sizes - 1, 1)

    def place(c: Numbers, d: Numbers) -> Numbers:  # in the upper triangle, row by row
        return c * given.values - c * (c - 1) // 2 + d - c

    where = clusters[unit] * width + place(value, value)
    found = _binned(where, n * (n - 1) / more[unit], groups * width)
    for first, second, of in _within(given):
        where = clusters[of] * width + place(value[first], value[second])
        found += _binned(where, n[first] * n[second] / more[of], groups * width)
    return found.reshape(groups, width)


def _ratio(disagreement: Counts, by_chance: Counts, least: Counts | float = 1e-12) -> Counts:
    """1 - disagreement / by_chance; NaN where chance leaves no disagreement."""
    defined = by_chance > least
    return np.where(defined, 1.0 - disagreement / np.where(defined, by_chance, 1.0), np.nan)


def raw(sums: UnitSums) -> Counts:
    """The mean over units of the share of agreeing pairs, (...)."""
    return _mean(sums.plain[..., SAME], sums.plain[..., PAIRABLE])


def _mean(total: Counts, number: Counts) -> Counts:
    return np.where(number > 0, total / np.maximum(number, 1e-12), np.nan)


def alpha_nominal(sums: UnitSums) -> Counts:
    """Krippendorff's alpha of classes, (...)."""
    n = sums.plain[..., PAIRED]
    chance = n**2 - (sums.marginals**2).sum(axis=-1)
    return _ratio((n - 1) * sums.plain[..., APART], chance, 1e-9)


def alpha_interval(sums: UnitSums) -> Counts:
    """Krippendorff's alpha of numbers on an interval scale, (...)."""
    plain = sums.plain
    n, squares = plain[..., PAIRED], plain[..., PAIRED_XX]
    chance = 2 * n * squares - 2 * plain[..., PAIRED_X] ** 2
    return _ratio((n - 1) * plain[..., APART_INTERVAL], chance, 1e-12 * n * squares)


def alpha_ordinal(sums: UnitSums) -> Counts:
    """Krippendorff's alpha of ordered values, (...), from `pairs`."""
    assert sums.pairs is not None
    marginals = sums.marginals
    n, centres = marginals.sum(axis=-1), np.cumsum(marginals, axis=-1) - marginals / 2
    rows, columns = np.triu_indices(marginals.shape[-1])
    gaps = centres[..., rows] - centres[..., columns]
    apart = 2 * (sums.pairs * gaps**2).sum(axis=-1)
    chance = 2 * (marginals[..., rows] * marginals[..., columns] * gaps**2).sum(axis=-1)
    return _ratio((n - 1) * apart, chance)


def alpha_ratio(sums: UnitSums, points: Counts) -> Counts:
    """Krippendorff's alpha of numbers on a ratio scale, (...). All points are 0 or more."""
    marginals, n = sums.marginals, sums.plain[..., PAIRED]
    chance = np.zeros(marginals.shape[:-1])
    step = max(1, AT_ONCE // max(len(points), 1))
    for first in range(0, len(points), step):
        part = slice(first, first + step)
        gaps = ratio_gaps(points[part, None], points[None, :])  # (step, V)
        chance = chance + ((marginals[..., part] @ gaps) * marginals).sum(axis=-1)
    return _ratio((n - 1) * sums.plain[..., APART_RATIO], chance, 0.0)


def fleiss(sums: UnitSums) -> Counts:
    """Fleiss' kappa, (...)."""
    return _ratio(1.0 - raw(sums), 1.0 - (sums.shares**2).sum(axis=-1))


def gwet(sums: UnitSums, quadratic: bool = False) -> Counts:
    """Gwet's AC1, with quadratic weights by the order of the values his AC2, (...).

    NaN where there is one possible value only.
    """
    share = sums.shares
    size = share.shape[-1]
    if size < 2:
        return np.full(share.shape[:-1], np.nan)
    observed = _mean(sums.plain[..., NEAR if quadratic else SAME], sums.plain[..., PAIRABLE])
    steps = np.arange(size)
    gaps = 2 * size * (steps**2).sum() - 2 * steps.sum() ** 2  # of all ordered pairs of values
    weight = size**2 - gaps / (size - 1) ** 2 if quadratic else size
    chance = weight / (size * (size - 1)) * (share * (1 - share)).sum(axis=-1)
    return _ratio(1.0 - observed, 1.0 - chance)


def icc(sums: UnitSums) -> Counts:
    """ICC(1), one-way random effects with unequal numbers of judgements, (...)."""
    plain = sums.plain
    units, total, between = plain[..., UNITS], plain[..., JUDGED], plain[..., SUM_OF_MEANS]
    safe = np.maximum(total, 1e-12)
    k0 = (total - plain[..., SQUARED] / safe) / np.maximum(units - 1, 1e-12)
    among = (between - plain[..., SUM_X] ** 2 / safe) / np.maximum(units - 1, 1e-12)
    within = (plain[..., SUM_XX] - between) / np.maximum(total - units, 1e-12)
    whole = among + (k0 - 1) * within
    least = 1e-12 * plain[..., SUM_XX] / safe
    defined = (units > 1) & (total > units) & (np.abs(whole) > least)
    return np.where(defined, (among - within) / np.where(defined, whole, 1.0), np.nan)


def ordinal_points(given: Judgements) -> Counts:
    """The values as numbers whose interval alpha is the ordinal alpha: the middles of their ranks.

    Krippendorff (2011): the ordinal difference of two values is that of these middles.
    """
    centres: Counts = np.cumsum(given.paired) - given.paired / 2
    return centres


def class_alphas(given: Judgements) -> Counts:
    """Nominal alpha of each value against all others, (V,)."""
    unit, value, n = given.cells
    size = given.sizes[unit]
    weights = n * (size - n) / np.maximum(size - 1, 1)
    apart = _binned(value, weights, given.values)
    total = given.paired.sum()
    return _ratio((total - 1) * apart, given.paired * (total - given.paired))


def why_undefined(given: Judgements, name: str = "") -> str:
    """The reason for which a coefficient of these judgements is NaN."""
    if not given.paired.sum():
        return NO_PAIRS
    if (given.paired > 0).sum() < 2:
        return ONE_VALUE
    return ONE_UNIT if name.startswith("icc") and (given.sizes > 0).sum() < 2 else NO_CHANCE


def confusions(given: Judgements) -> Iterator[tuple[Numbers, Counts]]:
    """Of every two annotators with common units their numbers (P, 2) and confusions (P, V, V).

    Annotators are taken in turn, some at a time, so that only pairs that occur cost time and
    arrays hold about AT_ONCE numbers.
    """
    order = np.lexsort((given.annotator, given.unit))
    unit, who, value = given.unit[order], given.annotator[order], given.value[order]
    followers = np.cumsum(given.sizes)[unit] - np.arange(len(unit)) - 1
    by_annotator = np.argsort(who, kind="stable")
    starts = np.r_[0, np.cumsum(np.bincount(who, minlength=given.annotators))]
    reached = np.cumsum(np.bincount(who, weights=followers, minlength=given.annotators))
    first = 0
    while first < given.annotators:
        base = reached[first - 1] if first else 0
        stop = max(int(np.searchsorted(reached, base + AT_ONCE, side="right")), first + 1)
        places = by_annotator[starts[first] : starts[stop]]
        times = followers[places]
        left = np.repeat(places, times)
        right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(times) - times, times)
        pair = who[left] * given.annotators + who[right]
        cell = value[left] * given.values + value[right]
        yield from _counted(pair, cell, given)
        first = stop


def _counted(pair: Numbers, cell: Numbers, given: Judgements) -> Iterator[tuple[Numbers, Counts]]:
    square = given.values**2
    order = np.argsort(pair, kind="stable")
    pair, cell = pair[order], cell[order]
    starts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]][: len(pair)])
    number = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(pair)]))
    step = max(1, AT_ONCE // square)
    for start in range(0, len(starts), step):
        found = pair[starts[start : start + step]]
        end = starts[start + step] if start + step < len(starts) else len(pair)
        kept = slice(starts[start], end)
        codes = (number[kept] - start) * square + cell[kept]
        counted = np.bincount(codes, minlength=len(found) * square).astype(float)
        pairs = np.stack([found // given.annotators, found % given.annotators], axis=-1)
        yield pairs, counted.reshape(len(found), given.values, given.values)
