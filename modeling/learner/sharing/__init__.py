"""How tasks share what was learned; one idea a file, all with one interface.

A sharing turns fused vectors of dialogues into one vector an utterance and task:

    forward(fused (B, T, d), mask (B, T)) -> Shared

`fused` is zero where no turn is. What a task's label or a gold correlation says is no argument of
any `forward`: correlations are targets of training alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor, nn

from modeling.learner.recipes import Recipe
from modeling.learner.release import Task


@dataclass
class Shared:
    """Vectors (B, T, d) by task; of a sharing that relates tasks the logits (B, T, C - 1) of each
    correlation being above its first C - 1 values, and its gate in [-1, 1] (B, T); penalties.
    """

    vectors: dict[str, Tensor]
    relations: dict[str, Tensor] = field(default_factory=dict)
    gates: dict[str, Tensor] = field(default_factory=dict)
    penalties: dict[str, Tensor] = field(default_factory=dict)


def parts_of(tasks: Sequence[Task]) -> tuple[list[Task], list[Task]]:
    """The tasks of their own, and the correlations whose two parents are among them."""
    own = [task for task in tasks if not task.is_correlation]
    known = {task.key for task in own}
    return own, [t for t in tasks if t.is_correlation and {t.source, t.target} <= known]


def make(
    recipe: Recipe, tasks: Sequence[Task], priors: Mapping[str, float] | None = None
) -> nn.Module:
    """The sharing of a recipe, for these tasks.

    `priors` say how strongly the correlations tie the towers of their parents in "relgate": task ->
    mean of |r| / 2 in training. Raises KeyError for a sharing that is none.
    """
    from modeling.learner.sharing import experts, hard, relgate, stitch
    from modeling.learner.sharing.tower import Tower

    width, dropout, keys = recipe.width, recipe.dropout, [task.key for task in tasks]
    tower = partial(Tower, width, dropout, recipe.context)
    makers: dict[str, Callable[[], nn.Module]] = {
        "hard": lambda: hard.HardSharing(tower, keys),
        "cross-stitch": lambda: stitch.CrossStitch(tower, keys),
        "mmoe": lambda: experts.MixtureOfExperts(tower, keys, width),
        "ple": lambda: experts.ProgressiveExtraction(tower, keys, width),
        "distance": lambda: stitch.ParameterDistance(tower, keys),
        "relgate": lambda: relgate.RelationGates(
            width, tasks, dropout, recipe.relations, priors or {}, tower
        ),
    }
    return makers[recipe.sharing]()
