"""How tasks share what was learned; one idea a file, all with one interface.

A sharing turns fused vectors of dialogues into one vector an utterance and task:

    forward(fused (B, T, d), mask (B, T)) -> SharingOutput

`fused` is zero where no turn is. A sharing of READ_MODALITIES takes the vectors of modalities
before they are fused instead, (B, T, M, d), zero where one is missing. What a task's label or a
gold correlation says is no argument of any `forward`: correlations are targets of training alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from modeling.learner.release import Task

READ_MODALITIES = ("reading",)


@dataclass
class SharingOutput:
    """Vectors (B, T, d) by task; of a sharing that relates tasks the logits (B, T, C - 1) of each
    correlation being above its first C - 1 values, and its gate in [-1, 1] (B, T); penalties.
    """

    vectors: dict[str, Tensor]
    relations: dict[str, Tensor] = field(default_factory=dict)
    gates: dict[str, Tensor] = field(default_factory=dict)
    penalties: dict[str, Tensor] = field(default_factory=dict)


def split_tasks(tasks: Sequence[Task]) -> tuple[list[Task], list[Task]]:
    """The tasks of their own, and the correlations whose two parents are among them."""
    own = [task for task in tasks if not task.is_correlation]
    known = {task.key for task in own}
    return own, [t for t in tasks if t.is_correlation and {t.source, t.target} <= known]
