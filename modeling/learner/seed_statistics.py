"""Mean and confidence interval of metrics over the seeds of a recipe."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import stdtrit

SUMMARISED = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "auroc", "ap", "mae",
              "quadratic_kappa", "ece", "ece_predicted")  # fmt: skip


def mean_interval(values: Sequence[float]) -> dict[str, float | int | None]:
    """Mean and standard deviation of some seeds, with Student's 95 % interval of the mean, which is
    None of a single one.
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return {"mean": mean, "sd": None, "low": None, "high": None, "n": n}
    sd = float(np.std(values, ddof=1))
    half = float(stdtrit(n - 1, 0.975)) * sd / n**0.5
    return {"mean": mean, "sd": sd, "low": mean - half, "high": mean + half, "n": n}


def seed_summary(evaluations: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any] | None]:
    """Task -> metric -> mean_interval over evaluations that differ in their seed; None of a task
    without labels.
    """
    summary: dict[str, dict[str, Any] | None] = {}
    for task in evaluations[0]["tasks"]:
        rows = [e["tasks"][task] for e in evaluations if e["tasks"].get(task)]
        summary[task] = {
            metric: mean_interval([row[metric] for row in rows])
            for metric in SUMMARISED
            if rows and all(row.get(metric) is not None for row in rows)
        } or None
    return summary
