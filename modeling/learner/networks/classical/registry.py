"""The classical system that a recipe names, and how it is fitted."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from modeling.learner.networks.classical.hidden_markov import HiddenMarkovModel
from modeling.learner.networks.classical.learned_tensors import FittingData
from modeling.learner.networks.classical.linear import LinearModel
from modeling.learner.recipes import Recipe
from modeling.learner.release import Task
from modeling.learner.run_directory import Emit


def build_classical(
    recipe: Recipe, tasks: Sequence[Task], vocabulary: int, sizes: Mapping[str, int]
) -> nn.Module:
    """It has learned nothing yet; `sizes` are those of DialogueModel."""
    kind = HiddenMarkovModel if recipe.network == "hmm" else LinearModel
    return kind(recipe, tasks, vocabulary, sizes)


def fit_classical(
    model: LinearModel | HiddenMarkovModel, data: FittingData, emit: Emit
) -> dict[str, dict[str, Any]]:
    """Fit all tasks, an event each; task -> what was chosen on the validation set (C, states,
    weights of modalities).
    """
    started, scores = time.monotonic(), dict[str, float]()

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
