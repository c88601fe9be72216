"""Mean and confidence interval of metrics over the seeds of a recipe."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from statistics import NormalDist, mean, stdev
from typing import Any

SUMMARISED = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "auroc", "ap", "mae",
              "quadratic_kappa", "ece", "ece_predicted")  # fmt: skip
MIN_SEEDS = 3  # below which there is no interval: of two, Student's is 13 deviations wide
MIN_DIALOGUES = 10  # evaluated, below which there is no interval and no test
SHARE, DIFFERENCE = (0.0, 1.0), (-1.0, 1.0)  # bounds of a metric, of a difference of two
BOUNDS = {"mae": (0.0, inf), "quadratic_kappa": (-1.0, 1.0)}  # of metrics that are no share
T_975 = (12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004,
         2.262157, 2.228139, 2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905,
         2.109816, 2.100922, 2.093024, 2.085963)  # fmt: skip  # of 1 to 20 degrees of freedom


def student_quantile(degrees: int) -> float:
    """The 97.5 % quantile of Student's t: pages print it, and importing SciPy takes longer than
    they do. Beyond the table by its expansion (Abramowitz & Stegun 1964, 26.7.5).
    """
    if degrees <= len(T_975):
        return T_975[degrees - 1]
    z = NormalDist().inv_cdf(0.975)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3


def mean_interval(
    values: Sequence[float],
    bounds: tuple[float, float] = SHARE,
    dialogues: int | None = None,
) -> dict[str, Any]:
    """Mean of some seeds with standard deviation and Student's 95 % interval of the mean within the
    `bounds` of the metric. These are None, and `why` is "seeds" or "dialogues", of fewer than
    MIN_SEEDS and where fewer than MIN_DIALOGUES were evaluated (None: it is not known how many).
    `values` are those of the seeds, which are shown where there is no interval.
    """
    few = dialogues is not None and dialogues < MIN_DIALOGUES
    why = "seeds" if len(values) < MIN_SEEDS else "dialogues" if few else ""
    summary = {
        "mean": float(mean(values)), "n": len(values), "values": list(map(float, values)),
        "why": why,
    }  # fmt: skip
    if why:
        return summary | {"sd": None, "low": None, "high": None}
    sd = float(stdev(values))
    half = student_quantile(len(values) - 1) * sd / len(values) ** 0.5
    low, high = summary["mean"] - half, summary["mean"] + half
    return summary | {"sd": sd, "low": max(bounds[0], low), "high": min(bounds[1], high)}


def dialogues_evaluated(evaluations: Iterable[Mapping[str, Any]]) -> int | None:
    """How many dialogues figures rest on, None where that is not known."""
    counts = (each.get("dialogues") for each in evaluations)
    return min((n for n in counts if n is not None), default=None)


def seed_summary(evaluations: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any] | None]:
    """Task -> metric -> mean_interval over evaluations that differ in their seed; None of a task
    without labels.
    """
    summary: dict[str, dict[str, Any] | None] = {}
    dialogues = dialogues_evaluated(evaluations)
    for task in evaluations[0]["tasks"]:
        rows = [e["tasks"][task] for e in evaluations if e["tasks"].get(task)]
        summary[task] = {
            metric: mean_interval(
                [row[metric] for row in rows], BOUNDS.get(metric, SHARE), dialogues
            )
            for metric in SUMMARISED
            if rows and all(row.get(metric) is not None for row in rows)
        } or None
    return summary
