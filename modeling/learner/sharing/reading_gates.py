"""Soft sharing by reading gates: tasks read one shared network, each through gates of its own.

Of modality vectors x_m (B, T, d), zero where one is missing, M of them, and tasks k:

    a_k = M softmax(20 theta_k), theta_k in R^M       how much of each modality the task reads
    u_k = LayerNorm(drop(W [a_k1 x_1; ...; a_kM x_M]))
    c_k = 2 sigmoid(20 phi_k), phi_k in R             how much of the dialogue around a turn
    h_k = LayerNorm(u_k + c_k drop(BiGRU(u_k)))

theta and phi start at 0: every gate is 1, and tasks differ in their heads alone. W, the BiGRU and
the norms are shared; a task has M + 1 numbers of its own. What it costs a task to read modalities
that say nothing about it, it can leave out. The factor 20 lets so few numbers learn as fast as they
need to at the learning rate of matrices. The design is this project's own.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from modeling.learner.networks.fusion import Concatenation
from modeling.learner.sharing.interface import SharingOutput
from modeling.learner.sharing.tower import Tower

SPEED = 20.0  # of the gates, against the learning rate


class ReadingGates(nn.Module):
    """See the module."""

    def __init__(
        self,
        tower: Callable[[], Tower],
        tasks: Sequence[str],
        modalities: int,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.tasks = tuple(tasks)
        self.fuse = Concatenation(modalities, width, dropout)
        self.tower = tower()
        self.reading = nn.Parameter(torch.zeros(len(tasks), modalities))
        self.context = nn.Parameter(torch.zeros(len(tasks)))

    @property
    def amounts(self) -> Tensor:
        """(K, M), how much of each modality a task reads: 1 in the mean."""
        return self.reading.shape[1] * torch.softmax(SPEED * self.reading, dim=1)

    @property
    def contexts(self) -> Tensor:
        """(K,), how much context a task reads: from 0 to 2."""
        return 2 * torch.sigmoid(SPEED * self.context)

    def forward(self, tokens: Tensor, mask: Tensor) -> SharingOutput:
        """Tokens (B, T, M, d), mask (B, T) -> vectors (B, T, d) of each task."""
        batch, length, modalities, width = tokens.shape
        size = len(self.tasks)
        tokens = tokens.expand(size, -1, -1, -1, -1).reshape(-1, modalities, width)
        amounts = self.amounts.repeat_interleave(batch * length, dim=0)  # (K B T, M)
        read = self.fuse(tokens, amounts).reshape(size * batch, length, width)
        scale = self.contexts.repeat_interleave(batch)[:, None, None]  # (K B, 1, 1)
        vectors = self.tower(read, mask.repeat(size, 1), scale)  # (K B, T, d)
        by_task = vectors.reshape(size, batch, length, width)
        return SharingOutput(dict(zip(self.tasks, by_task, strict=True)))

    def learned(self, modalities: Sequence[str]) -> dict[str, Any]:
        """Task -> how much it reads of each of the `modalities` and of the context, rounded."""
        rows = zip(self.tasks, self.amounts.tolist(), self.contexts.tolist(), strict=True)
        return {
            task: {
                "modalities": {
                    name: round(amount, 4) for name, amount in zip(modalities, row, strict=True)
                },
                "context": round(context, 4),
            }
            for task, row, context in rows
        }
