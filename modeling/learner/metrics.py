"""Metrics of a task's predictions, by scikit-learn, beside those of the majority class.

Classes are numbers from 0; a class that occurs neither in gold nor among the predictions does not
count in a mean over classes. `confusion_metrics.py` has the metrics of many confusions at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn import metrics


def accuracy(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Share of equal pairs, 0 to 1. Raises ValueError for no pair, or for unequal lengths."""
    return float(metrics.accuracy_score(gold, predicted))


def macro_f1(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Unweighted mean of F1 over the classes that occur in `gold` or `predicted`, 0 to 1."""
    return float(metrics.f1_score(gold, predicted, average="macro", zero_division=0))


def weighted_f1(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Mean of F1 over the classes, each weighted by how often it is gold, 0 to 1."""
    return float(metrics.f1_score(gold, predicted, average="weighted", zero_division=0))


def balanced_accuracy(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Mean recall over the classes that occur in gold, 0 to 1."""
    labels = sorted(set(gold))
    recall = metrics.recall_score(gold, predicted, labels=labels, average="macro", zero_division=0)
    return float(recall)


def majority_class(train: Sequence[int]) -> int:
    """The most frequent class of training; the smaller one of two that tie."""
    return int(np.bincount(train).argmax())


def confusion_matrix(
    gold: Sequence[int], predicted: Sequence[int], classes: int
) -> list[list[int]]:
    """Counts, rows gold and columns predicted, (classes, classes)."""
    table: list[list[int]] = metrics.confusion_matrix(
        gold, predicted, labels=range(classes)
    ).tolist()
    return table


def class_metrics(
    gold: Sequence[int], predicted: Sequence[int], classes: int
) -> list[dict[str, float]]:
    """Of each class precision, recall, F1 and how often it is gold (`n`); 0 where undefined."""
    columns = metrics.precision_recall_fscore_support(
        gold, predicted, labels=range(classes), zero_division=0
    )
    return [
        {"precision": float(precision), "recall": float(recall), "f1": float(f1), "n": int(n)}
        for precision, recall, f1, n in zip(*columns, strict=True)
    ]


def auroc(gold: Sequence[int], scores: Sequence[float]) -> float | None:
    """Area under the ROC curve of the scores of class 1, 0 to 1; None unless gold has both."""
    return float(metrics.roc_auc_score(gold, scores)) if len(set(gold)) == 2 else None


def average_precision(gold: Sequence[int], scores: Sequence[float]) -> float | None:
    """Average precision of the scores of class 1, 0 to 1; None where class 1 is never gold."""
    return float(metrics.average_precision_score(gold, scores)) if 1 in gold else None


def mean_absolute_error(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Of ordinal classes, in steps of the scale."""
    return float(metrics.mean_absolute_error(gold, predicted))


def quadratic_kappa(gold: Sequence[int], predicted: Sequence[int]) -> float | None:
    """Cohen's kappa with quadratic weights, -1 to 1; None where all is one and the same class."""
    if len({*gold, *predicted}) < 2:
        return None
    labels = range(max(*gold, *predicted) + 1)
    return float(metrics.cohen_kappa_score(gold, predicted, labels=labels, weights="quadratic"))


def classification_report(
    train: Sequence[int],
    gold: Sequence[int],
    predicted: Sequence[int],
    classes: int,
    scores: Sequence[Sequence[float]] | None = None,
    ordinal: bool = False,
) -> dict[str, Any] | None:
    """All metrics of one task, beside those of always predicting the majority class of training; of
    two classes also AUROC and average precision from `scores` (n, 2), of `ordinal` ones mean
    absolute error and quadratic kappa.

    A class of `predicted` or `gold` counts as any other, whether or not training has it. None where
    there is no label to learn from or to compare with.
    """
    if not gold or not train:
        return None
    constant = [majority_class(train)] * len(gold)
    report: dict[str, Any] = {
        "n": len(gold),
        "accuracy": accuracy(gold, predicted),
        "macro_f1": macro_f1(gold, predicted),
        "weighted_f1": weighted_f1(gold, predicted),
        "balanced_accuracy": balanced_accuracy(gold, predicted),
        "majority_accuracy": accuracy(gold, constant),
        "majority_macro_f1": macro_f1(gold, constant),
        "majority_weighted_f1": weighted_f1(gold, constant),
        "classes": class_metrics(gold, predicted, classes),
        "confusion": confusion_matrix(gold, predicted, classes),
    }
    if classes == 2 and scores is not None:
        second = [row[1] for row in scores]
        report |= {"auroc": auroc(gold, second), "ap": average_precision(gold, second)}
    if ordinal:
        report |= {
            "mae": mean_absolute_error(gold, predicted),
            "quadratic_kappa": quadratic_kappa(gold, predicted),
        }
    return report
