"""Quantum-inspired multimodal sentiment analysis (Zhang et al. 2018): decisions that interfere.

Of an utterance each modality m is a density matrix rho_m (d, d): see density.py. Of each task

    P_m(c) = softmax_c(W_m vec(rho_m) + b_m)                  a classifier a modality
    a(c) = sum_m alpha_m sqrt(P_m(c)) exp(i phi_m(c))         a complex amplitude a class
    P(c) = |a(c)|^2 / sum_c |a(c)|^2

which for two modalities is the paper's rule alpha^2 P_1 + beta^2 P_2 + 2 alpha beta sqrt(P_1 P_2)
cos theta with theta = phi_1 - phi_2, alpha^2 + beta^2 = 1, and a weighted mean of decisions where
cos theta = 0. Written as phases it holds for three modalities and is never negative. The amplitude
is computed as its real and imaginary part.

The paper has images and texts, visual words, support vector machines on the matrices, and theta
chosen for the data; here alpha (for each task) and phi (for each task, modality and class) are
learned with the rest, from an equal mean and phases between 0 and a right angle. vec takes the
upper triangle times d, so that numbers are about one. A modality that an utterance lacks has
alpha = 0 and the others share its weight; without any, all classes are alike. The body has heads of
its own: logits are log P. Reads an utterance alone.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.density import DensityMatrix
from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.task_modules import ByTask
from modeling.learner.recipes import Recipe

SMALL = 1e-6  # least probability: where amplitudes cancel, the logarithm has an end


class Interference(nn.Module):
    """Decisions of M modalities about C classes to one."""

    def __init__(self, modalities: int, classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(modalities))
        turns = torch.linspace(0, math.pi / 2, modalities) if modalities > 1 else torch.zeros(1)
        self.phase = nn.Parameter(turns[:, None].repeat(1, classes))

    def forward(self, logits: Tensor, present: Tensor) -> Tensor:
        """Logits of each modality (N, M, C), which there are (N, M) -> log P (N, C)."""
        none = ~present.any(dim=1, keepdim=True)  # (N, 1)
        weights = self.weight.masked_fill(~present & ~none, float("-inf"))  # (N, M)
        shares = torch.softmax(weights, dim=1)
        shares = torch.where(present, shares, torch.zeros_like(shares))  # (N, M), alpha squared
        alpha = shares.clamp(min=SMALL).sqrt() * present
        roots = torch.log_softmax(logits, dim=2).mul(0.5).exp() * alpha[..., None]  # (N, M, C)
        real = (roots * self.phase.cos()).sum(dim=1)  # (N, C)
        imaginary = (roots * self.phase.sin()).sum(dim=1)
        chances = real.square() + imaginary.square() + SMALL
        chances = torch.where(none, torch.ones_like(chances), chances)
        return (chances / chances.sum(dim=1, keepdim=True)).log()


class QuantumSentiment(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        self.width = recipe.width
        self.density = nn.ModuleDict(
            {name: DensityMatrix(size, recipe.width) for name, size in sizes.items()}
        )
        numbers = recipe.width * (recipe.width + 1) // 2
        self.classify = nn.ModuleDict(
            {name: ByTask({k: nn.Linear(numbers, c) for k, c in classes.items()}) for name in sizes}
        )
        self.fuse = ByTask({key: Interference(len(sizes), c) for key, c in classes.items()})
        self.drop = nn.Dropout(recipe.dropout)

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances the logits (N, C) of each task."""
        above, beside = torch.triu_indices(self.width, self.width, device=utterances.index.device)
        vectors = {
            name: self.drop(self.width * density(frames, inside)[:, above, beside])
            for name, density, frames, inside in self._modalities(utterances)
        }  # (N, d (d + 1) / 2) each
        logits = {}
        for key, fuse in self.fuse.items():
            each = [self.classify[name][key](rows) for name, rows in vectors.items()]  # type: ignore[index]
            logits[key] = fuse(torch.stack(each, dim=1), utterances.present)
        return Reading(logits=logits)

    def _modalities(
        self, utterances: Utterances
    ) -> list[tuple[str, DensityMatrix, Tensor, Tensor]]:
        return [
            (name, density, utterances.frames[name], utterances.inside(name))  # type: ignore[misc]
            for name, density in self.density.items()
        ]
