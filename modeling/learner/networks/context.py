"""Dialogue context: attention over the turns before and after, aware of who speaks."""

import torch
from torch import Tensor, nn

FARTHEST = 8  # turns; larger distances count as this


class DialogueContext(nn.Module):
    """One pre-norm Transformer layer whose attention knows distance and same speaker.

    There is no dropout inside the attention, so that it stays on the fused path.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(dropout)
        self.same_speaker = nn.Parameter(torch.zeros(heads))
        self.distance = nn.Parameter(torch.zeros(heads, 2 * FARTHEST + 1))

    def forward(self, turns: Tensor, speaker: Tensor, mask: Tensor) -> Tensor:
        """Turns (B, T, d), speaker (B, T), mask (B, T) true where a turn is -> (B, T, d)."""
        batch, length, width = turns.shape
        qkv = self.qkv(self.before(turns))  # (B, T, 3d)
        q, k, v = qkv.reshape(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        bias = self._bias(speaker, mask)  # (B, h, T, T)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        mixed = mixed.transpose(1, 2).reshape(batch, length, width)  # (B, T, d)
        turns = turns + self.drop(self.out(mixed))
        return turns + self.drop(self.feed(turns))

    def _bias(self, speaker: Tensor, mask: Tensor) -> Tensor:
        places = torch.arange(mask.shape[1], device=mask.device)
        distance = (places[None, :] - places[:, None]).clamp(
            -FARTHEST, FARTHEST
        ) + FARTHEST  # (T, T)
        same = (speaker[:, None, :] == speaker[:, :, None]).float()  # (B, T, T)
        bias = self.distance[:, distance][None] + self.same_speaker[:, None, None] * same[:, None]
        return bias.masked_fill(~mask[:, None, None, :], -1e9)  # (B, h, T, T)
