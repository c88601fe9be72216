"""LF-DNN: late fusion by layers on summaries, a baseline of CH-SIMS (Yu et al. 2020) and of MMSA.

Of one utterance with frames x_1..x_L of each modality:

    z_text = W LSTM(x_1 .. x_L)_L + b                               (d)
    z_m    = three layers ReLU(W . + b) over drop(BatchNorm(mean of the frames))     (d)
    F      = ReLU(W_2 ReLU(W_1 drop([z_text; z_audio; z_vision]) + b_1) + b_2)       (d)

This is the structure of MMSA's model, which has a width and a rate of dropout for each modality;
here all are the recipe's. Frames are read as they are, without an encoder before. MMSA's means are
over a whole padded sequence and its LSTM reads the padding, too; here both end where the utterance
does. A modality that an utterance lacks is zeros, and not in the norm over a batch. Where only one
utterance of a training batch has a modality, the running mean and variance norm it, as when
predicting.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.recipes import Recipe


class LateFusion(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width = recipe.width
        self.parts = nn.ModuleDict(
            {
                name: (LastState if name == "text" else Averages)(size, width, recipe.dropout)
                for name, size in sizes.items()
            }
        )
        self.fuse = nn.Sequential(
            nn.Dropout(recipe.dropout),
            nn.Linear(len(sizes) * width, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
        )
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        rows = []
        for name, part in self.parts.items():
            lengths = utterances.lengths[name]
            here = lengths > 0
            vectors = utterances.frames[name].new_zeros(len(lengths), self.size)
            if bool(here.any()):
                found = part(utterances.frames[name][here], lengths[here])
                vectors = vectors.to(found.dtype).index_copy(0, here.nonzero()[:, 0], found)
            rows.append(vectors)
        return Reading(self.fuse(torch.cat(rows, dim=1)))


class LastState(nn.Module):
    """A layer on the last state of an LSTM."""

    def __init__(self, dims: int, width: int, dropout: float) -> None:
        super().__init__()
        self.run = nn.LSTM(dims, width, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.linear = nn.Linear(width, width)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Frames (N, L, D), lengths (N,) of at least 1 -> (N, d)."""
        packed = pack_padded_sequence(frames, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (hidden, _) = self.run(packed)
        out: Tensor = self.linear(self.drop(hidden[0]))
        return out


class Averages(nn.Module):
    """Three layers on the mean of the frames."""

    def __init__(self, dims: int, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(dims)
        self.drop = nn.Dropout(dropout)
        self.layers = nn.ModuleList(nn.Linear(size, width) for size in (dims, width, width))

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        """Frames (N, L, D) with zeros behind the end, lengths (N,) of at least 1 -> (N, d)."""
        mean = frames.sum(dim=1) / lengths[:, None]  # (N, D)
        rows = self.drop(self._normed(mean))
        for layer in self.layers:
            rows = torch.relu(layer(rows))
        return rows

    def _normed(self, mean: Tensor) -> Tensor:
        if len(mean) > 1:
            normed: Tensor = self.norm(mean)
            return normed
        norm = self.norm
        return nn.functional.batch_norm(
            mean, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
        )
