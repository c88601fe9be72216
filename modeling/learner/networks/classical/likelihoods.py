"""A language model's scores of the values as a run: nothing is learned but how likely they are.

What modeling/learner/features/language_model.py wrote for a release is read as features of text.
As all features they are standardised over the training set, value by value. That takes away how
much likelier a model finds one word than another whatever the utterance, as batch calibration does
(Zhou et al. 2024), and divides by the spread besides. Temperature and threshold are then those of
any run, fitted on the validation set.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from modeling.learner.batches import DialogueBatch
from modeling.learner.features.imported import ImportedFeatures
from modeling.learner.networks.classical.learned_tensors import FittingData, validation_macro_f1
from modeling.learner.networks.prediction import Prediction
from modeling.learner.recipes import Recipe, RecipeError
from modeling.learner.release import Task


class LikelihoodModel(nn.Module):
    """Scores (N, C) of each task out of the columns of the features.

    Raises RecipeError for features that are no scores of the tasks.
    """

    def __init__(
        self, recipe: Recipe, tasks: Sequence[Task], vocabulary: int, sizes: Mapping[str, int]
    ) -> None:
        super().__init__()
        known = ImportedFeatures(Path(recipe.likelihoods)).columns
        self.classes = {task.key: len(task.classes) for task in tasks}
        self.columns: dict[str, list[int]] = {}
        for task in tasks:
            names = [f"{task.key}={value}" for value in task.classes]
            if not set(names) <= set(known):
                raise RecipeError(
                    f"likelihoods: {recipe.likelihoods} holds no scores of {task.key}; write"
                    " them with the command judge.",
                    "likelihoods",
                )
            self.columns[task.key] = [known.index(name) for name in names]

    def forward(self, batch: DialogueBatch) -> Prediction:
        """The prediction for every utterance of the batch, N in all; zeros for those without
        words.
        """
        scores: Tensor = batch.text.sum(dim=1)  # (N, D), of the one frame or of none
        return Prediction({key: scores[:, places] for key, places in self.columns.items()})

    def fit(
        self, data: FittingData, report: Callable[[str, float, dict[str, Any]], None]
    ) -> dict[str, dict[str, Any]]:
        """Nothing is chosen; `report` hears of each task its macro-F1 on the validation set."""
        whole = data.validation.batch(range(len(data.validation)))
        for key, scores in self(whole).logits.items():
            report(key, validation_macro_f1(scores, whole.gold[key]), {})
        return {}
