"""Ordinal values by cumulative logits (McCullagh 1980): being above the first, the second, ..."""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from modeling.learner.batches import IGNORED


def class_log_probabilities(above: Tensor) -> Tensor:
    """Logits (..., C - 1) of being above each value but the last -> log probabilities (..., C)."""
    over = torch.sigmoid(above)
    ones, none = torch.ones_like(over[..., :1]), torch.zeros_like(over[..., :1])
    edges = torch.cat([ones, over, none], dim=-1)  # (..., C + 1), falling
    return torch.log((edges[..., :-1] - edges[..., 1:]).clamp(min=1e-6))


def ordinal_loss(above: Tensor, gold: Tensor) -> Tensor:
    """Mean binary cross-entropy of being above, over the rows of `gold` (N,) that have a class."""
    labelled = gold != IGNORED
    places = torch.arange(above.shape[1], device=above.device)
    targets = (gold[labelled][:, None] > places).float()  # (n, C - 1)
    return binary_cross_entropy_with_logits(above[labelled], targets)


class AnnotatorThresholds(nn.Module):
    """How much higher or lower each annotator's thresholds are than those of all: delta (A, C - 1),
    zero in the mean over annotators, so that a prediction is that of the mean annotator.

        P(r > c of annotator a) = sigmoid(z - t_c - delta_ac)
    """

    def __init__(self, annotators: int, values: int) -> None:
        super().__init__()
        self.shifts = nn.Parameter(torch.zeros(annotators, values - 1))

    @property
    def delta(self) -> Tensor:
        """(A, C - 1)."""
        return self.shifts - self.shifts.mean(dim=0)

    def forward(self, above: Tensor, answers: Tensor, gold: Tensor) -> Tensor:
        """Logits `above` (N, C - 1), `answers` (N, A), `gold` (N,), IGNORED where there is none ->
        binary cross-entropy of being above, a mean over the annotators of an utterance, then over
        utterances; gold, with the thresholds of all, counts where nobody's answer is known.
        """
        places = torch.arange(above.shape[1], device=above.device)
        answered = answers != IGNORED  # (N, A)
        targets = (answers[..., None] > places).float()  # (N, A, C - 1)
        losses = binary_cross_entropy_with_logits(
            above[:, None] - self.delta, targets, reduction="none"
        ).mean(dim=2)  # (N, A)
        counts = answered.sum(dim=1)  # (N,)
        by_people = (losses * answered).sum(dim=1) / counts.clamp(min=1)
        of_gold = binary_cross_entropy_with_logits(
            above, (gold[:, None] > places).float(), reduction="none"
        ).mean(dim=1)
        labelled = (counts > 0) | (gold != IGNORED)
        return torch.where(counts > 0, by_people, of_gold)[labelled].mean()
