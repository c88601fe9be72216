"""Scores into calibrated probabilities: temperature and threshold are fitted on the validation set.

Two words are kept apart everywhere. The PREDICTED class is the decision: the class of the highest
score of a network that was trained with logit adjustment, of two classes the second where its
probability is above the threshold. The MOST PROBABLE class is the argmax of the probabilities. They
differ where a rare class is decided for although a frequent one is more probable. Probabilities are
rounded to DECIMALS before anything is decided or counted, so that whoever reads them from a file
comes to the same decisions and metrics.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss
from torch import Tensor
from torch.nn.functional import cross_entropy

from modeling.learner.batches import IGNORED
from modeling.learner.confusion_metrics import confusion_macro_f1
from modeling.learner.metrics import accuracy, macro_f1

BINS = 15
DECIMALS = 9  # of a probability
TEMPERATURES = (0.05, 20.0)  # the lowest and the highest
MAX_THRESHOLDS = 400  # that are tried


def fit_temperature(logits: Tensor, gold: Tensor) -> float:
    """What logits (n, C) are divided by so that the likelihood of gold (n,) is highest (Guo et al.
    2017), by SciPy's bounded search of its logarithm, as the loss has one minimum. 1 where nothing
    is labelled.
    """
    labelled = gold != IGNORED
    if not labelled.any():
        return 1.0
    logits, gold = logits[labelled].double(), gold[labelled]

    def loss(log_temperature: float) -> float:
        return float(cross_entropy(logits / np.exp(log_temperature), gold))

    best = minimize_scalar(
        loss, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": 1e-4}
    )
    return float(np.exp(best.x))


def fit_threshold(probabilities: Sequence[float], gold: Sequence[int], start: float) -> float:
    """The threshold above which the second of two classes is predicted, so that macro-F1 is
    highest: of equally good ones the nearest to `start`; `start` where gold has one class only.

    `probabilities` (n,) are those of the second class, `gold` (n,) is 0 or 1.
    """
    if len(set(gold)) < 2:
        return start
    values = np.unique(np.asarray(probabilities, float))
    middles = (values[:-1] + values[1:]) / 2
    if len(middles) + 1 > MAX_THRESHOLDS:  # as good as all, and quick on large splits
        middles = np.quantile(values, np.linspace(0.001, 0.999, MAX_THRESHOLDS))
    thresholds = np.r_[start, middles]
    scores = confusion_macro_f1(_confusions_above(thresholds, probabilities, gold))
    ranked = zip(scores.tolist(), (-np.abs(thresholds - start)).tolist(), thresholds.tolist())
    return max(ranked)[2]


def _confusions_above(
    thresholds: NDArray[np.float64], probabilities: Sequence[float], gold: Sequence[int]
) -> NDArray[np.float64]:
    """Confusions (thresholds, 2, 2) of predicting the second class above each threshold."""
    values, truth = np.asarray(probabilities, float), np.asarray(gold)
    tables = np.empty((len(thresholds), 2, 2))
    for label in (0, 1):
        ordered = np.sort(values[truth == label])
        tables[:, label, 0] = np.searchsorted(ordered, thresholds, side="right")
        tables[:, label, 1] = len(ordered) - tables[:, label, 0]
    return tables


def expected_calibration_error(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_]
) -> tuple[float, list[dict[str, float]]]:
    """Of predictions (n,) with a confidence each, correct or not, how far confidence and accuracy
    are apart: the sum over bins of size / n * |mean confidence - accuracy|, over BINS bins of the
    sorted confidences with equally many rows, the first ones one more where they do not come out
    even (adaptive bins; Nixon et al. 2019); and of each bin its confidence, accuracy and size.
    """
    order = np.argsort(confidence, kind="stable")
    bins = []
    for part in np.array_split(order, min(BINS, len(order))):
        share = float(correct[part].mean())
        bins.append(
            {"confidence": float(confidence[part].mean()), "accuracy": share, "n": len(part)}
        )
    error = sum(b["n"] * abs(b["confidence"] - b["accuracy"]) for b in bins) / len(order)
    return float(error), bins


def brier_score(probabilities: NDArray[np.float64], gold: NDArray[np.int64]) -> float:
    """Mean squared distance of probabilities (n, C) from the gold class as a distribution, 0 to 2
    (Brier 1950); by scikit-learn.
    """
    labels = range(probabilities.shape[1])
    return float(brier_score_loss(gold, probabilities, labels=labels, scale_by_half=False))


def calibration_report(
    probabilities: Sequence[Sequence[float]], gold: Sequence[int], predicted: Sequence[int]
) -> dict[str, Any]:
    """Of at least one row how well probabilities (n, C) are calibrated, and the predicted class
    beside the most probable one:

    `ece`, `reliability`: confidence is the highest probability, correct is where the most probable
    class is gold. `ece_predicted`, `reliability_predicted`: confidence is the probability of the
    predicted class, correct is where that is gold. `brier`: of all probabilities, whatever the
    decision. `most_probable`: in how many rows the two classes `differ`, and accuracy and macro-F1
    of the most probable one.
    """
    p, g = np.asarray(probabilities, np.float64), np.asarray(gold, np.int64)
    decided, most_probable = np.asarray(predicted, np.int64), p.argmax(axis=1)
    error, bins = expected_calibration_error(p.max(axis=1), most_probable == g)
    own_error, own_bins = expected_calibration_error(p[np.arange(len(p)), decided], decided == g)
    return {
        "ece": error,
        "reliability": bins,
        "ece_predicted": own_error,
        "reliability_predicted": own_bins,
        "brier": brier_score(p, g),
        "most_probable": {
            "differ": int((decided != most_probable).sum()),
            "accuracy": accuracy(g.tolist(), most_probable.tolist()),
            "macro_f1": macro_f1(g.tolist(), most_probable.tolist()),
        },
    }


def calibrated_probabilities(
    logits: Tensor, log_prior: Tensor, adjustment: float, temperature: float
) -> Tensor:
    """Logits (n, C) that were trained with `adjustment` times the log prior (C,) added (Menon et
    al. 2021) -> probabilities (n, C), rounded to DECIMALS.
    """
    scores = logits.double() + adjustment * log_prior.double()
    return torch.round(torch.softmax(scores / temperature, dim=1), decimals=DECIMALS)
