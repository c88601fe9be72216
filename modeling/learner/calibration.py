"""Scores into probabilities that mean what they say, fitted on dialogues that select.

Two words are kept apart everywhere. The PREDICTED class is the decision: the class of the highest
score of a network that was trained with logit adjustment, of two classes the second where its
probability is above the threshold. The MOST PROBABLE class is the argmax of the probabilities. They
differ where a rare class is decided for although a frequent one is more probable. Probabilities are
rounded to PLACES before anything is decided or counted, so that whoever reads them finds the same.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from modeling.learner.batches import IGNORED
from modeling.learner.metrics import macro_f1

BINS = 15
PLACES = 9  # decimals of a probability
COOLEST, HOTTEST = 0.05, 20.0


def temperature(logits: Tensor, gold: Tensor) -> float:
    """What logits (n, C) are divided by so that the likelihood of gold (n,) is highest (Guo et al.
    2017), by golden-section search, as the loss has one minimum. 1 where nothing is labelled.
    """
    told = gold != IGNORED
    if not told.any():
        return 1.0
    logits, gold = logits[told].double(), gold[told]

    def loss(log_t: float) -> float:
        return float(cross_entropy(logits / np.exp(log_t), gold))

    low, high, ratio = float(np.log(COOLEST)), float(np.log(HOTTEST)), (5**0.5 - 1) / 2
    while high - low > 1e-4:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def threshold(chances: Sequence[float], gold: Sequence[int], start: float) -> float:
    """From which chance of "yes" to say yes so that macro-F1 is highest; the nearest to `start`
    among the best, `start` where gold has one class only.
    """
    if len(set(gold)) < 2:
        return start
    values = np.unique(np.asarray(chances, float))
    tried = [start, *((values[:-1] + values[1:]) / 2).tolist()]
    if len(tried) > 400:  # as good as all, and quick on large splits
        tried = [start, *np.quantile(values, np.linspace(0.001, 0.999, 400)).tolist()]
    scored = [(macro_f1(gold, [int(c > t) for c in chances]), -abs(t - start), t) for t in tried]
    return max(scored)[2]


def expected_calibration_error(
    confidence: NDArray[np.float64], right: NDArray[np.bool_]
) -> tuple[float, list[dict[str, float]]]:
    """Of answers (n,) with a confidence each, right or not, how far confidence and accuracy lie
    apart: sum over bins of size / n * |mean confidence - share right|, over BINS bins of the sorted
    confidences with equally many rows, the first ones one more where they do not come out even
    (Nixon et al. 2019); and of each bin its confidence, accuracy and size.
    """
    order = np.argsort(confidence, kind="stable")
    bins = []
    for part in np.array_split(order, min(BINS, len(order))):
        share = float(right[part].mean())
        bins.append(
            {"confidence": float(confidence[part].mean()), "accuracy": share, "n": len(part)}
        )
    error = sum(b["n"] * abs(b["confidence"] - b["accuracy"]) for b in bins) / len(order)
    return float(error), bins


def brier(probabilities: NDArray[np.float64], gold: NDArray[np.int64]) -> float:
    """Mean squared distance from the gold class as a distribution, 0 to 2 (Brier 1950)."""
    truth = np.eye(probabilities.shape[1])[gold]
    return float(np.square(probabilities - truth).sum(axis=1).mean())


def report(
    probabilities: Sequence[Sequence[float]], gold: Sequence[int], predicted: Sequence[int]
) -> dict[str, Any]:
    """Of at least one row how well probabilities (n, C) are calibrated, and what is decided beside
    what is most probable:

    `ece`, `reliability`: confidence is the highest probability, right is where the most probable
    class is gold. `ece_predicted`, `reliability_predicted`: confidence is the probability of the
    predicted class, right is where that is gold. `brier`: of all probabilities, whatever the
    decision. `most_probable`: in how many rows the two classes `differ`, and accuracy and macro-F1
    of the most probable one.
    """
    p, g = np.asarray(probabilities, np.float64), np.asarray(gold, np.int64)
    chosen, likely = np.asarray(predicted, np.int64), p.argmax(axis=1)
    error, bins = expected_calibration_error(p.max(axis=1), likely == g)
    own, own_bins = expected_calibration_error(p[np.arange(len(p)), chosen], chosen == g)
    return {
        "ece": error,
        "reliability": bins,
        "ece_predicted": own,
        "reliability_predicted": own_bins,
        "brier": brier(p, g),
        "most_probable": {
            "differ": int((chosen != likely).sum()),
            "accuracy": float((likely == g).mean()),
            "macro_f1": macro_f1(g.tolist(), likely.tolist()),
        },
    }


def probabilities(logits: Tensor, log_prior: Tensor, strength: float, heat: float) -> Tensor:
    """Logits (n, C) that were trained with `strength` times the log prior added -> (n, C), rounded
    to PLACES.
    """
    chances = torch.softmax((logits.double() + strength * log_prior.double()) / heat, dim=1)
    return torch.round(chances, decimals=PLACES)
