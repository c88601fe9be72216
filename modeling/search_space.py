"""Plain: the settings that a search may vary, what a trial of it is, and trials by chance. Pages
read these; the estimator is in hyperparameter_search.py, which imports Optuna and is for workers.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STARTUP = 5  # trials that have ended before the estimator says anything: until then by chance
DIGITS = 3  # of a value that is tried: more decide nothing


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`: by steps, or with `log` evenly over their magnitudes."""

    low: float
    high: float
    step: float | None = None
    log: bool = False

    def by_chance(self, chance: random.Random) -> float:
        if self.step is not None:
            return self.low + self.step * chance.randint(
                0, round((self.high - self.low) / self.step)
            )
        if self.log:
            return math.exp(chance.uniform(math.log(self.low), math.log(self.high)))
        return chance.uniform(self.low, self.high)


SPACE: dict[str, Range | tuple[Any, ...]] = {
    "learning_rate": Range(1e-4, 1e-2, log=True),
    "dropout": Range(0.0, 0.5, step=0.05),
    "width": (32, 64, 128),
    "dialogues_per_batch": (4, 8, 16, 32),
    "weight_decay": Range(1e-4, 1e-1, log=True),
    "logit_adjustment": Range(0.0, 1.5, step=0.25),
    "weighting": ("uncertainty", "equal", "geometric"),
    "relation_weight": Range(0.1, 10.0, log=True),
}
FIELDS = tuple(SPACE)


@dataclass(frozen=True)
class Trial:
    """Settings that were tried: `value` is the score to be raised, None while there is none;
    `curve` the score of each epoch; `state` "running", "done", "pruned" or "failed".
    """

    settings: dict[str, Any]
    state: str
    value: float | None = None
    curve: tuple[float, ...] = ()


def begins(trials: Sequence[Trial]) -> bool:
    """Whether too few trials have ended to learn from them."""
    return sum(trial.state in ("done", "pruned") for trial in trials) < STARTUP


def by_chance(fields: Sequence[str], trials: Sequence[Trial], seed: int) -> dict[str, Any]:
    """Settings for the next of these trials; the same for the same seed and number of trials."""
    chance, found = random.Random(seed * 10_000 + len(trials)), {}
    for name in fields:
        values = SPACE[name]
        one = values.by_chance(chance) if isinstance(values, Range) else chance.choice(values)
        found[name] = rounded(one)
    return found


def rounded(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
