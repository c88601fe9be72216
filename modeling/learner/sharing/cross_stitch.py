"""Towers that exchange their vectors by a learned mixture."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from modeling.learner.networks.task_modules import ByTask
from modeling.learner.sharing.interface import SharingOutput
from modeling.learner.sharing.tower import Tower

OWN_SHARE = 0.9  # what a task keeps of its own vector at first; the rest comes from the others


class CrossStitch(nn.Module):
    """A tower a task; each then takes a learned mixture of all of them (Misra et al. 2016).

    h_k = sum_j A_kj t_j with A (K, K), which starts near the identity.
    """

    def __init__(self, tower: Callable[[], Tower], tasks: Sequence[str]) -> None:
        super().__init__()
        self.towers = ByTask({task: tower() for task in tasks})
        size = len(tasks)
        others = (1 - OWN_SHARE) / max(size - 1, 1)
        mixture = torch.full((size, size), others)
        self.mixture = nn.Parameter(mixture.fill_diagonal_(OWN_SHARE if size > 1 else 1.0))

    def forward(self, fused: Tensor, mask: Tensor) -> SharingOutput:
        """Fused (B, T, d), mask (B, T) -> vectors (B, T, d) of each task."""
        own = torch.stack([each(fused, mask) for each in self.towers.values()])  # (K, B, T, d)
        mixed = torch.einsum("kj,jbtd->kbtd", self.mixture, own)
        return SharingOutput(dict(zip(self.towers, mixed, strict=True)))
