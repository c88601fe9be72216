"""A tower: what a task, or all of them, make of the fused vectors of a dialogue."""

import torch
from torch import Tensor, nn


class Tower(nn.Module):
    """Bidirectional GRU over the turns, half the width a direction, with residual and LayerNorm.

    Without `context` each turn goes through a layer of its own instead.
    """

    def __init__(self, width: int, dropout: float, context: bool = True) -> None:
        super().__init__()
        self.turns = self.alone = None
        if context:
            self.turns = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)
        else:
            self.alone = nn.Sequential(nn.Linear(width, width), nn.GELU())
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, fused: Tensor, mask: Tensor, scale: Tensor | float = 1.0) -> Tensor:
        """Fused (B, T, d), mask (B, T) true where a turn is -> (B, T, d).

        `scale` (B, 1, 1) is how much of the context is added to a turn. Padding stands behind the
        turns and does not reach them, backwards neither.
        """
        if self.turns is None:
            assert self.alone is not None
            return self.norm(fused + scale * self.drop(self.alone(fused))) * mask[..., None]
        lengths = mask.sum(dim=1).clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            fused, lengths, batch_first=True, enforce_sorted=False
        )
        output, _ = self.turns(packed)
        mixed, _ = nn.utils.rnn.pad_packed_sequence(
            output, batch_first=True, total_length=fused.shape[1]
        )  # (B, T, d)
        return self.norm(fused + scale * self.drop(mixed)) * mask[..., None]


def parameter_distance(one: nn.Module, other: nn.Module) -> Tensor:
    """Sum of squared differences of two modules with parameters of the same shapes."""
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    return torch.stack([(a - b).square().sum() for a, b in pairs]).sum()
