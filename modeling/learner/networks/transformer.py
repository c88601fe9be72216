"""A pre-norm Transformer layer (Vaswani et al. 2017; Xiong et al. 2020), and positions for it."""

import math

import torch
from torch import Tensor, nn

NEVER = -1e9  # added to the score of what must not be read; finite, so that rows of it stay numbers


class TransformerLayer(nn.Module):
    """Multi-head self-attention and a feed-forward network of twice the width, each with a
    residual.

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

    def attend(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """Tokens (B, L, d), `bias` of the scores, broadcast to (B, h, L, L) -> (B, L, d)."""
        batch, length, width = tokens.shape
        qkv = self.qkv(self.before(tokens))  # (B, L, 3d)
        q, k, v = qkv.reshape(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        mixed = mixed.transpose(1, 2).reshape(batch, length, width)  # (B, L, d)
        tokens = tokens + self.drop(self.out(mixed))
        return tokens + self.drop(self.feed(tokens))

    def forward(self, tokens: Tensor, inside: Tensor) -> Tensor:
        """Tokens (B, L, d), `inside` (B, L) true where one may be read -> (B, L, d)."""
        bias = torch.zeros(inside.shape, device=tokens.device).masked_fill(~inside, NEVER)
        return self.attend(tokens, bias[:, None, None, :])


def positions(length: int, width: int, device: torch.device) -> Tensor:
    """Sines and cosines of the place, (L, d) for an even d (Vaswani et al. 2017, section 3.5)."""
    place = torch.arange(length, device=device)[:, None]  # (L, 1)
    rate = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10_000.0) / width))
    return torch.stack([torch.sin(place * rate), torch.cos(place * rate)], dim=2).flatten(1)
