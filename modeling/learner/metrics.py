"""How good predictions are, beside the majority baseline."""

from collections import Counter
from collections.abc import Sequence
from typing import Any


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


def report(
    train: Sequence[int], gold: Sequence[int], predicted: Sequence[int]
) -> dict[str, Any] | None:
    """Accuracy and macro-F1 beside those of always saying the majority class of training.

    None where there is no label to learn from or to compare with.
    """
    if not gold or not train:
        return None
    constant = [majority(train)] * len(gold)
    return {
        "n": len(gold),
        "accuracy": accuracy(gold, predicted),
        "macro_f1": macro_f1(gold, predicted),
        "majority_accuracy": accuracy(gold, constant),
        "majority_macro_f1": macro_f1(gold, constant),
    }
