"""Towers that exchange what they find, or that must not drift far apart."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from modeling.learner.networks.keyed import ByTask
from modeling.learner.sharing import Shared
from modeling.learner.sharing.tower import Tower, distance

OWN = 0.9  # what a task keeps of its own vector at first; the rest comes from the others


class CrossStitch(nn.Module):
    """A tower a task; each then takes a learned mixture of all of them (Misra et al. 2016).

    h_k = sum_j A_kj t_j with A (K, K), which starts near the identity.
    """

    def __init__(self, tower: Callable[[], Tower], tasks: Sequence[str]) -> None:
        super().__init__()
        self.towers = ByTask({task: tower() for task in tasks})
        size = len(tasks)
        others = (1 - OWN) / max(size - 1, 1)
        mixture = torch.full((size, size), others)
        self.mixture = nn.Parameter(mixture.fill_diagonal_(OWN if size > 1 else 1.0))

    def forward(self, fused: Tensor, mask: Tensor) -> Shared:
        own = torch.stack([each(fused, mask) for each in self.towers.values()])  # (K, B, T, d)
        mixed = torch.einsum("kj,jbtd->kbtd", self.mixture, own)
        return Shared(dict(zip(self.towers, mixed, strict=True)))


class ParameterDistance(nn.Module):
    """A tower a task and a penalty on how far their parameters are apart (Duong et al. 2015)."""

    def __init__(self, tower: Callable[[], Tower], tasks: Sequence[str]) -> None:
        super().__init__()
        self.towers = ByTask({task: tower() for task in tasks})

    def forward(self, fused: Tensor, mask: Tensor) -> Shared:
        towers = list(self.towers.values())
        pairs = [(a, b) for i, a in enumerate(towers) for b in towers[i + 1 :]]
        apart = torch.stack([distance(a, b) for a, b in pairs] or [fused.new_zeros(())]).sum()
        vectors = {task: each(fused, mask) for task, each in self.towers.items()}
        return Shared(vectors, penalties={"distance": apart})
