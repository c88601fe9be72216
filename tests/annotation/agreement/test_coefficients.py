"""Coefficients against reference packages, published worked examples and published votes."""

import json

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater

from annotation.agreement import pairwise
from annotation.agreement.coefficients import (
    LEVELS,
    NO_PAIRS,
    ONE_VALUE,
    PairCounts,
    alpha,
    class_alphas,
    fleiss,
    gwet,
    icc,
    pair_counts,
    patterns,
    raw,
    reading,
    tally,
    why_undefined,
)

# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", data C: four observers,
# twelve units, five values, missing data.
PUBLISHED = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]
# Fleiss (1971), table 1: thirty patients, six psychiatrists each, five diagnoses.
DIAGNOSES = """00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050
02031 00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"""
# Shrout & Fleiss (1979), table 2: six targets, four judges.
TARGETS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def published():
    judgements = [
        (unit, value) for row in PUBLISHED for unit, value in enumerate(row.split()) if value != "."
    ]
    return pair_counts(tally(judgements, "12345")[1])


@pytest.mark.parametrize(
    ("level", "expected"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_krippendorffs_example(level, expected):
    pairs = published()
    assert float(alpha(pairs, level, range(1, 6))) == pytest.approx(expected, abs=5e-4)
    assert (int(pairs.pairable), int(pairs.judgements)) == (11, 40)


def test_fleiss_example():
    counts = np.array([[int(n) for n in row] for row in DIAGNOSES.split()], float)
    assert counts.sum(axis=0).tolist() == [26, 26, 30, 55, 43]
    assert float(fleiss(pair_counts(counts))) == pytest.approx(0.430, abs=5e-4)
    assert float(raw(pair_counts(counts))) == pytest.approx(0.556, abs=5e-4)
    expected = inter_rater.fleiss_kappa(counts)
    assert float(fleiss(pair_counts(counts))) == pytest.approx(expected, abs=1e-9)


def test_cohens_example():
    """Cohen (1960), table 1: proportions of agreement of two judges on three categories."""
    shares = np.array([[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]])
    assert float(pairwise.cohen(shares * 200)) == pytest.approx(0.492, abs=5e-4)


def test_gwets_examples():
    """Gwet (2008): where nearly all say +, kappa and pi fall below zero and AC1 does not.

    And (2014) his coefficients on Krippendorff's data with missing judgements.
    """
    counts = np.repeat(np.array([[2, 0], [1, 1]], float), [118, 7], axis=0)
    assert float(gwet(pair_counts(counts))) == pytest.approx(0.9408, abs=5e-5)
    two = np.array([[118.0, 5], [2, 0]])
    assert float(pairwise.cohen(two)) == pytest.approx(-0.0234, abs=5e-5)
    assert float(pairwise.scott(two)) == pytest.approx(-0.0288, abs=5e-5)
    assert float(gwet(published())) == pytest.approx(0.77544, abs=5e-6)
    assert float(fleiss(published())) == pytest.approx(0.76117, abs=5e-6)
    assert float(raw(published())) == pytest.approx(0.81818, abs=5e-6)


def test_shrout_and_fleiss_example():
    table = np.array(TARGETS, float)
    counts = np.array([[(row == value).sum() for value in range(1, 11)] for row in table], float)
    assert float(icc(pair_counts(counts), range(1, 11))) == pytest.approx(0.17, abs=5e-3)
    found = pairwise.complete_icc(table)
    assert found == {"icc2": pytest.approx(0.29, abs=5e-3), "icc3": pytest.approx(0.71, abs=5e-3)}
    table[0, 0] = np.nan
    assert pairwise.complete_icc(table) == {"icc2": "incomplete", "icc3": "incomplete"}


def test_published_votes(test_data):
    """EmotionLines "Friends" dev and CSC dev, against the figures of their readers."""
    dialogues = json.loads((test_data / "votes/friends_dev.json").read_text("utf-8"))
    rows = [[int(n) for n in turn["annotation"]] for talk in dialogues for turn in talk]
    assert len(rows) == 1178
    votes = pair_counts(np.array(rows, float))
    assert float(alpha(votes, "nominal")) == pytest.approx(0.366243, abs=1e-6)
    items = json.loads((test_data / "votes/CSC_dev.json").read_text("utf-8"))
    ratings = [(key, str(v)) for key, item in items.items() for v in item["annotations"].values()]
    pairs = pair_counts(tally(ratings, "123456")[1])
    assert (len(items), len(ratings)) == (704, 3186)
    found = [float(alpha(pairs, level)) for level in ("nominal", "ordinal", "interval")]
    assert found == pytest.approx([0.109434, 0.327807, 0.334482], abs=1e-6)


tables = st.lists(
    st.lists(st.sampled_from([0, 1, 2, 3]), max_size=5), min_size=2, max_size=12
).filter(lambda rows: len({v for row in rows if len(row) > 1 for v in row}) > 1)


def counts_of(rows, size=4):
    return np.array([[row.count(v) for v in range(size)] for row in rows], float)


@settings(deadline=None)
@given(tables, st.sampled_from(LEVELS))
def test_alpha_equals_the_reference_package(rows, level):
    counts = counts_of(rows)
    expected = krippendorff.alpha(
        value_counts=counts, value_domain=range(1, 5), level_of_measurement=level
    )
    found = float(alpha(pair_counts(counts), level, range(1, 5)))
    assert found == pytest.approx(expected, abs=1e-9)


complete = st.integers(2, 5).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 3), min_size=k, max_size=k), min_size=2, max_size=12)
)


@settings(deadline=None)
@given(complete)
def test_fleiss_equals_statsmodels(rows):
    counts = counts_of(rows)
    assume(len({v for row in rows for v in row}) > 1)
    expected = inter_rater.fleiss_kappa(counts)
    assert float(fleiss(pair_counts(counts))) == pytest.approx(expected, abs=1e-9)


