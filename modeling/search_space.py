"""Plain: the settings that a search may vary, and what a trial of it is. Pages read these; the
estimator is in hyperparameter_search.py, which imports Optuna and is for workers.
"""

from dataclasses import dataclass
from typing import Any

FIELDS = ("learning_rate", "dropout", "width", "dialogues_per_batch", "weight_decay",
          "logit_adjustment", "weighting", "relation_weight")  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """Settings that were tried: `value` is the score to be raised, None while there is none;
    `curve` the score of each epoch; `state` "running", "done", "pruned" or "failed".
    """

    settings: dict[str, Any]
    state: str
    value: float | None = None
    curve: tuple[float, ...] = ()
