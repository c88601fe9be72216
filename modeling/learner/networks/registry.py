"""The network that a recipe names."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from modeling.learner.networks.baselines.adapter import BaselineModel
from modeling.learner.networks.classical.hidden_markov import HiddenMarkovModel
from modeling.learner.networks.classical.learned_tensors import learned_numbers
from modeling.learner.networks.classical.likelihoods import LikelihoodModel
from modeling.learner.networks.classical.linear import LinearModel
from modeling.learner.networks.dialogue_model import DialogueModel, SeparateModels
from modeling.learner.networks.published.model import PublishedModel
from modeling.learner.recipes import FIXED_NETWORKS, Recipe
from modeling.learner.release import Task

ClassicalModel = HiddenMarkovModel | LinearModel | LikelihoodModel


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
    if recipe.classical:
        kinds = {"hmm": HiddenMarkovModel, "likelihoods": LikelihoodModel}
        return kinds.get(recipe.network, LinearModel)(recipe, tasks, vocabulary, sizes)
    if recipe.network != "own":
        return PublishedModel(recipe, tasks, vocabulary, sizes)
    if recipe.sharing == "single":
        return SeparateModels(recipe, tasks, vocabulary, sizes)
    return DialogueModel(recipe, tasks, vocabulary, sizes, priors, log_priors)


def parameter_count(model: nn.Module, learned: bool = False) -> int:
    """How many numbers a network consists of, with `learned` without those that are never learned;
    of a classical system all that it has learned.
    """
    if isinstance(model, ClassicalModel):
        return learned_numbers(model)
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not learned)
