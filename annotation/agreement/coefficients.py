"""Plain: agreement coefficients, computed from counts of pairs of judgements.

    python -m annotation.agreement TABLE.csv --scale ordinal [--json]

Everything that the coefficients for any number of raters need of a set of units is additive over
units: how many pairs of judgements of the values c and k there are, by the number of judgements a
unit has (`PairCounts`). Units may have any number of judgements; those with one count only where a
coefficient says so. A coefficient is an array over the leading dimensions of its PairCounts, NaN
where it is undefined; `why_undefined` names the reason.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Counts = NDArray[np.float64]
LEVELS = ("nominal", "ordinal", "interval", "ratio")
TENTATIVE, RELIABLE = 0.667, 0.8  # from which alpha on (Krippendorff 2004)
NO_PAIRS = "no_pairs"  # no unit has two judgements
ONE_VALUE = "one_value"  # everybody gave the same value everywhere
NO_CHANCE = "no_chance"  # agreement by chance alone would be perfect or cannot be told


def tally(
    judgements: Iterable[tuple[Hashable, str]], values: Sequence[str]
) -> tuple[list[Hashable], Counts]:
    """Units in order of first appearance, and counts (units, V) of their judgements.

    Raises KeyError for a value that is not among `values`.
    """
    columns = {value: column for column, value in enumerate(values)}
    rows: dict[Hashable, int] = {}
    places = [(rows.setdefault(unit, len(rows)), columns[value]) for unit, value in judgements]
    where = np.array(places, dtype=np.int64).reshape(-1, 2)
    return list(rows), count_values(where[:, 0], where[:, 1], len(rows), len(values))


def count_values(units: ArrayLike, values: ArrayLike, n_units: int, n_values: int) -> Counts:
    """Counts (n_units, n_values) from one unit number and one value number a judgement."""
    places = np.asarray(units, np.int64) * n_values + np.asarray(values, np.int64)
    counted = np.bincount(places, minlength=n_units * n_values)
    return counted.reshape(n_units, n_values).astype(np.float64)


@dataclass(frozen=True)
class PairCounts:
    """Pairs of judgements: `layers` (..., L, V, V) for units of `sizes` (L,) judgements.

    A layer sums n_c n_k - [c = k] n_c over its units; that of size 1 has n_c on its diagonal.
    """

    sizes: NDArray[np.int64]
    layers: Counts

    @cached_property
    def given(self) -> Counts:
        """Judgements by value, (..., L, V)."""
        return self.layers.sum(axis=-1) / np.maximum(self.sizes - 1, 1)[:, None]

    @cached_property
    def units(self) -> Counts:
        """Units by their number of judgements, (..., L)."""
        return self.given.sum(axis=-1) / self.sizes

    @cached_property
    def coincidences(self) -> Counts:
        """Krippendorff's coincidence matrix, (..., V, V)."""
        return self._weighed(1.0 / np.maximum(self.sizes - 1, 1))

    @cached_property
    def rates(self) -> Counts:
        """Shares of ordered pairs, summed over units, (..., V, V)."""
        return self._weighed(1.0 / (self.sizes * np.maximum(self.sizes - 1, 1)))

    @cached_property
    def shares(self) -> Counts:
        """Shares of values, summed over all units, (..., V)."""
        summed: Counts = (self.given / self.sizes[:, None]).sum(axis=-2)
        return summed

    @property
    def pairable(self) -> Counts:
        """Units with two judgements or more, (...)."""
        return np.asarray((self.units * (self.sizes > 1)).sum(axis=-1))

    @property
    def judgements(self) -> Counts:
        """Judgements of those units, (...)."""
        return np.asarray((self.units * (self.sizes > 1) * self.sizes).sum(axis=-1))

    def _weighed(self, weights: Counts) -> Counts:
        weights = weights * (self.sizes > 1)
        return np.einsum("...lcd,l->...cd", self.layers, weights)

    @property
    def packed(self) -> Counts:
        """The same numbers without the mirrored half, flat: (..., L V (V + 1) / 2)."""
        rows, columns = np.triu_indices(self.layers.shape[-1])
        half = self.layers[..., rows, columns]
        return half.reshape(*half.shape[:-2], len(self.sizes) * len(rows))

    def unpacked(self, flat: Counts) -> "PairCounts":
        """Sums like `packed`, (..., F), as PairCounts of the same sizes and values."""
        size = self.layers.shape[-1]
        rows, columns = np.triu_indices(size)
        half = flat.reshape(*flat.shape[:-1], len(self.sizes), len(rows))
        layers = np.empty((*half.shape[:-1], size, size))
        layers[..., rows, columns] = half
        layers[..., columns, rows] = half
        return PairCounts(self.sizes, layers)


