"""Intervals and differences, replicate by replicate against the reference package."""

import krippendorff
import numpy as np
import pytest
from scipy.stats import bootstrap as reference_bootstrap

from annotation.agreement.bootstrap import (
    FEW_CLUSTERS,
    FEW_DEFINED,
    METHODS,
    MIN_CLUSTERS,
    Clusters,
    difference,
    interval,
    of_pairs,
    of_units,
    on,
    summary,
)
from annotation.agreement.coefficients import alpha, pair_counts, raw
from modeling.learner.seed_statistics import MIN_DIALOGUES

COUNTS = np.array([[2, 1], [3, 0], [0, 3], [1, 1], [0, 2], [2, 0]], float)
MANY, OWNERS = np.tile(COUNTS, (4, 1)), np.repeat(np.arange(12), 2)  # of twelve dialogues


def clustered(counts, clusters):
    pairs = pair_counts(counts, clusters)
    return of_pairs(pairs), on(pairs, alpha, "nominal")


def test_replicates_equal_the_reference_on_the_same_draws():
    clusters, statistic = clustered(COUNTS, [0, 0, 1, 1, 2, 2])
    found = statistic(clusters.replicates(200, seed=5))
    drawn = np.random.default_rng(5).integers(0, 3, (200, 3), dtype=np.int32)
    for value, draw in zip(found, drawn, strict=True):
        sample = np.concatenate([COUNTS[2 * c : 2 * c + 2] for c in draw])
        if (sample.sum(axis=0) > 0).sum() > 1:
            expected = krippendorff.alpha(value_counts=sample, level_of_measurement="nominal")
            assert value == pytest.approx(expected, abs=1e-9)
        else:
            assert np.isnan(value)


def test_percentiles_are_those_of_the_replicates():
    clusters, statistic = clustered(MANY, OWNERS)
    values = statistic(clusters.replicates(300, seed=1))
    found = interval(clusters, statistic, 300, seed=1)[0]
    defined = values[~np.isnan(values)]
    assert (found.replicates, found.defined) == (300, len(defined))
    assert [found.low, found.high] == pytest.approx(list(np.quantile(defined, [0.025, 0.975])))


