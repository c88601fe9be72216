"""Cross-modal context-gated convolution (Wen et al. 2021): kernels gated by another modality.

Of an utterance, frames X_m (L_m, d) of each modality after a linear layer; a target m is convolved
with kernels W (d, d, k) that the context of a source n changes, for each ordered pair:

    C = the means of k equal parts of X_n                       (d, k), whatever its length
    E = ReLU(norm(C W_e))                                       (d, h), a channel in h numbers
    O = ReLU(norm(W_i E))                                       (d, h), channels interacting
    G_ocj = sigmoid((E W_c)_cj + (O W_o)_oj)                    (d, d, k), the gate
    Y_mn = conv1d(X_m, W * G)                                   (L_m, d)

(context encoding, channel interaction and gate decoding are those of context-gated convolution, Lin
et al. 2020, where n = m), and then

    z_m = max_t ReLU(X_m + sum_n Y_mn)                          (d)
    y   = dropout(ReLU(W_y [z_1; ..; z_M] + b_y))               (d), which the heads read

The paper replaces cross-modal attention of aligned and unaligned sequences by this; it was at hand
in its abstract. The gate follows the work that it names; k = 3, h = k, one such layer a pair, the
sum, the residual and the maximum over time are our choice. With one modality n = m, which is
context-gated convolution itself. Every utterance has kernels of its own: the convolution is one
product an utterance of its frames beside each other. What an utterance lacks adds no Y, and its z
is 0. Reads an utterance alone.
"""

from collections.abc import Mapping
from itertools import permutations

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.recipes import Recipe

KERNEL = 3  # frames; as many parts is the context in


class ContextGatedConvolution(nn.Module):
    """A convolution over frames whose kernels a context gates."""

    def __init__(self, width: int) -> None:
        super().__init__()
        reference = nn.Conv1d(width, width, KERNEL)
        self.kernels = nn.Parameter(reference.weight.detach())  # (d, d, k)
        self.bias = nn.Parameter(torch.zeros(width))
        self.encode = nn.Linear(KERNEL, KERNEL, bias=False)
        self.encoded = nn.LayerNorm(KERNEL)
        self.interact = nn.Linear(width, width, bias=False)
        self.interacted = nn.LayerNorm(KERNEL)
        self.decode_in = nn.Linear(KERNEL, KERNEL)
        self.decode_out = nn.Linear(KERNEL, KERNEL, bias=False)

    def gate(self, context: Tensor) -> Tensor:
        """Context (N, k, d) -> the gate of each kernel, (N, d, d, k), between 0 and 1."""
        encoded = torch.relu(self.encoded(self.encode(context.transpose(1, 2))))  # (N, d, h)
        crossed = self.interact(encoded.transpose(1, 2)).transpose(1, 2)
        crossed = torch.relu(self.interacted(crossed))  # (N, d, h)
        inner, outer = self.decode_in(encoded), self.decode_out(crossed)  # (N, d, k)
        return torch.sigmoid(outer[:, :, None] + inner[:, None])

    def forward(self, beside: Tensor, context: Tensor) -> Tensor:
        """Frames beside their neighbours (N, L, d k), context (N, k, d) -> (N, L, d)."""
        kernels = (self.kernels * self.gate(context)).flatten(2)  # (N, d, d k)
        return torch.baddbmm(self.bias, beside, kernels.transpose(1, 2))


class CrossModalConvolution(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width, names = recipe.width, list(sizes)
        self.pairs = list(permutations(names, 2)) or [(names[0], names[0])]
        self.project = nn.ModuleDict({name: nn.Linear(size, width) for name, size in sizes.items()})
        self.convolve = nn.ModuleDict(
            {f"{target}-{source}": ContextGatedConvolution(width) for target, source in self.pairs}
        )
        self.together = nn.Linear(len(names) * width, width)
        self.drop = nn.Dropout(recipe.dropout)
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        frames, contexts, inside = {}, {}, {}
        for name, project in self.project.items():
            inside[name] = utterances.inside(name)  # (N, L)
            rows = project(utterances.frames[name]) * inside[name][..., None]  # (N, L, d)
            frames[name] = self.drop(rows)
            contexts[name] = parts(utterances.lengths[name], rows.shape[1]) @ rows  # (N, k, d)
        states = dict(frames)
        beside = {name: neighbours(rows) for name, rows in frames.items()}
        for target, source in self.pairs:
            convolved = self.convolve[f"{target}-{source}"](beside[target], contexts[source])
            there = (utterances.lengths[source] > 0)[:, None, None]
            states[target] = states[target] + convolved * there
        pooled = [
            (torch.relu(rows) * inside[name][..., None]).amax(dim=1)
            for name, rows in states.items()
        ]  # (N, d) each
        return Reading(self.drop(torch.relu(self.together(torch.cat(pooled, dim=-1)))))


def parts(lengths: Tensor, longest: int) -> Tensor:
    """Weights (N, k, L) that take the means of k parts of each row of `lengths` (N,), as long as
    each other up to a frame; neighbours share one where the length is no multiple of k.
    """
    number = torch.arange(KERNEL, device=lengths.device)
    start = lengths[:, None] * number // KERNEL  # (N, k)
    end = (lengths[:, None] * (number + 1) + KERNEL - 1) // KERNEL
    place = torch.arange(longest, device=lengths.device)
    taken = (place >= start[..., None]) & (place < end[..., None])  # (N, k, L)
    return taken / taken.sum(dim=-1, keepdim=True).clamp(min=1)


def neighbours(rows: Tensor) -> Tensor:
    """Rows (N, L, d) -> each with those before and after it, (N, L, d k), zeros beyond the ends."""
    padded = nn.functional.pad(rows, (0, 0, KERNEL // 2, KERNEL // 2))
    return padded.unfold(1, KERNEL, 1).flatten(2)  # (N, L, d, k) -> (N, L, d k)
