"""A modality's frames into one vector an utterance.

Utterances differ much in length, so that most of a padded tensor is padding: frames are worked on
end to end, and only scores, one number a frame, are ever padded.
"""

import torch
from torch import Tensor, nn

from modeling.learner.features.text import PAD
from modeling.learner.networks.transformer import TransformerLayer, positions


class AttentionPool(nn.Module):
    """A weighted mean over time; rows of length 0 give zeros."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, frames: Tensor, inside: Tensor) -> Tensor:
        """Frames (S, d) end to end, `inside` (N, L) true where one is -> (N, d)."""
        found = self.score(frames).squeeze(-1)  # (S,), with autocast not of the type of frames
        scores = found.new_full(inside.shape, float("-inf"))
        scores[inside] = found  # (N, L)
        empty = ~inside.any(dim=1, keepdim=True)  # (N, 1)
        weights = torch.softmax(scores.masked_fill(empty, 0.0), dim=1)[inside]  # (S,)
        owner = inside.nonzero()[:, 0]  # (S,)
        parts = weights[:, None] * frames  # (S, d)
        return parts.new_zeros(len(inside), frames.shape[1]).index_add(0, owner, parts)  # (N, d)


class SequenceEncoder(nn.Module):
    """Linear, convolution over three frames, Transformer layers, attention pooling."""

    def __init__(
        self, dims: int, width: int, dropout: float, layers: int = 0, heads: int = 1
    ) -> None:
        super().__init__()
        self.project = nn.Linear(dims, width)
        self.convolve = nn.Conv1d(width, width, kernel_size=3, padding=1)
        self.norm = nn.LayerNorm(width)
        self.pool = AttentionPool(width)
        self.drop = nn.Dropout(dropout)
        self.layers = nn.ModuleList(TransformerLayer(width, heads, dropout) for _ in range(layers))

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Frames (N, L, D), lengths (N,) -> (N, d)."""
        inside = torch.arange(frames.shape[1], device=frames.device) < lengths[:, None]  # (N, L)
        projected = self.project(frames[inside])  # (S, d)
        mixed = self.norm(projected + nn.functional.gelu(self._mixed(projected, inside)))
        if self.layers:
            mixed = self._attended(mixed, inside)
        return self.pool(self.drop(mixed), inside)

    def _attended(self, frames: Tensor, inside: Tensor) -> Tensor:
        """Frames end to end (S, d) through the Transformer layers, each utterance for itself."""
        length, width = inside.shape[1], frames.shape[1]
        padded = frames.new_zeros(*inside.shape, width)  # (N, L, d)
        padded[inside] = frames
        padded = padded + positions(length, width, frames.device).to(frames.dtype)
        for layer in self.layers:
            padded = layer(padded, inside)
        attended: Tensor = padded[inside]  # (S, d)
        return attended

    def _mixed(self, frames: Tensor, inside: Tensor) -> Tensor:
        """The convolution of frames end to end (S, d) -> (S, d), with zeros beyond the ends of each
        utterance, as one matrix product.
        """
        place = inside.nonzero()[:, 1:]  # (S, 1)
        last = inside.sum(dim=1, keepdim=True).expand_as(inside)[inside][:, None] - 1
        before = torch.roll(frames, 1, dims=0) * (place > 0)
        after = torch.roll(frames, -1, dims=0) * (place < last)
        weight = self.convolve.weight.permute(0, 2, 1).flatten(1)  # (d, 3d)
        beside = torch.cat([before, frames, after], dim=1)  # (S, 3d)
        return nn.functional.linear(beside, weight, self.convolve.bias)


class CharacterEncoder(nn.Module):
    """Character embeddings through a SequenceEncoder; needs no weights from anywhere."""

    def __init__(
        self, vocabulary: int, width: int, dropout: float, layers: int = 0, heads: int = 1
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.encode = SequenceEncoder(width, width, dropout, layers, heads)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Ids (N, L), lengths (N,) -> (N, d)."""
        return self.encode(self.embed(ids), lengths)  # (N, d)
