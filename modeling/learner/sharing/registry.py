"""The way of sharing that a recipe names."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from torch import nn

from modeling.learner.recipes import Recipe
from modeling.learner.release import Task
from modeling.learner.sharing.cross_stitch import CrossStitch
from modeling.learner.sharing.hard_sharing import HardSharing
from modeling.learner.sharing.mixture_of_experts import MixtureOfExperts, ProgressiveExtraction
from modeling.learner.sharing.parameter_distance import ParameterDistance
from modeling.learner.sharing.reading_gates import ReadingGates
from modeling.learner.sharing.relation_gates import RelationGates
from modeling.learner.sharing.tower import Tower


def build_sharing(
    recipe: Recipe, tasks: Sequence[Task], priors: Mapping[str, float] | None = None
) -> nn.Module:
    """The sharing of a recipe, for these tasks.

    `priors` say how strongly the correlations tie the towers of their parents in "relgate": task ->
    mean of |r| / 2 in training. Raises KeyError for a sharing that is none.
    """
    width, dropout, keys = recipe.width, recipe.dropout, [task.key for task in tasks]
    tower = partial(Tower, width, dropout, recipe.context)
    makers: dict[str, Callable[[], nn.Module]] = {
        "hard": lambda: HardSharing(tower, keys),
        "cross-stitch": lambda: CrossStitch(tower, keys),
        "mmoe": lambda: MixtureOfExperts(tower, keys, width),
        "ple": lambda: ProgressiveExtraction(tower, keys, width),
        "distance": lambda: ParameterDistance(tower, keys),
        "reading": lambda: ReadingGates(tower, keys, len(recipe.modalities), width, dropout),
        "relgate": lambda: RelationGates(
            width, tasks, dropout, recipe.relations, priors or {}, tower
        ),
    }
    return makers[recipe.sharing]()
