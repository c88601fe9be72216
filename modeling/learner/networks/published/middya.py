"""Model-level fusion (Middya et al. 2022): a convolutional network a modality, then joined.

Of the frames x_m (L, D_m) of a modality of an utterance:

    h0 = x_m
    hi = maxpool2(ReLU(conv1d_i(h_{i-1})))      (L / 2^i, d), i = 1, 2, 3, kernels of 5, 3, 3
    z_m = dropout(ReLU(W_m max_t(h3) + b_m))    (d), the last layer but one of its own network
    y  = ReLU(W [z_1; ..; z_M] + b)             (d), model-level fusion, which the heads read

The paper compares ways of joining an audio and a video network for acted emotions and finds it best
to join their penultimate layers. It was at hand in its abstract: how many layers there are and how
large is our choice, and so is text as a third modality, by a network of the same kind. The authors'
video network reads pixels; here pictures come as a vector a frame, as in every network compared.
Reads an utterance alone. What is missing has z = 0.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.recipes import Recipe

KERNELS = (5, 3, 3)


class FrameNetwork(nn.Module):
    """Convolutions and pooling over the frames of one modality."""

    def __init__(self, dims: int, width: int, dropout: float) -> None:
        super().__init__()
        channels = (dims, *[width] * (len(KERNELS) - 1))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(size, width, kernel, padding=kernel // 2)
            for size, kernel in zip(channels, KERNELS, strict=True)
        )
        self.project = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, frames: Tensor, inside: Tensor) -> Tensor:
        """Frames (N, L, D), `inside` (N, L) true where one is -> (N, d), zeros where none is."""
        rows, there = frames.transpose(1, 2), inside[:, None]  # (N, D, L), (N, 1, L)
        for convolve in self.convolutions:
            # zeros behind the end, as the next convolution would find at the end of the longest
            rows = torch.relu(convolve(rows)) * there
            rows = nn.functional.max_pool1d(rows, 2, ceil_mode=True)  # (N, d, L / 2)
            there = there[..., ::2]
        pooled = rows.amax(dim=2)  # (N, d); no value is below zero
        return self.drop(torch.relu(self.project(pooled))) * inside.any(dim=1)[:, None]


class ModelLevelFusion(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width = recipe.width
        self.networks = nn.ModuleDict(
            {name: FrameNetwork(size, width, recipe.dropout) for name, size in sizes.items()}
        )
        self.together = nn.Linear(len(sizes) * width, width)
        self.drop = nn.Dropout(recipe.dropout)
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        parts = [
            network(utterances.frames[name], utterances.inside(name))
            for name, network in self.networks.items()
        ]
        return Reading(self.drop(torch.relu(self.together(torch.cat(parts, dim=-1)))))
