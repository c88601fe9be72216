"""QIN: quantum-inspired interactive networks (Zhang et al. 2019, IJCAI).

Within an utterance, a density matrix rho_m (k, k) of each modality (see density.py) is read by a
convolutional network over its cells (DM-CNN):

    F_m = ReLU(conv2d(k rho_m))                             (f, k, k), kernels of 3 x 3
    u_m = dropout(ReLU(W_m [max_row F_m; max_column F_m]))  (d), of 2 f k numbers
    u   = [u_1; ..; u_M]                                    (M d)

Between adjacent utterances t-1 and t, an influence by how likely a measurement of the one state
finds the other, and an LSTM:

    s_t = mean over m of tr(rho_{t-1} rho_t) / sqrt(tr rho_{t-1}^2 tr rho_t^2)     from 0 to 1
    r_t = strong s_t + weak (1 - s_t)                       a strength of each kind
    x_t = u_t + r_t W u_{t-1}                               x_1 = u_1
    h_t = LSTM(x_t, h_{t-1})                                (d), which the heads read

The strong influence is that of a projective measurement, which the overlap of both states weighs; a
weak measurement disturbs little and leaves the rest. Both strengths are learned, through a sigmoid,
apart for a turn by another speaker and one by the same, as the paper asks how one speaker
influences another. The paper was at hand in its abstract: density matrices, a convolutional network
over them, a strong and weak influence of adjacent utterances after quantum measurement, and an LSTM
are its parts; the formulas of the influence, the pooling (of rows and columns, as of Zhang et al.
2018 for question answering), k (half of the width), f (a quarter) and further modalities than text
are our choice. An utterance is read with those before it, never with those after it. What is
missing has rho = 0 and u = 0 and no part in s.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.density import SMALL, DensityMatrix
from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.recipes import Recipe


class DensityConvolution(nn.Module):
    """DM-CNN: a density matrix to a vector."""

    def __init__(self, size: int, width: int, dropout: float) -> None:
        super().__init__()
        filters = max(width // 4, 1)
        self.convolve = nn.Conv2d(1, filters, kernel_size=3, padding=1)
        self.project = nn.Linear(2 * filters * size, width)
        self.drop = nn.Dropout(dropout)
        self.scale = size

    def forward(self, rho: Tensor) -> Tensor:
        """Matrices (N, k, k) -> (N, d)."""
        cells = torch.relu(self.convolve(self.scale * rho[:, None]))  # (N, f, k, k)
        sides = torch.cat([cells.amax(dim=3), cells.amax(dim=2)], dim=1).flatten(1)  # (N, 2 f k)
        return self.drop(torch.relu(self.project(sides)))


class Influence(nn.Module):
    """How much the utterance before influences one, strongly and weakly."""

    def __init__(self) -> None:
        super().__init__()
        # strong and weak, after another speaker and after oneself
        self.strength = nn.Parameter(torch.tensor([[1.0, -1.0], [1.0, -1.0]]))

    def forward(self, overlap: Tensor, same: Tensor) -> Tensor:
        """Overlap (B, T), whether the same speaker spoke before (B, T) -> r (B, T)."""
        strong, weak = torch.sigmoid(self.strength)[same.long()].unbind(-1)  # (B, T)
        return strong * overlap + weak * (1 - overlap)


class InteractiveNetwork(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width, size = recipe.width, recipe.width // 2
        self.density = nn.ModuleDict(
            {name: DensityMatrix(dims, size) for name, dims in sizes.items()}
        )
        self.read = nn.ModuleDict(
            {name: DensityConvolution(size, width, recipe.dropout) for name in sizes}
        )
        self.influence = Influence()
        self.before = nn.Linear(len(sizes) * width, len(sizes) * width, bias=False)
        self.lstm = nn.LSTM(len(sizes) * width, width, batch_first=True)
        self.drop = nn.Dropout(recipe.dropout)
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        matrices = {
            name: density(utterances.frames[name], utterances.inside(name))
            for name, density in self.density.items()
        }
        vectors = [
            self.read[name](rho) * (utterances.lengths[name] > 0)[:, None]
            for name, rho in matrices.items()
        ]  # (N, d) each
        turns = utterances.by_dialogue(torch.cat(vectors, dim=-1))  # (B, T, M d)
        found = overlap([utterances.by_dialogue(rho) for rho in matrices.values()])
        same = utterances.speaker == utterances.speaker.roll(1, dims=1)
        earlier = self.before(nn.functional.pad(turns, (0, 0, 1, -1)))  # zeros before the first
        rows = turns + self.influence(found, same)[..., None] * earlier
        with torch.autocast(rows.device.type, enabled=False):  # few processors have one of 16 bits
            states, _ = self.lstm(rows.float())
        return Reading(self.drop(utterances.by_utterance(states)))


def overlap(matrices: list[Tensor]) -> Tensor:
    """Density matrices (B, T, k, k) of each modality -> how alike each is to the one before, from 0
    to 1 (B, T), the mean over modalities that both have; 0 where there is none, as of the first.
    """
    total, count = torch.zeros(()), torch.zeros(())
    for rho in matrices:
        cells = rho.flatten(2)  # (B, T, k k)
        earlier = nn.functional.pad(cells, (0, 0, 1, -1))
        norms = cells.square().sum(dim=-1) * earlier.square().sum(dim=-1)  # (B, T)
        total = total.to(rho) + (cells * earlier).sum(dim=-1) / norms.clamp(min=SMALL).sqrt()
        count = count.to(rho) + (norms > SMALL)
    return total / count.clamp(min=1)
