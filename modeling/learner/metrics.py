"""How good predictions are, beside the majority baseline."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def accuracy(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Share of equal pairs. Raises ZeroDivisionError for no pair."""
    return sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold)


def macro_f1(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Unweighted mean of F1 over the classes that occur in `gold` or `predicted`."""
    present = sorted(set(gold) | set(predicted))
    return sum(_f1(gold, predicted, label) for label in present) / len(present)


def _f1(gold: Sequence[int], predicted: Sequence[int], label: int) -> float:
    hits = sum(g == p == label for g, p in zip(gold, predicted, strict=True))
    total = sum(g == label for g in gold) + sum(p == label for p in predicted)
    return 2 * hits / total if total else 0.0


def majority(train: Sequence[int]) -> int:
    """The commonest class in training; the smaller one if two tie."""
    counts = Counter(train)
    return min(counts, key=lambda label: (-counts[label], label))


def confusion(gold: Sequence[int], predicted: Sequence[int], classes: int) -> list[list[int]]:
    """Counts, rows gold and columns predicted, (classes, classes)."""
    table = [[0] * classes for _ in range(classes)]
    for g, p in zip(gold, predicted, strict=True):
        table[g][p] += 1
    return table


def by_class(table: Sequence[Sequence[int]]) -> list[dict[str, float]]:
    """Of each class precision, recall, F1 and how often it is gold (`n`); 0 where undefined."""
    found = []
    for label, row in enumerate(table):
        hits, n = row[label], sum(row)
        said = sum(other[label] for other in table)
        found.append(
            {
                "precision": hits / said if said else 0.0,
                "recall": hits / n if n else 0.0,
                "f1": 2 * hits / (n + said) if n + said else 0.0,
                "n": n,
            }
        )
    return found


def balanced_accuracy(rows: Sequence[Mapping[str, float]]) -> float:
    """Mean recall over the classes that occur in gold."""
    recalls = [row["recall"] for row in rows if row["n"]]
    return sum(recalls) / len(recalls)


def weighted_f1(rows: Sequence[Mapping[str, float]]) -> float:
    """F1 of each class weighed by how often it is gold."""
    return sum(row["f1"] * row["n"] for row in rows) / sum(row["n"] for row in rows)


def auroc(gold: Sequence[int], scores: Sequence[float]) -> float | None:
    """The chance that a positive (1) scores above a negative (0), ties half; None without both."""
    values = np.asarray(scores, float)
    positive = np.asarray(gold) == 1
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return None
    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(times) - (times - 1) / 2)[place]  # mean rank of tied scores, from 1
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))


def average_precision(gold: Sequence[int], scores: Sequence[float]) -> float | None:
    """Precision at each rise of recall, summed over the rises; None without a positive."""
    values, positive = np.asarray(scores, float), np.asarray(gold) == 1
    if not positive.any():
        return None
    order = np.argsort(-values, kind="stable")
    hits = np.cumsum(positive[order])
    last = np.r_[values[order][1:] != values[order][:-1], True]  # of each score the last row
    precision, recall = (hits / np.arange(1, len(hits) + 1))[last], (hits / hits[-1])[last]
    return float((np.diff(np.r_[0.0, recall]) * precision).sum())


def mean_absolute_error(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Of ordinal classes, in steps of the scale."""
    return sum(abs(g - p) for g, p in zip(gold, predicted, strict=True)) / len(gold)


def quadratic_kappa(table: Sequence[Sequence[int]]) -> float | None:
    """Cohen's kappa with quadratic weights of a confusion; None where chance is perfect."""
    counts = np.asarray(table, float)
    places = np.arange(len(counts))
    weights = (places[:, None] - places[None, :]) ** 2
    expected = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
    chance = float((weights * expected).sum())
    return 1 - float((weights * counts).sum()) / chance if chance else None


def report(
    train: Sequence[int],
    gold: Sequence[int],
    predicted: Sequence[int],
    classes: int,
    scores: Sequence[Sequence[float]] | None = None,
    ordinal: bool = False,
) -> dict[str, Any] | None:
    """Everything about one task, accuracy and macro-F1 beside those of always saying the majority
    class of training; of two classes AUROC and average precision from `scores` (n, 2), of `ordinal`
    ones mean absolute error and quadratic kappa.

    A class that `predicted` or `gold` has counts as any other, whether or not training has it.

    None where there is no label to learn from or to compare with.
    """
    if not gold or not train:
        return None
    constant = [majority(train)] * len(gold)
    table = confusion(gold, predicted, classes)
    rows = by_class(table)
    found: dict[str, Any] = {
        "n": len(gold),
        "accuracy": accuracy(gold, predicted),
        "macro_f1": macro_f1(gold, predicted),
        "weighted_f1": weighted_f1(rows),
        "balanced_accuracy": balanced_accuracy(rows),
        "majority_accuracy": accuracy(gold, constant),
        "majority_macro_f1": macro_f1(gold, constant),
        "majority_weighted_f1": weighted_f1(by_class(confusion(gold, constant, classes))),
        "classes": rows,
        "confusion": table,
    }
    if classes == 2 and scores is not None:
        of_yes = [row[1] for row in scores]
        found |= {"auroc": auroc(gold, of_yes), "ap": average_precision(gold, of_yes)}
    if ordinal:
        kappa = quadratic_kappa(table)
        found |= {"mae": mean_absolute_error(gold, predicted), "quadratic_kappa": kappa}
    return found