pairs_of = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)


@settings(deadline=None)
@given(pairs_of, st.sampled_from([None, "linear", "quadratic"]))
def test_cohen_equals_scikit_learn_and_statsmodels(rows, kind):
    first, second = (np.array(side) for side in zip(*rows))
    assume(len(set(first) | set(second)) > 1)
    counted = pairwise.confusion(first, second, 4)
    found = float(pairwise.cohen(counted, kind or "identity"))
    expected = cohen_kappa_score(first, second, labels=range(4), weights=kind)
    assume(not np.isnan(expected))
    assert found == pytest.approx(expected, abs=1e-9)
    if kind is None:
        again = inter_rater.cohens_kappa(counted, return_results=False)
        assert found == pytest.approx(again, abs=1e-9)


@settings(deadline=None)
@given(pairs_of)
def test_two_complete_raters_give_scotts_pi(rows):
    first, second = (np.array(side) for side in zip(*rows))
    counted = pairwise.confusion(first, second, 4)
    pi, kappa = float(pairwise.scott(counted)), float(fleiss(pair_counts(counts_of(rows))))
    assert np.isnan(pi) and np.isnan(kappa) or pi == pytest.approx(kappa, abs=1e-9)


def weighted_by_hand(rows, kind, size=4):
    """Gwet's AC from its definition, unit by unit and pair by pair."""
    w = [
        [
            {"identity": float(a == b), "linear": 1 - abs(a - b) / (size - 1)}.get(
                kind, 1 - (a - b) ** 2 / (size - 1) ** 2
            )
            for b in range(size)
        ]
        for a in range(size)
    ]
    shares, agreements = [], []
    for row in filter(None, rows):
        shares.append([row.count(v) / len(row) for v in range(size)])
        m = len(row)
        if m > 1:
            total = sum(w[a][b] for i, a in enumerate(row) for j, b in enumerate(row) if i != j)
            agreements.append(total / (m * (m - 1)))
    pa = sum(agreements) / len(agreements)
    mean = [sum(column) / len(shares) for column in zip(*shares)]
    chance = sum(map(sum, w)) / (size * (size - 1)) * sum(p * (1 - p) for p in mean)
    return (pa - chance) / (1 - chance)


@settings(deadline=None)
@given(tables, st.sampled_from(["identity", "linear", "quadratic"]))
def test_gwet_equals_its_definition(rows, kind):
    found = float(gwet(pair_counts(counts_of(rows)), kind))
    assert found == pytest.approx(weighted_by_hand(rows, kind), abs=1e-9)


@settings(deadline=None)
@given(tables)
def test_a_class_alpha_is_the_alpha_of_that_class_against_the_others(rows):
    found = class_alphas(pair_counts(counts_of(rows)))
    for value in range(4):
        binary = counts_of([[int(v == value) for v in row] for row in rows], 2)
        expected = float(alpha(pair_counts(binary), "nominal"))
        assert found[value] == pytest.approx(expected, abs=1e-9, nan_ok=True)


@settings(deadline=None)
@given(tables, st.lists(st.integers(0, 2), min_size=12, max_size=12))
def test_clusters_add_up_to_the_whole(rows, clusters):
    counts = counts_of(rows)
    parts, whole = pair_counts(counts, clusters[: len(rows)]), pair_counts(counts)
    assert np.allclose(parts.layers.sum(axis=0), whole.layers)
    assert np.allclose(parts.unpacked(parts.packed).layers, parts.layers)
    distinct, which = patterns(counts)
    assert (distinct[which] == counts).all()


def test_undefined_is_a_reason():
    lonely = pair_counts(np.array([[1.0, 0], [0, 1]]))
    assert np.isnan(alpha(lonely, "nominal")) and why_undefined(lonely) == NO_PAIRS
    same = pair_counts(np.array([[2.0, 0], [3, 0]]))
    assert np.isnan(alpha(same, "nominal")) and why_undefined(same) == ONE_VALUE
    assert float(raw(same)) == 1.0 and float(gwet(same)) == 1.0
    nothing = pair_counts(np.zeros((0, 3)))
    assert why_undefined(nothing) == NO_PAIRS and np.isnan(icc(nothing)) and np.isnan(raw(nothing))
    assert pairwise.why_no_kappa(np.zeros((2, 2))) == NO_PAIRS
    assert pairwise.why_no_kappa(np.diag([3.0, 0])) == ONE_VALUE


def test_codes_too_wide_for_an_integer_are_patterns_too():
    counts = np.random.default_rng(0).integers(0, 9, (50, 40)).astype(float)
    distinct, which = patterns(counts)
    assert (distinct[which] == counts).all()


def test_association_of_two_variables():
    independent = np.outer([10.0, 20], [3, 6, 9])
    assert pairwise.association(independent)["v"] == 0.0
    same = pairwise.association(np.diag([10.0, 10]))
    assert same["v"] == pytest.approx(1.0, abs=0.03) and same["bits"] == pytest.approx(1.0)
    assert np.isnan(pairwise.association(np.array([[5.0, 0], [3, 0]]))["v"])


def test_readings():
    assert [reading(v) for v in (0.8, 0.7, 0.5)] == ["reliable", "tentative", "unreliable"]


def test_unknown_levels_weights_and_values_are_refused():
    pairs = PairCounts(np.array([2]), np.ones((1, 2, 2)))
    with pytest.raises(ValueError, match="level"):
        alpha(pairs, "cosmic")
    with pytest.raises(ValueError, match="weights"):
        gwet(pairs, "cosmic")
    with pytest.raises(KeyError):
        tally([(1, "x")], ["a"])
