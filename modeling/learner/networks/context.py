"""Dialogue context: attention over the turns before and after, aware of who speaks."""

import torch
from torch import Tensor, nn

from modeling.learner.networks.transformer import NEVER, TransformerLayer

FARTHEST = 8  # turns; larger distances count as this


class DialogueContext(TransformerLayer):
    """One Transformer layer whose attention knows distance and same speaker."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__(width, heads, dropout)
        self.same_speaker = nn.Parameter(torch.zeros(heads))
        self.distance = nn.Parameter(torch.zeros(heads, 2 * FARTHEST + 1))

    def forward(self, turns: Tensor, speaker: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
        """Turns (B, T, d), speaker (B, T), mask (B, T) true where a turn is -> (B, T, d)."""
        return self.attend(turns, self._bias(speaker, mask))

    def _bias(self, speaker: Tensor, mask: Tensor) -> Tensor:
        places = torch.arange(mask.shape[1], device=mask.device)
        distance = (places[None, :] - places[:, None]).clamp(
            -FARTHEST, FARTHEST
        ) + FARTHEST  # (T, T)
        same = (speaker[:, None, :] == speaker[:, :, None]).float()  # (B, T, T)
        bias = self.distance[:, distance][None] + self.same_speaker[:, None, None] * same[:, None]
        return bias.masked_fill(~mask[:, None, None, :], NEVER)  # (B, h, T, T)
