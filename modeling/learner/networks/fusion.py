"""Modalities into one vector: multi-head attention over one token a modality."""

import torch
from torch import Tensor, nn

from modeling.learner.networks.transformer import TransformerLayer


class Concatenation(nn.Module):
    """The control: modality vectors side by side, projected; a missing one is zeros."""

    def __init__(self, modalities: int, width: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Linear(modalities * width, width)
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Tokens (N, M, d), present (N, M) true where the modality is, or how much of it is read
        -> (N, d).
        """
        beside = (tokens * present[..., None]).flatten(1)  # (N, M d)
        return self.norm(self.drop(self.project(beside)))


class AttentionFusion(nn.Module):
    """Self-attention among the modality tokens, in a layer without a feed-forward network or in so
    many Transformer `layers`; then a learned query reads them.

    A missing modality is masked as a key, so its content cannot matter.
    """

    def __init__(
        self, modalities: int, width: int, heads: int, dropout: float, layers: int = 0
    ) -> None:
        super().__init__()
        self.kind = nn.Parameter(torch.randn(modalities, width) * 0.02)
        self.query = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.layers = nn.ModuleList(TransformerLayer(width, heads, dropout) for _ in range(layers))
        if not layers:
            self.before = nn.LayerNorm(width)
            self.mix = nn.MultiheadAttention(width, heads, batch_first=True)
        self.read = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Tokens (N, M, d), present (N, M) true where the modality is -> (N, d)."""
        nothing = ~present.any(dim=1, keepdim=True)  # (N, 1)
        absent = ~present & ~nothing  # a row with no modality at all reads its zeros
        tokens = tokens * present[..., None] + self.kind  # (N, M, d)
        for layer in self.layers:
            tokens = layer(tokens, ~absent)
        if not self.layers:
            normed = self.before(tokens)
            mixed, _ = self.mix(normed, normed, normed, key_padding_mask=absent, need_weights=False)
            tokens = tokens + self.drop(mixed)
        query = self.query.expand(len(tokens), -1, -1)  # (N, 1, d)
        fused, _ = self.read(query, tokens, tokens, key_padding_mask=absent, need_weights=False)
        return self.norm(fused.squeeze(1))  # (N, d)
