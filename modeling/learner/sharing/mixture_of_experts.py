"""Mixtures of experts: gates choose, utterance by utterance, which experts a task uses."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from modeling.learner.networks.task_modules import ByTask
from modeling.learner.sharing.interface import SharingOutput
from modeling.learner.sharing.tower import Tower

EXPERTS = 4


def mix(gate: Tensor, experts: Tensor) -> Tensor:
    """Gate (B, T, E) logits, experts (E, B, T, d) -> their mixture (B, T, d)."""
    return torch.einsum("bte,ebtd->btd", torch.softmax(gate, dim=-1), experts)


class MixtureOfExperts(nn.Module):
    """Common experts, one gate a task (MMoE; Ma et al. 2018)."""

    def __init__(self, tower: Callable[[], Tower], tasks: Sequence[str], width: int) -> None:
        super().__init__()
        self.experts = nn.ModuleList(tower() for _ in range(EXPERTS))
        self.gates = ByTask({task: nn.Linear(width, EXPERTS) for task in tasks})

    def forward(self, fused: Tensor, mask: Tensor) -> SharingOutput:
        """Fused (B, T, d), mask (B, T) -> vectors (B, T, d) of each task."""
        outputs = torch.stack([expert(fused, mask) for expert in self.experts])  # (E, B, T, d)
        return SharingOutput({task: mix(gate(fused), outputs) for task, gate in self.gates.items()})


class ProgressiveExtraction(nn.Module):
    """Common experts beside a task's own (one layer of PLE, that is CGC; Tang et al. 2020)."""

    def __init__(self, tower: Callable[[], Tower], tasks: Sequence[str], width: int) -> None:
        super().__init__()
        self.common = nn.ModuleList(tower() for _ in range(EXPERTS // 2))
        self.own = ByTask({task: tower() for task in tasks})
        size = EXPERTS // 2 + 1
        self.gates = ByTask({task: nn.Linear(width, size) for task in tasks})

    def forward(self, fused: Tensor, mask: Tensor) -> SharingOutput:
        """Fused (B, T, d), mask (B, T) -> vectors (B, T, d) of each task."""
        common = [expert(fused, mask) for expert in self.common]
        vectors = {}
        for task, gate in self.gates.items():
            outputs = torch.stack([*common, self.own[task](fused, mask)])  # (E, B, T, d)
            vectors[task] = mix(gate(fused), outputs)
        return SharingOutput(vectors)
