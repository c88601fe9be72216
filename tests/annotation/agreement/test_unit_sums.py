"""Sums over units against counts of pairs, the reference package, and pairs one by one."""

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater

from annotation.agreement import coefficients, pairwise, unit_sums
from annotation.agreement.coefficients import LEVELS, NO_PAIRS, ONE_VALUE
from annotation.agreement.unit_sums import ONE_UNIT, Judgements

pytestmark = pytest.mark.filterwarnings("error")
POINTS = np.array([0.0, 0.5, 3.0, 10.0])
# Rows are units, columns annotators, -1 where one did not judge a unit.
grids = st.integers(1, 5).flatmap(
    lambda people: st.lists(
        st.lists(st.integers(-1, 3), min_size=people, max_size=people), min_size=1, max_size=9
    )
)


def judgements(grid, points=POINTS):
    grid = np.array(grid)
    unit, annotator = np.nonzero(grid >= 0)
    return Judgements(unit, annotator, grid[unit, annotator], *grid.shape, np.asarray(points))


def both(found, clusters=None):
    """The same coefficients by counts of pairs and by sums over units."""
    counts = coefficients.count_values(found.unit, found.value, found.units, found.values)
    pairs = coefficients.pair_counts(counts, clusters)
    sums = unit_sums.unit_sums(found, clusters, pairs=True, ratio=True)
    sums = sums.unpacked(sums.packed)
    points = found.points
    return {
        "raw": (coefficients.raw(pairs), unit_sums.raw(sums)),
        "nominal": (coefficients.alpha(pairs, "nominal"), unit_sums.alpha_nominal(sums)),
        "ordinal": (coefficients.alpha(pairs, "ordinal"), unit_sums.alpha_ordinal(sums)),
        "interval": (coefficients.alpha(pairs, "interval", points), unit_sums.alpha_interval(sums)),
        "ratio": (coefficients.alpha(pairs, "ratio", points), unit_sums.alpha_ratio(sums, points)),
        "fleiss": (coefficients.fleiss(pairs), unit_sums.fleiss(sums)),
        "ac1": (coefficients.gwet(pairs), unit_sums.gwet(sums)),
        "ac2": (coefficients.gwet(pairs, "quadratic"), unit_sums.gwet(sums, quadratic=True)),
        "icc1": (coefficients.icc(pairs, points), unit_sums.icc(sums)),
    }


@settings(deadline=None)
@given(grids, st.lists(st.integers(0, 2), min_size=9, max_size=9))
def test_every_coefficient_is_that_of_the_pairs(grid, clusters):
    found = judgements(grid)
    for of in (None, np.array(clusters[: len(grid)])):
        for name, (pairs, sums) in both(found, of).items():
            assert sums == pytest.approx(pairs, abs=1e-9, nan_ok=True), name
    counts = coefficients.count_values(found.unit, found.value, found.units, found.values)
    classes = coefficients.class_alphas(coefficients.pair_counts(counts))
    assert unit_sums.class_alphas(found) == pytest.approx(classes, abs=1e-9, nan_ok=True)


@settings(deadline=None)
@given(grids, st.sampled_from(LEVELS))
def test_alpha_equals_the_reference_package(grid, level):
    found = judgements(grid)
    sums = unit_sums.unit_sums(found, pairs=True, ratio=True)
    alpha = {
        "nominal": unit_sums.alpha_nominal,
        "ordinal": unit_sums.alpha_ordinal,
        "interval": unit_sums.alpha_interval,
        "ratio": lambda sums: unit_sums.alpha_ratio(sums, POINTS),
    }[level](sums)
    if (found.paired > 0).sum() < 2:
        assert np.isnan(alpha)
        return
    counts = coefficients.count_values(found.unit, found.value, found.units, found.values)
    expected = krippendorff.alpha(
        value_counts=counts, value_domain=POINTS, level_of_measurement=level
    )
    assert float(alpha) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None)
