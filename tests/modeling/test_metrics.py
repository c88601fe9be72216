"""Metrics equal their definitions, counted by hand, to 1e-12, as they did before scikit-learn."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from modeling.learner import calibration, confusion_metrics, metrics, significance

PAIRS = st.integers(2, 6).flatmap(
    lambda classes: st.tuples(
        st.just(classes),
        st.lists(
            st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)),
            min_size=1, max_size=40,
        ),
    )
)  # fmt: skip
EXACT = {"rel": 0, "abs": 1e-12}


def f1(gold, predicted, label):
    hits = sum(g == p == label for g, p in zip(gold, predicted))
    total = sum(g == label for g in gold) + sum(p == label for p in predicted)
    return 2 * hits / total if total else 0.0


def kappa(gold, predicted, classes):
    table = np.zeros((classes, classes))
    np.add.at(table, (gold, predicted), 1)
    weights = np.subtract.outer(np.arange(classes), np.arange(classes)) ** 2
    chance = (weights * np.outer(table.sum(1), table.sum(0)) / table.sum()).sum()
    return 1 - (weights * table).sum() / chance if chance else None


@settings(deadline=None, max_examples=60)
@given(PAIRS)
def test_metrics_equal_their_definitions(drawn):
    classes, pairs = drawn
    gold, predicted = [g for g, _ in pairs], [p for _, p in pairs]
    report = metrics.classification_report(gold, gold, predicted, classes, ordinal=True)
    n, counts = len(gold), Counter(gold)
    present = sorted({*gold, *predicted})
    assert report["accuracy"] == pytest.approx(sum(g == p for g, p in pairs) / n, **EXACT)
    macro = sum(f1(gold, predicted, label) for label in present) / len(present)
    assert report["macro_f1"] == pytest.approx(macro, **EXACT)
    weighted = sum(f1(gold, predicted, label) * counts[label] for label in counts) / n
    assert report["weighted_f1"] == pytest.approx(weighted, **EXACT)
    recalls = [sum(g == p == c for g, p in pairs) / counts[c] for c in counts]
    assert report["balanced_accuracy"] == pytest.approx(sum(recalls) / len(recalls), **EXACT)
    assert report["mae"] == pytest.approx(sum(abs(g - p) for g, p in pairs) / n, **EXACT)
    expected = kappa(gold, predicted, classes)
    assert report["quadratic_kappa"] == (
        None if expected is None else pytest.approx(expected, **EXACT)
    )
    table = [[pairs.count((g, p)) for p in range(classes)] for g in range(classes)]
    assert report["confusion"] == table
    for label, row in enumerate(report["classes"]):
        said = sum(p == label for p in predicted)
        hits = pairs.count((label, label))
        assert row["precision"] == pytest.approx(hits / said if said else 0.0, **EXACT)
        recall = hits / counts[label] if counts[label] else 0.0
        assert row["recall"] == pytest.approx(recall, **EXACT)
        assert row["f1"] == pytest.approx(f1(gold, predicted, label), **EXACT)
        assert row["n"] == counts[label]
    majority = metrics.majority_class(gold)
    assert counts[majority] == max(counts.values())
    assert majority == min(c for c in counts if counts[c] == counts[majority])
    stacked = confusion_metrics.confusion_counts(
        np.array(gold), np.array(predicted), np.arange(n) % 3, classes
    )
    assert confusion_metrics.confusion_macro_f1(stacked.sum(0)) == pytest.approx(macro, **EXACT)
    weighted_again = confusion_metrics.confusion_weighted_f1(stacked.sum(0))
    assert weighted_again == pytest.approx(weighted, **EXACT)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=30))
def test_ranking_metrics_equal_their_definitions(rows):
    gold, scores = [int(g) for g, _ in rows], [s / 8 for _, s in rows]
    positive = [s for g, s in zip(gold, scores) if g]
    negative = [s for g, s in zip(gold, scores) if not g]
    if not positive or not negative:
        assert metrics.auroc(gold, scores) is None
    else:
        wins = [(p > n) + (p == n) / 2 for p in positive for n in negative]
        assert metrics.auroc(gold, scores) == pytest.approx(sum(wins) / len(wins), **EXACT)
    if not positive:
        assert metrics.average_precision(gold, scores) is None
        return
    expected, before = 0.0, 0.0
    for cut in sorted(set(scores), reverse=True):
        hits, above = sum(s >= cut for s in positive), sum(s >= cut for s in scores)
        expected += (hits / len(positive) - before) * hits / above
        before = hits / len(positive)
    assert metrics.average_precision(gold, scores) == pytest.approx(expected, **EXACT)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=40))
def test_a_threshold_has_the_highest_macro_f1_and_is_the_nearest(rows):
    gold, chances = [int(g) for g, _ in rows], [s / 20 for _, s in rows]
    found = calibration.fit_threshold(chances, gold, 0.5)
    if len(set(gold)) < 2:
        assert found == 0.5
        return

    def score(threshold):
        return metrics.macro_f1(gold, [int(c > threshold) for c in chances])

    values = sorted(set(chances))
    tried = [0.5, *((a + b) / 2 for a, b in zip(values, values[1:]))]
    best = max(map(score, tried))
    assert score(found) == pytest.approx(best, **EXACT)
    nearest = min(abs(t - 0.5) for t in tried if score(t) > best - 1e-12)
    assert abs(found - 0.5) == pytest.approx(nearest, **EXACT)


def test_a_temperature_is_that_of_a_golden_section_search():
    """As it was searched before: log temperature within 1e-4."""
    torch.manual_seed(1)
    for spread in (0.5, 3.0, 8.0):
        gold = torch.randint(0, 4, (300,))
        logits = spread * (torch.randn(300, 4) + torch.nn.functional.one_hot(gold, 4))
        low, high, ratio = np.log(0.05), np.log(20.0), (5**0.5 - 1) / 2
        while high - low > 1e-4:
            left, right = high - ratio * (high - low), low + ratio * (high - low)
            losses = [cross_entropy(logits.double() / np.exp(x), gold) for x in (left, right)]
            low, high = (low, right) if losses[0] < losses[1] else (left, high)
        found = calibration.fit_temperature(logits, gold)
        assert np.log(found) == pytest.approx((low + high) / 2, abs=2e-4)


def test_brier_and_holm_equal_their_definitions():
    rng = np.random.default_rng(0)
    for classes in (2, 3, 7):
        chances = rng.dirichlet(np.ones(classes), 50)
        gold = rng.integers(0, classes, 50)
        expected = np.square(chances - np.eye(classes)[gold]).sum(1).mean()
        assert calibration.brier_score(chances, gold) == pytest.approx(expected, **EXACT)
    p = rng.random(6).tolist()
    ordered, highest, expected = sorted(range(6), key=p.__getitem__), 0.0, [0.0] * 6
    for rank, i in enumerate(ordered):
        highest = max(highest, min(1.0, (6 - rank) * p[i]))
        expected[i] = highest
    assert significance.holm(p) == pytest.approx(expected, **EXACT)
    assert significance.holm([]) == []
