"""One trunk for all tasks."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from modeling.learner.sharing.interface import SharingOutput
from modeling.learner.sharing.tower import Tower


class HardSharing(nn.Module):
    """One trunk for all tasks (Caruana 1997)."""

    def __init__(self, tower: Callable[[], Tower], tasks: Sequence[str]) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        self.trunk = tower()

    def forward(self, fused: Tensor, mask: Tensor) -> SharingOutput:
        """Fused (B, T, d), mask (B, T) -> vectors (B, T, d) of each task."""
        shared = self.trunk(fused, mask)  # (B, T, d)
        return SharingOutput(dict.fromkeys(self.tasks, shared))