@given(grids)
def test_the_middles_of_ranks_give_the_ordinal_alpha(grid):
    found = judgements(grid)
    ranked = judgements(grid, unit_sums.ordinal_points(found))
    expected = both(found)["ordinal"][0]
    alpha = unit_sums.alpha_interval(unit_sums.unit_sums(ranked))
    assert float(alpha) == pytest.approx(float(expected), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("at_once", [1, 3, 1000])
@settings(deadline=None)
@given(grid=grids)
def test_pairs_with_common_units_and_no_others(at_once, grid):
    found, table = judgements(grid), np.array(grid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unit_sums, "AT_ONCE", at_once)
        result = {
            tuple(pair): counted
            for pairs, confusions in unit_sums.confusions(found)
            for pair, counted in zip(pairs.tolist(), confusions)
        }
    people = range(table.shape[1])
    expected = {
        (a, b): pairwise.confusion(table[:, a], table[:, b], 4)
        for a in people
        for b in people
        if a < b and ((table[:, a] >= 0) & (table[:, b] >= 0)).any()
    }
    assert result.keys() == expected.keys()
    assert all((result[pair] == expected[pair]).all() for pair in expected)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20))
def test_kappa_of_degenerate_pairs(rows):
    """Where scikit-learn divides by nothing there is a reason, and elsewhere its number."""
    first, second = (np.array(side) for side in zip(*rows))
    counted = pairwise.confusion(first, second, 4)
    row = pairwise.kappa_rows(counted, "ordinal")
    for name, kind in {
        "kappa": None,
        "kappa_linear": "linear",
        "kappa_quadratic": "quadratic",
    }.items():
        if len(set(first) | set(second)) < 2:
            assert row[name] == {"value": None, "undefined": ONE_VALUE}
        else:
            expected = cohen_kappa_score(first, second, labels=range(4), weights=kind)
            assert row[name]["value"] == pytest.approx(expected, abs=1e-9)


@settings(deadline=None)
@given(
    st.integers(2, 5).flatmap(
        lambda people: st.lists(
            st.lists(st.integers(0, 3), min_size=people, max_size=people), min_size=1, max_size=9
        )
    )
)
def test_fleiss_of_complete_tables(grid):
    """statsmodels' number where there are two values; where all is one value there is none."""
    found = judgements(grid)
    kappa = float(unit_sums.fleiss(unit_sums.unit_sums(found)))
    if (found.occurring > 0).sum() < 2:
        assert np.isnan(kappa)
        return
    counts = coefficients.count_values(found.unit, found.value, found.units, found.values)
    assert kappa == pytest.approx(inter_rater.fleiss_kappa(counts), abs=1e-9)


@pytest.mark.parametrize(
    "points",
    [[0, 1e-300, 2e-300, 3e-300], [1e308, -1e308, 0, 5e307], [1e12, 1e12 + 1, 1e12 + 2, 1e12 + 3]],
)
def test_huge_and_tiny_numbers_keep_their_alpha(points):
    grid = [[0, 0, 1], [1, 2, 1], [3, 3, -1], [2, 0, 3]]
    scaled = np.array(points, float) / 4  # far from overflow, the same to a factor
    scaled = (scaled - scaled.min()) / (scaled.max() - scaled.min())
    found = unit_sums.alpha_interval(unit_sums.unit_sums(judgements(grid, points)))
    expected = krippendorff.alpha(
        reliability_data=np.array(
            [[scaled[v] if v >= 0 else np.nan for v in row] for row in grid]
        ).T,
        level_of_measurement="interval",
    )
    assert float(found) == pytest.approx(expected, abs=1e-4)


def test_undefined_has_a_reason():
    def why(grid, name=""):
        return unit_sums.why_undefined(judgements(grid), name)

    assert why([[0, -1], [-1, 1]]) == NO_PAIRS
    assert why([[2, 2], [2, 2]]) == ONE_VALUE
    assert why([[0, 1]], "icc1") == ONE_UNIT
    alone = Judgements(
        *(np.zeros(2, np.int64), np.arange(2), np.zeros(2, np.int64)), 1, 2, np.zeros(1)
    )
    assert np.isnan(unit_sums.gwet(unit_sums.unit_sums(alone)))
    pairs = coefficients.pair_counts(np.array([[2.0]]))
    assert np.isnan(coefficients.gwet(pairs)) and np.isnan(coefficients.gwet(pairs, "quadratic"))