def patterns(counts: Counts) -> tuple[Counts, NDArray[np.int64]]:
    """The distinct rows of counts (units, V), and which of them each unit has."""
    base = int(counts.max(initial=0)) + 1
    if base ** counts.shape[1] < 2**62:
        codes = np.zeros(len(counts), np.int64)
        for number, column in enumerate(counts.T):
            codes += column.astype(np.int64) * base**number
        _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        return counts[first], inverse
    distinct, inverse = np.unique(counts, axis=0, return_inverse=True)
    return distinct, inverse.reshape(-1)


def pair_counts(counts: Counts, clusters: ArrayLike | None = None) -> PairCounts:
    """PairCounts of counts (units, V), summed over all units or, with one number from 0 a unit in
    `clusters`, over each cluster: layers (clusters, L, V, V).
    """
    distinct, which = patterns(counts)
    distinct = distinct.astype(np.float64)  # they may be counted in fewer bits
    size_of = distinct.sum(axis=1).astype(np.int64)
    sizes = np.unique(size_of[size_of > 0])
    pairs = distinct[:, :, None] * distinct[:, None, :]
    diagonal = np.arange(counts.shape[1])
    pairs[:, diagonal, diagonal] -= distinct * (size_of != 1)[:, None]
    if clusters is None:
        times = np.bincount(which, minlength=len(distinct)).astype(float)
        summed = [np.einsum("pcd,p->cd", pairs[size_of == m], times[size_of == m]) for m in sizes]
        return PairCounts(sizes, np.array(summed).reshape(len(sizes), *pairs.shape[1:]))
    numbers = np.asarray(clusters, np.int64)
    groups = int(numbers.max(initial=-1)) + 1
    layers = np.zeros((groups, len(sizes), *pairs.shape[1:]))
    for layer, m in enumerate(sizes):
        for c, d in zip(*np.triu_indices(counts.shape[1])):
            weight = np.where(size_of == m, pairs[:, c, d], 0.0)
            if weight.any():
                column = np.bincount(numbers, weights=weight[which], minlength=groups)
                layers[:, layer, c, d] = layers[:, layer, d, c] = column
    return PairCounts(sizes, layers)


def distances(marginals: Counts, level: str, points: ArrayLike | None = None) -> Counts:
    """Squared differences between values, (..., V, V), for `marginals` (..., V).

    Nominal, ordinal, interval and ratio as in Krippendorff (2011), "Computing Krippendorff's
    Alpha-Reliability". `points` (V,) are the values as numbers, 0, 1, 2, … if None.
    Raises ValueError for an unknown level of measurement.
    """
    size = marginals.shape[-1]
    if level == "nominal":
        return np.broadcast_to(1.0 - np.eye(size), (*marginals.shape, size))
    if level == "ordinal":
        centres = np.cumsum(marginals, axis=-1) - marginals / 2
        difference: Counts = (centres[..., :, None] - centres[..., None, :]) ** 2
        return difference
    if level not in LEVELS:
        raise ValueError(f"unknown level of measurement {level!r}")
    steps = np.arange(size, dtype=float) if points is None else np.asarray(points, float)
    gaps = steps[:, None] - steps
    if level == "ratio":
        sums = steps[:, None] + steps
        gaps = np.divide(gaps, sums, out=np.zeros_like(gaps), where=sums != 0)
    return np.broadcast_to(gaps**2, (*marginals.shape, size))


def alpha(pairs: PairCounts, level: str, points: ArrayLike | None = None) -> Counts:
    """Krippendorff's alpha, (...). Krippendorff (2011)."""
    return _alphas(pairs.coincidences, level, points)


def class_alphas(pairs: PairCounts) -> Counts:
    """Nominal alpha of each value against all others, (..., V)."""
    marginals = pairs.coincidences.sum(axis=-1)
    n = marginals.sum(axis=-1, keepdims=True)
    apart = marginals - np.diagonal(pairs.coincidences, axis1=-2, axis2=-1)
    return _ratio((n - 1) * apart, marginals * (n - marginals))


def _alphas(coincidences: Counts, level: str, points: ArrayLike | None) -> Counts:
    marginals = coincidences.sum(axis=-1)
    n = marginals.sum(axis=-1)
    metric = distances(marginals, level, points)
    observed = (coincidences * metric).sum(axis=(-2, -1))
    expected = np.einsum("...c,...cd,...d->...", marginals, metric, marginals)
    return _ratio((n - 1) * observed, expected)


def _ratio(disagreement: Counts, by_chance: Counts) -> Counts:
    """1 - disagreement / by_chance; NaN where chance leaves no disagreement."""
    defined = by_chance > 1e-12
    return np.where(defined, 1.0 - disagreement / np.where(defined, by_chance, 1.0), np.nan)


