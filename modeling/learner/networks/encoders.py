"""A modality's frames into one vector an utterance."""

import torch
from torch import Tensor, nn

from modeling.learner.features.text import PAD


class AttentionPool(nn.Module):
    """A weighted mean over time; rows of length 0 give zeros."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        places = torch.arange(frames.shape[1], device=frames.device)  # (L,)
        outside = places >= lengths[:, None]  # (N, L)
        scores = self.score(frames).squeeze(-1)  # (N, L)
        scores = scores.masked_fill(outside, float("-inf"))
        empty = (lengths == 0)[:, None]  # (N, 1)
        weights = torch.softmax(scores.masked_fill(empty, 0.0), dim=1)  # (N, L)
        pooled = torch.einsum("nl,nld->nd", weights, frames)  # (N, d)
        return pooled.masked_fill(empty, 0.0)


class SequenceEncoder(nn.Module):
    """Linear, convolution over three frames, attention pooling."""

    def __init__(self, dims: int, width: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Linear(dims, width)
        self.convolve = nn.Conv1d(width, width, kernel_size=3, padding=1)
        self.norm = nn.LayerNorm(width)
        self.pool = AttentionPool(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        inside = torch.arange(frames.shape[1], device=frames.device) < lengths[:, None]  # (N, L)
        projected = self.project(frames) * inside[..., None]  # (N, L, d), padding is zero
        mixed = self.convolve(projected.transpose(1, 2)).transpose(1, 2)  # (N, L, d)
        return self.pool(self.drop(self.norm(projected + nn.functional.gelu(mixed))), lengths)


class CharacterEncoder(nn.Module):
    """Character embeddings through a SequenceEncoder; needs no weights from anywhere."""

    def __init__(self, vocabulary: int, width: int, dropout: float) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width, padding_idx=PAD)
        self.encode = SequenceEncoder(width, width, dropout)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        return self.encode(self.embed(ids), lengths)  # (N, d)
