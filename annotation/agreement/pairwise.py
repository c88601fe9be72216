"""Plain: coefficients of two raters, and those that need a complete table of raters.

A confusion (..., V, V) counts the units that the first rater called c and the second k.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation.agreement.coefficients import (
    NO_CHANCE,
    NO_PAIRS,
    ONE_VALUE,
    Counts,
    coefficient_row,
    weights,
)

INCOMPLETE = "incomplete"  # some rater did not judge some unit


def confusion(first: NDArray[np.int64], second: NDArray[np.int64], size: int) -> Counts:
    """Counts (V, V) of two raters' value numbers, -1 where one did not judge the unit."""
    both = (first >= 0) & (second >= 0)
    counted = np.bincount(first[both] * size + second[both], minlength=size * size)
    return counted.reshape(size, size).astype(float)


def cohen(confusions: Counts, kind: str = "identity") -> Counts:
    """Cohen's kappa (1960), or weighted (1968) with "linear" or "quadratic" weights, (...)."""
    return _kappa(confusions, kind, confusions.sum(axis=-1), confusions.sum(axis=-2))


def scott(confusions: Counts, kind: str = "identity") -> Counts:
    """Scott's pi (1955): both raters are taken to answer alike by chance, (...)."""
    both = (confusions.sum(axis=-1) + confusions.sum(axis=-2)) / 2
    return _kappa(confusions, kind, both, both)


def agreed(confusions: Counts) -> Counts:
    """The share of units on which two raters agree, (...); NaN without a common unit."""
    units = confusions.sum(axis=(-2, -1))
    same = np.trace(confusions, axis1=-2, axis2=-1)
    return np.where(units > 0, same / np.maximum(units, 1e-12), np.nan)


def _kappa(confusions: Counts, kind: str, rows: Counts, columns: Counts) -> Counts:
    apart = 1.0 - weights(confusions.shape[-1], kind)
    units = confusions.sum(axis=(-2, -1))
    observed = (confusions * apart).sum(axis=(-2, -1))
    chance = np.einsum("...c,cd,...d->...", rows, apart, columns)
    defined = chance > 1e-12
    return np.where(defined, 1.0 - units * observed / np.where(defined, chance, 1.0), np.nan)


def why_no_kappa(confusions: Counts) -> str:
    """The reason for which a coefficient of one confusion (V, V) is NaN."""
    if not confusions.sum():
        return NO_PAIRS
    used = (confusions.sum(axis=-1) + confusions.sum(axis=-2)) > 0
    return ONE_VALUE if used.sum() < 2 else NO_CHANCE


def kappas(confusions: Counts, level: str) -> dict[str, Counts]:
    """The coefficients of pairs of raters that fit a level of measurement, name -> (...)."""
    found = {
        "agreement": agreed(confusions),
        "kappa": cohen(confusions),
        "scott": scott(confusions),
    }
    if level != "nominal":
        found["kappa_linear"] = cohen(confusions, "linear")
        found["kappa_quadratic"] = cohen(confusions, "quadratic")
    return found


def kappa_rows(confusion: Counts, level: str) -> dict[str, Any]:
    """The `kappas` of one confusion (V, V) and its units, or the reason why there are none."""
    why = why_no_kappa(confusion)
    found: dict[str, Any] = {"units": int(confusion.sum())}
    for name, value in kappas(confusion, level).items():
        found[name] = coefficient_row(float(value), why)
    return found


def complete_icc(table: Counts) -> dict[str, float | str]:
    """ICC(2,1), agreement, and ICC(3,1), consistency, of a table (units, raters) without gaps.

    Shrout & Fleiss (1979). Where a judgement is NaN both are the reason INCOMPLETE.
    """
    n, k = table.shape
    if n < 2 or k < 2:
        return {"icc2": NO_PAIRS, "icc3": NO_PAIRS}
    if np.isnan(table).any():
        return {"icc2": INCOMPLETE, "icc3": INCOMPLETE}
    grand = table.mean()
    units, raters = table.mean(axis=1), table.mean(axis=0)
    among = k * ((units - grand) ** 2).sum() / (n - 1)
    judges = n * ((raters - grand) ** 2).sum() / (k - 1)
    rest = table - units[:, None] - raters + grand
    error = (rest**2).sum() / ((n - 1) * (k - 1))
    wholes = {
        "icc2": among + (k - 1) * error + k * (judges - error) / n,
        "icc3": among + (k - 1) * error,
    }
    return {
        name: float((among - error) / whole) if abs(whole) > 1e-12 else ONE_VALUE
        for name, whole in wholes.items()
    }


def association(table: Counts) -> dict[str, float]:
    """How much the columns of a contingency table depend on its rows.

    `v`: Cramér's V with Bergsma's (2013) correction for small tables; `chi2` and `freedom` of
    Pearson's test; `bits`: mutual information. NaN where one side has a single value.
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n = table.sum()
    if min(table.shape, default=0) < 2:
        return {"v": float("nan"), "chi2": float("nan"), "freedom": 0.0, "bits": float("nan")}
    r, c = table.shape
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    phi = max(0.0, chi2 / n - (r - 1) * (c - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    seen = table > 0
    bits = float((table[seen] / n * np.log2(table[seen] / expected[seen])).sum())
    v = float(np.sqrt(phi / least)) if least > 0 else float("nan")
    return {"v": v, "chi2": chi2, "freedom": float((r - 1) * (c - 1)), "bits": bits}
