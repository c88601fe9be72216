"""Decisions of several classifiers, one a modality, as one."""

import itertools
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from modeling.learner.batches import IGNORED
from modeling.learner.metrics import macro_f1
from modeling.learner.networks.classical.learned_tensors import LearnedTensors, below_others

STEPS = 10  # of a weight between 0 and 1
LEAST = 1e-12  # probability


class DecisionFusion(LearnedTensors):
    """Weighted sum of the probabilities of each classifier ("sum"), or of their logarithms
    ("product"). What an utterance lacks has no say: the weights of the rest count in proportion,
    and equally where they are 0.
    """

    weights: Tensor

    def __init__(self, rule: str) -> None:
        super().__init__()
        self.rule = rule
        self.empty(weights=torch.double)

    def fit(self, scores: Sequence[Tensor], present: Tensor, gold: Tensor, seen: Tensor) -> float:
        """Choose the weights by macro-F1 on the validation set, the first of equals: equal ones,
        then all that are whole tenths and sum to one; that macro-F1, 0 where nothing is labelled.
        """
        labelled = gold != IGNORED
        rows, truth = [each[labelled] for each in scores], gold[labelled].tolist()
        best, chosen = -1.0, next(_weights(len(scores)))
        for weights in _weights(len(scores)):
            self.keep(weights=weights)
            if not truth:
                return 0.0
            value = macro_f1(truth, self(rows, present[labelled], seen).argmax(1).tolist())
            if value > best:
                best, chosen = value, weights
        self.keep(weights=chosen)
        return best

    def forward(self, scores: Sequence[Tensor], present: Tensor, seen: Tensor) -> Tensor:
        """Scores (N, C) of each of M classifiers, `present` (N, M) -> scores (N, C)."""
        here = present.double()  # (N, M)
        weights = self.weights * here
        weights = torch.where(weights.sum(1, keepdim=True) > 0, weights, here)
        weights = weights / weights.sum(1, keepdim=True).clamp(min=LEAST)
        stacked = torch.stack(list(scores), dim=1)  # (N, M, C)
        if self.rule == "product":
            mixed = (weights[..., None] * stacked).sum(1)
        else:
            mixed = (weights[..., None] * stacked.softmax(dim=2)).sum(1).clamp(min=LEAST).log()
        return below_others(mixed, seen)


def _weights(count: int) -> Iterator[Tensor]:
    """Weights of so many classifiers that sum to one."""
    yield torch.full((count,), 1 / count, dtype=torch.double)
    for parts in itertools.product(range(STEPS + 1), repeat=count):
        if sum(parts) == STEPS:
            yield torch.tensor(parts, dtype=torch.double) / STEPS


def best_of(
    tries: Sequence[float], score: Callable[[float], float], check: Callable[[], None]
) -> tuple[float, float]:
    """The first value with the highest score, and that score; `check` is called before each."""
    best, chosen = -1.0, tries[0]
    for value in tries:
        check()
        if (found := score(value)) > best:
            best, chosen = found, value
    return chosen, best
