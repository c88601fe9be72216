"""Fitting a classical system: no epochs, but an event for each task that is done."""

import time
from typing import Any

from modeling.learner.networks.classical.learned_tensors import FittingData
from modeling.learner.networks.registry import ClassicalModel
from modeling.learner.run_directory import Emit
from modeling.learner.training import resource_usage


def fit_classical(
    model: ClassicalModel, data: FittingData, emit: Emit
) -> dict[str, dict[str, Any]]:
    """Fit all tasks; task -> what was chosen on the validation set: C, states, weights of
    modalities.
    """
    started = time.monotonic()
    scores: dict[str, float] = {}

    def report(task: str, score: float, chosen: dict[str, Any]) -> None:
        scores[task] = score
        emit(
            {
                "event": "fit",
                "task": task,
                "done": len(scores),
                "total": len(model.classes),
                "validation_macro_f1": dict(scores),
                "chosen": chosen,
                "seconds": round(time.monotonic() - started, 2),
                "used": resource_usage(),
            }
        )

    return model.fit(data, report)
