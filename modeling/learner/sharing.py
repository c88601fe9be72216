"""How tasks share what was learned."""

from collections.abc import Sequence

from torch import Tensor, nn


class HardSharing(nn.Module):
    """One trunk for all tasks (Caruana 1997)."""

    def __init__(self, width: int, tasks: Sequence[str], dropout: float) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        self.trunk = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout))

    def forward(self, fused: Tensor) -> dict[str, Tensor]:
        """Fused vectors (N, d) -> the same (N, d) for every task."""
        shared = self.trunk(fused)
        return dict.fromkeys(self.tasks, shared)