def weights(size: int, kind: str) -> Counts:
    """How much two values agree, (V, V): "identity", "linear" or "quadratic" (Cohen 1968)."""
    if kind == "identity":
        return np.eye(size)
    if kind not in ("linear", "quadratic"):
        raise ValueError(f"unknown weights {kind!r}")
    steps = np.arange(size)
    gaps = np.abs(steps[:, None] - steps) / max(size - 1, 1)
    return np.asarray(1.0 - (gaps if kind == "linear" else gaps**2))


def raw(pairs: PairCounts, kind: str = "identity") -> Counts:
    """The mean over units of the (weighted) share of agreeing pairs, (...)."""
    agreed = (pairs.rates * weights(pairs.rates.shape[-1], kind)).sum(axis=(-2, -1))
    return np.where(pairs.pairable > 0, agreed / np.maximum(pairs.pairable, 1e-12), np.nan)


def fleiss(pairs: PairCounts) -> Counts:
    """Fleiss' kappa (1971), (...); for unequal numbers of raters as in Gwet (2014), ch. 2.

    With two raters everywhere it is Scott's pi (1955).
    """
    share = _mean_shares(pairs)
    return _ratio(1.0 - raw(pairs), 1.0 - (share**2).sum(axis=-1))


def gwet(pairs: PairCounts, kind: str = "identity") -> Counts:
    """Gwet's AC1 (2008), with other than identity weights his AC2 (2014), (...).

    All V values are possible answers, whether they occur or not; NaN where there is one only.
    """
    size = pairs.layers.shape[-1]
    if size < 2:
        return np.full(pairs.layers.shape[:-3], np.nan)
    share = _mean_shares(pairs)
    spread = weights(size, kind).sum() / (size * (size - 1))
    chance = spread * (share * (1 - share)).sum(axis=-1)
    return _ratio(1.0 - raw(pairs, kind), 1.0 - chance)


def _mean_shares(pairs: PairCounts) -> Counts:
    rated = pairs.units.sum(axis=-1)[..., None]
    return pairs.shares / np.maximum(rated, 1e-12)


def icc(pairs: PairCounts, points: ArrayLike | None = None) -> Counts:
    """ICC(1): how much of the variance lies between units, for a single judgement, (...).

    One-way random effects with unequal numbers of judgements (Shrout & Fleiss 1979; k0 as in
    Searle 1971). Units with one judgement count, too.
    """
    size = pairs.layers.shape[-1]
    x = np.arange(size, dtype=float) if points is None else np.asarray(points, float)
    n, given = pairs.sizes, pairs.given
    units = pairs.units.sum(axis=-1)
    total = (pairs.units * n).sum(axis=-1)
    squares = (given @ x**2).sum(axis=-1)
    products = np.einsum("...lcd,c,d->...l", pairs.layers, x, x) * (n > 1)
    between = ((products + given @ x**2) / n).sum(axis=-1)  # sum over units of T_i² / n_i
    grand = (given @ x).sum(axis=-1)
    safe = np.maximum(total, 1e-12)
    k0 = (total - (pairs.units * n**2).sum(axis=-1) / safe) / np.maximum(units - 1, 1e-12)
    among = (between - grand**2 / safe) / np.maximum(units - 1, 1e-12)
    within = (squares - between) / np.maximum(total - units, 1e-12)
    whole = among + (k0 - 1) * within
    defined = (units > 1) & (total > units) & (np.abs(whole) > 1e-12)
    return np.where(defined, (among - within) / np.where(defined, whole, 1.0), np.nan)


def why_undefined(pairs: PairCounts) -> str:
    """The reason for which a coefficient of PairCounts without leading dimensions is NaN."""
    if not pairs.pairable:
        return NO_PAIRS
    return ONE_VALUE if (pairs.coincidences.sum(axis=-1) > 0).sum() < 2 else NO_CHANCE


def reading(value: float) -> str:
    """The usual reading of an alpha (Krippendorff 2004): reliable, tentative or unreliable."""
    if value >= RELIABLE:
        return "reliable"
    return "tentative" if value >= TENTATIVE else "unreliable"


def coefficients(level: str, points: ArrayLike | None = None) -> dict[str, tuple[Any, ...]]:
    """The coefficients for any number of raters at a level: name -> function, its arguments."""
    chosen: dict[str, tuple[Any, ...]] = {
        "raw": (raw,),
        "alpha": (alpha, level, points),
        "fleiss": (fleiss,),
        "ac1": (gwet,),
    }
    if level != "nominal":
        chosen["ac2"] = (gwet, "quadratic")
        chosen["alpha_nominal"] = (alpha, "nominal")
        chosen["alpha_interval"] = (alpha, "interval", points)
    if level in ("interval", "ratio"):
        chosen["icc1"] = (icc, points)
    return chosen


def coefficient_row(value: float, why: str) -> dict[str, Any]:
    """A value, or the reason why there is none."""
    defined = not np.isnan(value)
    return {"value": value if defined else None, "undefined": "" if defined else why}
