"""Fusion by products of modalities: the Tensor Fusion Network (Zadeh et al. 2017) and its low-rank
form (Liu et al. 2018). Sound and picture are averaged over time first.
"""

import torch
from torch import Tensor, nn

from modeling.learner.networks.dropout import Dropout
from modeling.learner.networks.lstm import LSTM


class Mean(nn.Module):
    """The mean of a modality's frames through three layers."""

    def __init__(self, dims: int, width: int, dropout: float) -> None:
        super().__init__()
        self.width = width
        self.norm = nn.BatchNorm1d(dims)
        self.drop = Dropout(dropout)
        self.linear_1, self.linear_2 = nn.Linear(dims, width), nn.Linear(width, width)
        self.linear_3 = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, D) -> (N, d)."""
        x = self.drop(self.norm(x))
        for layer in (self.linear_1, self.linear_2, self.linear_3):
            x = torch.relu(layer(x))
        return x


class Words(nn.Module):
    """The last hidden state of an LSTM over the words."""

    def __init__(self, dims: int, width: int, outputs: int) -> None:
        super().__init__()
        self.width = outputs
        self.rnn = LSTM(dims, width)
        self.linear_1 = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, D) -> (N, d)."""
        hidden, _ = self.rnn(x)
        return self.linear_1(hidden[-1])


def _of_present(part: Mean | Words, x: Tensor, present: Tensor | None) -> Tensor:
    """The vectors (N, d) of the rows that have the modality, which are all that the part and its
    norm over a batch see; zeros in the other rows.
    """
    if present is None or bool(present.all()):
        return part(x)
    rows = present.nonzero().flatten()
    vectors = x.new_zeros(len(x), part.width)
    if not len(rows):
        return vectors
    own = x[rows]
    if part.training and len(own) == 1:  # norms over a batch need two
        own = torch.cat([own, own])
    return vectors.index_copy(0, rows, part(own)[: len(rows)].to(vectors.dtype))


class _Parts(nn.Module):
    """The three modalities as vectors."""

    def __init__(
        self, dims: tuple[int, int, int], widths: tuple[int, int, int], words: int,
        dropouts: tuple[float, float, float, float],
    ) -> None:  # fmt: skip
        super().__init__()
        self.audio_subnet = Mean(dims[1], widths[1], dropouts[0])
        self.video_subnet = Mean(dims[2], widths[2], dropouts[1])
        self.text_subnet = Words(dims[0], widths[0], words)

    def parts(
        self, text: Tensor, audio: Tensor, vision: Tensor, present: Tensor | None
    ) -> list[Tensor]:
        """Each with a one before it: audio, vision, text. Of a missing one that is all there is, so
        that products with it are those of the others.
        """
        t, a, v = (None, None, None) if present is None else present.unbind(1)
        vectors = [
            _of_present(self.audio_subnet, audio.mean(1) if audio.dim() == 3 else audio, a),
            _of_present(self.video_subnet, vision.mean(1) if vision.dim() == 3 else vision, v),
            _of_present(self.text_subnet, text, t),
        ]
        return [nn.functional.pad(x, (1, 0), value=1.0) for x in vectors]


class TensorFusion(_Parts):
    """Every product of an element of each modality, or one, through three layers."""

    def __init__(
        self, dims: tuple[int, int, int], widths: tuple[int, int, int], words: int, after: int,
        dropouts: tuple[float, float, float, float], outputs: int, limit: float = 3.0,
    ) -> None:  # fmt: skip
        super().__init__(dims, widths, words, dropouts)
        size = (words + 1) * (widths[1] + 1) * (widths[2] + 1)
        self.drop = Dropout(dropouts[3], inplace=True)
        self.post_fusion_layer_1 = nn.Linear(size, after)
        self.post_fusion_layer_2 = nn.Linear(after, after)
        self.post_fusion_layer_3 = nn.Linear(after, outputs)
        self.limit = limit  # the answer lies between -limit and limit; 0: it is any number

    def forward(
        self, text: Tensor, audio: Tensor, vision: Tensor, present: Tensor | None = None
    ) -> Tensor:
        """Text (N, T, Dt), audio (N, La, Da), vision (N, Lv, Dv), `present` (N, 3) false where one
        is missing -> (N, outputs).
        """
        a, v, t = self.parts(text, audio, vision, present)
        # as matrix products: their gradients need nothing of the size of the result
        pairs = torch.bmm(a[:, :, None], v[:, None, :]).flatten(1)  # (N, a v)
        fused = self.drop(torch.bmm(pairs[:, :, None], t[:, None, :]))  # (N, a v, t)
        hidden = torch.relu(self.post_fusion_layer_1(fused.flatten(1)))
        hidden = self.post_fusion_layer_3(torch.relu(self.post_fusion_layer_2(hidden)))
        return 2 * self.limit * torch.sigmoid(hidden) - self.limit if self.limit else hidden


class LowRankFusion(_Parts):
    """The same product with a weight tensor of low rank: one factor a modality and rank."""

    def __init__(
        self, dims: tuple[int, int, int], widths: tuple[int, int, int], rank: int,
        dropouts: tuple[float, float, float, float], outputs: int,
    ) -> None:  # fmt: skip
        words = widths[0] // 2
        super().__init__(dims, widths, words, dropouts)
        sizes = {"audio_factor": widths[1], "video_factor": widths[2], "text_factor": words}
        for name, size in sizes.items():
            factor = nn.Parameter(nn.init.xavier_normal_(torch.empty(rank, size + 1, outputs)))
            self.register_parameter(name, factor)
        self.fusion_weights = nn.Parameter(nn.init.xavier_normal_(torch.empty(1, rank)))
        self.fusion_bias = nn.Parameter(torch.zeros(1, outputs))

    def forward(
        self, text: Tensor, audio: Tensor, vision: Tensor, present: Tensor | None = None
    ) -> Tensor:
        """Text (N, T, Dt), audio (N, La, Da), vision (N, Lv, Dv), `present` (N, 3) false where one
        is missing -> (N, outputs).
        """
        product: Tensor | None = None
        factors = (self.audio_factor, self.video_factor, self.text_factor)
        for part, factor in zip(self.parts(text, audio, vision, present), factors, strict=True):
            by_rank = torch.einsum("nd,rdo->nro", part, factor)
            product = by_rank if product is None else product * by_rank
        assert product is not None
        return torch.einsum("r,nro->no", self.fusion_weights[0], product) + self.fusion_bias
