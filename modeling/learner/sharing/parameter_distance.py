"""A tower a task, with a penalty on the distance of their parameters."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from modeling.learner.networks.task_modules import ByTask
from modeling.learner.sharing.interface import SharingOutput
from modeling.learner.sharing.tower import Tower, parameter_distance


class ParameterDistance(nn.Module):
    """A tower a task and a penalty on how far their parameters are apart (Duong et al. 2015)."""

    def __init__(self, tower: Callable[[], Tower], tasks: Sequence[str]) -> None:
        super().__init__()
        self.towers = ByTask({task: tower() for task in tasks})

    def forward(self, fused: Tensor, mask: Tensor) -> SharingOutput:
        """Fused (B, T, d), mask (B, T) -> vectors (B, T, d) of each task."""
        towers = list(self.towers.values())
        pairs = [(a, b) for i, a in enumerate(towers) for b in towers[i + 1 :]]
        penalty = torch.stack(
            [parameter_distance(a, b) for a, b in pairs] or [fused.new_zeros(())]
        ).sum()
        vectors = {task: each(fused, mask) for task, each in self.towers.items()}
        return SharingOutput(vectors, penalties={"distance": penalty})
