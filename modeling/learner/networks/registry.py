"""The network that a recipe names."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from modeling.learner.networks.baselines.adapter import BaselineModel
from modeling.learner.networks.dialogue_model import DialogueModel, SeparateModels
from modeling.learner.networks.published.model import PublishedModel
from modeling.learner.recipes import FIXED_NETWORKS, Recipe
from modeling.learner.release import Task


def build_network(
    recipe: Recipe,
    tasks: Sequence[Task],
    vocabulary: int,
    sizes: Mapping[str, int],
    priors: Mapping[str, float] | None = None,
    log_priors: Mapping[str, Tensor] | None = None,
) -> nn.Module:
    """The network of a recipe; the arguments are those of DialogueModel."""
    if recipe.network in FIXED_NETWORKS:
        return BaselineModel(recipe, tasks, vocabulary, sizes)
    if recipe.network != "own":
        return PublishedModel(recipe, tasks, vocabulary, sizes)
    if recipe.sharing == "single":
        return SeparateModels(recipe, tasks, vocabulary, sizes)
    return DialogueModel(recipe, tasks, vocabulary, sizes, priors, log_priors)
