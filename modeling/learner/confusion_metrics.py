"""Metrics of many confusion matrices at once: of each replicate of a bootstrap, of each threshold.

They are those of metrics.py (a test compares them); scikit-learn has none over a stack of tables.
"""

import numpy as np
from numpy.typing import NDArray

Confusions = NDArray[np.float64]  # (..., classes, classes): counts of gold by predicted


def confusion_counts(
    gold: NDArray[np.int64], predicted: NDArray[np.int64], group: NDArray[np.int64], classes: int
) -> Confusions:
    """Confusions (groups, classes, classes) from gold class, predicted class and number of the
    group (such as the dialogue), all (N,).
    """
    cells = (group * classes + gold) * classes + predicted
    groups = int(group.max()) + 1 if len(group) else 0
    counts = np.bincount(cells, minlength=groups * classes**2).astype(float)
    return counts.reshape(-1, classes, classes)


def confusion_macro_f1(tables: Confusions) -> NDArray[np.float64]:
    """Macro-F1 (...) over the classes that occur in gold or prediction."""
    f1, total = _f1(tables)
    return np.asarray(f1.sum(-1) / np.maximum((total > 0).sum(-1), 1))


def confusion_weighted_f1(tables: Confusions) -> NDArray[np.float64]:
    """F1 (...) of each class weighted by how often it is gold."""
    f1, _ = _f1(tables)
    gold = tables.sum(-1)
    return np.asarray((f1 * gold).sum(-1) / np.maximum(gold.sum(-1), 1))


def confusion_accuracy(tables: Confusions) -> NDArray[np.float64]:
    """Accuracy (...)."""
    hits = np.trace(tables, axis1=-2, axis2=-1)
    return np.asarray(hits / np.maximum(tables.sum((-2, -1)), 1))


def _f1(tables: Confusions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """F1 of each class (..., C), and how often it is gold and predicted together."""
    hits = np.diagonal(tables, axis1=-2, axis2=-1)
    total = tables.sum(-1) + tables.sum(-2)
    return np.divide(2 * hits, total, out=np.zeros_like(total), where=total > 0), total
