"""Plain: agreement coefficients with intervals, from counts of values per unit."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]
NO_PAIRS = "no_pairs"  # no unit has two judgements
ONE_VALUE = "one_value"  # everybody gave the same value everywhere
REPLICATES = 1000


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha; `value` is None where it is undefined, and `undefined` says why."""

    value: float | None
    undefined: str
    units: int  # units with two or more judgements
    judgements: int  # judgements in those units
    agreement: float | None  # share of agreeing pairs of judgements, unit by unit
    low: float | None = None  # 95 % interval, bootstrap over clusters
    high: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def tally(judgements: Iterable[tuple[Any, str]], values: Sequence[str]) -> tuple[list[Any], Counts]:
    """Units in order of first appearance, and counts (units, values) of their judgements.

    Raises KeyError for a value that is not among `values`.
    """
    columns = {value: column for column, value in enumerate(values)}
    rows: dict[Any, int] = {}
    places = [(rows.setdefault(unit, len(rows)), columns[value]) for unit, value in judgements]
    counts = np.zeros((len(rows), len(values)))
    if places:
        where = np.array(places)
        np.add.at(counts, (where[:, 0], where[:, 1]), 1.0)
    return list(rows), counts


def distances(marginals: Counts, level: str) -> Counts:
    """Squared differences between values, shape (..., V, V) for `marginals` (..., V).

    Nominal, ordinal and interval as in Krippendorff (2011), "Computing Krippendorff's
    Alpha-Reliability", section on difference functions. Interval takes values 0, 1, 2, …
    """
    size = marginals.shape[-1]
    if level == "nominal":
        return np.broadcast_to(1.0 - np.eye(size), (*marginals.shape, size))
    if level == "interval":
        steps = np.arange(size, dtype=float)
        return np.broadcast_to((steps[:, None] - steps) ** 2, (*marginals.shape, size))
    if level == "ordinal":
        centres = np.cumsum(marginals, axis=-1) - marginals / 2
        difference: Counts = (centres[..., :, None] - centres[..., None, :]) ** 2
        return difference
    raise ValueError(f"unknown level of measurement {level!r}")


def coincidences(counts: Counts) -> Counts:
    """The coincidence matrix of each unit, shape (units, V, V), from counts (units, V).

    A unit with m judgements adds n_c (n_k - [c = k]) / (m - 1); with fewer than two, nothing.
    """
    size = counts.sum(axis=1)
    weight = np.where(size > 1, 1.0 / np.maximum(size - 1, 1), 0.0)
    pairs: Counts = counts[:, :, None] * counts[:, None, :]
    diagonal = np.arange(counts.shape[1])
    pairs[:, diagonal, diagonal] -= counts
    return pairs * weight[:, None, None]


def _alphas(total: Counts, level: str) -> Counts:
    """Alpha of each coincidence matrix in `total` (..., V, V); NaN where it is undefined."""
    marginals = total.sum(axis=-1)
    n = marginals.sum(axis=-1)
    metric = distances(marginals, level)
    observed = (total * metric).sum(axis=(-2, -1))
    expected = (marginals[..., :, None] * marginals[..., None, :] * metric).sum(axis=(-2, -1))
    defined = expected > 0
    ratio = (n - 1) * observed / np.where(defined, expected, 1.0)
    return np.where(defined, 1.0 - ratio, np.nan)


def alpha(
    counts: Counts,
    level: str,
    clusters: Sequence[Any] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Alpha:
    """Krippendorff's alpha of counts (units, V) at a level of measurement.

    With `clusters` (one label a unit, such as its dialogue) also a percentile interval from
    `replicates` bootstrap samples of whole clusters. Raises ValueError for an unknown level.
    """
    size = counts.sum(axis=1)
    pairable = size > 1
    units, judgements = int(pairable.sum()), int(size[pairable].sum())
    if not units:
        return Alpha(None, NO_PAIRS, 0, 0, None)
    matrices = coincidences(counts[pairable])
    total = matrices.sum(axis=0)
    agreement = float(np.trace(total) / total.sum())
    point = float(_alphas(total, level))
    if np.isnan(point):
        return Alpha(None, ONE_VALUE, units, judgements, agreement)
    low = high = None
    if clusters is not None:
        of_units = [cluster for cluster, kept in zip(clusters, pairable, strict=True) if kept]
        low, high = _interval(matrices, of_units, level, replicates, seed)
    return Alpha(point, "", units, judgements, agreement, low, high)


def _interval(
    matrices: Counts, clusters: Sequence[Any], level: str, replicates: int, seed: int
) -> tuple[float | None, float | None]:
    _, labels = np.unique(np.array([str(c) for c in clusters]), return_inverse=True)
    groups = int(labels.max()) + 1
    if groups < 2:
        return None, None
    per_cluster = np.zeros((groups, *matrices.shape[1:]))
    np.add.at(per_cluster, labels, matrices)
    draws = np.random.default_rng(seed).multinomial(
        groups, np.full(groups, 1 / groups), size=replicates
    )
    sums = np.tensordot(draws.astype(float), per_cluster, axes=1)
    values = _alphas(sums, level)
    values = values[~np.isnan(values)]
    if not len(values):
        return None, None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def reading(value: float) -> str:
    """The usual reading of an alpha (Krippendorff 2004): reliable, tentative or unreliable."""
    if value >= 0.8:
        return "reliable"
    return "tentative" if value >= 0.667 else "unreliable"
