"""The published network that a recipe names."""

from collections.abc import Callable, Mapping

from modeling.learner.networks.published.bc_lstm import ContextualLSTM
from modeling.learner.networks.published.interface import Body
from modeling.learner.recipes import Recipe

BODIES: dict[str, Callable[[Mapping[str, int], Recipe, Mapping[str, int]], Body]] = {
    "bc_lstm": ContextualLSTM,
}


def build_body(recipe: Recipe, sizes: Mapping[str, int], classes: Mapping[str, int]) -> Body:
    """The network of a recipe for frames of these dimensions and tasks of so many classes.

    Raises KeyError for another name.
    """
    return BODIES[recipe.network](sizes, recipe, classes)