def test_bca_is_that_of_scipy():
    """A mean over clusters of one number each, which both can compute."""
    rng = np.random.default_rng(3)
    numbers = rng.exponential(size=40)
    clusters = Clusters(np.column_stack([numbers, np.ones(40)]))

    def mean(sums):
        return sums[..., 0] / sums[..., 1]

    found = interval(clusters, mean, 20_000, seed=2, method="bca")[0]
    expected = reference_bootstrap(
        (numbers,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(4)
    ).confidence_interval
    assert found.method == "bca"
    assert [found.low, found.high] == pytest.approx([expected.low, expected.high], abs=0.02)
    plain = interval(clusters, mean, 20_000, seed=2)[0]
    assert found.low > plain.low  # the skew moves it to the right


def test_intervals_come_from_whole_dialogues_and_from_the_seed():
    counts = np.zeros((60, 2))
    counts[np.arange(60), np.arange(60) % 2] = 2
    counts[:20] = 1  # all the disagreement is in four of twelve dialogues
    clusters, statistic = clustered(counts, np.repeat(np.arange(12), 5))
    found = interval(clusters, statistic, 400, seed=3)[0]
    assert found == interval(clusters, statistic, 400, seed=3)[0]
    assert found.low < float(statistic(clusters.total)) < found.high
    pairs, units = of_units(counts)
    alone = interval(units, on(pairs, alpha, "nominal"), 400)[0]
    assert found.high - found.low > 1.5 * (alone.high - alone.low)


def test_drawing_distinct_patterns_is_drawing_units():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(3, [0.6, 0.3, 0.1], size=400).astype(float)
    pairs, units = of_units(counts)
    each, statistic = clustered(counts, np.arange(400))
    assert units.number == 400 and len(units.sums) < 11
    assert np.allclose(units.total, each.total)
    patterns = on(pairs, alpha, "nominal")(units.replicates(2000, seed=1))
    single = statistic(each.replicates(2000, seed=1))
    assert patterns.mean() == pytest.approx(single.mean(), abs=0.005)
    assert patterns.std() == pytest.approx(single.std(), rel=0.1)


def test_few_clusters_give_no_interval_and_no_test():
    few, statistic = clustered(MANY[:-6], OWNERS[:-6])
    enough, _ = clustered(MANY[:-4], OWNERS[:-4])
    assert (few.number_compared, enough.number_compared) == (MIN_CLUSTERS - 1, MIN_CLUSTERS)
    for method in METHODS:
        found = interval(few, statistic, 100, method=method)[0]
        assert (found.low, found.high, found.why) == (None, None, FEW_CLUSTERS)
        assert interval(enough, statistic, 100, method=method)[0].low is not None
    assert summary(few, {"alpha": statistic}, 100)["alpha"][0].why == FEW_CLUSTERS
    for one, other in ((few, enough), (enough, few), (few, few)):
        gap = difference(one, other, statistic, paired=one is other)
        assert gap.value is not None and (gap.low, gap.p, gap.why) == (None, None, FEW_CLUSTERS)
    _, units = of_units(MANY[:9])
    assert units.number_compared == 9 and units.are_few


def test_clusters_without_two_judgements_of_a_unit_do_not_count():
    single = np.tile([[1.0, 0]], (40, 1))
    counts = np.concatenate([MANY[:-6], single])
    clusters, statistic = clustered(counts, np.concatenate([OWNERS[:-6], 9 + np.arange(40)]))
    assert clusters.number == 49 and clusters.number_compared == 9
    assert interval(clusters, statistic, 100)[0].why == FEW_CLUSTERS
    _, units = of_units(counts)
    assert units.number_compared == 18


def test_agreement_and_metrics_need_as_many_dialogues():
    assert MIN_CLUSTERS == MIN_DIALOGUES


def test_hardly_a_defined_replicate_gives_no_interval():
    rare = np.array([[2.0, 0]] * 11 + [[1, 1]])
    clusters, statistic = clustered(rare, np.arange(12))
    found = interval(clusters, statistic, 400)[0]
    assert 0 < found.defined < 400
    rarer = np.array([[2.0, 0]] * 11 + [[1, 1]])
    rarer[-1] = [0, 0]
    clusters, statistic = clustered(np.concatenate([rarer, [[2.0, 0]]]), np.arange(13))
    assert interval(clusters, statistic, 100)[0].why == FEW_DEFINED
    with pytest.raises(ValueError, match="cosmic"):
        interval(clusters, statistic, method="cosmic")


def test_several_statistics_share_their_draws():
    pairs = pair_counts(MANY, OWNERS)
    clusters, nominal = of_pairs(pairs), on(pairs, alpha, "nominal")
    found = summary(clusters, {"alpha": nominal, "raw": on(pairs, raw)}, 200, seed=7)
    assert found["alpha"] == interval(clusters, nominal, 200, seed=7)
    assert found["alpha"][0].low is not None


def test_paired_differences_are_narrower_and_of_the_right_sign():
    rng = np.random.default_rng(1)
    hard = rng.uniform(0.05, 0.6, 80)  # dialogues differ in how hard they are

    def judged(better):
        split = rng.random((80, 6)) < (hard * better)[:, None]
        truth = rng.integers(0, 2, (80, 6))
        counts = np.stack([np.where(truth, 0, 2), np.where(truth, 2, 0)], axis=-1).astype(float)
        counts[split] = 1
        return clustered(counts.reshape(-1, 2), np.repeat(np.arange(80), 6))

    (first, statistic), (second, _) = judged(1.0), judged(0.5)
    paired = difference(first, second, statistic, paired=True)
    apart = difference(first, second, statistic, paired=False)
    assert paired.value == apart.value > 0 and paired.low > 0 and paired.p < 0.05
    assert paired.high - paired.low < apart.high - apart.low
    same = difference(first, first, statistic, paired=True)
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    with pytest.raises(ValueError, match="same clusters"):
        difference(first, Clusters(second.sums[:5]), statistic, paired=True)
