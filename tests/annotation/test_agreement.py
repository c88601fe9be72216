import json

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import NO_PAIRS, ONE_VALUE, alpha, reading, tally

# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", data C: four observers,
# twelve units, five values, missing data. His results: nominal .743, ordinal .815, interval .849.
PUBLISHED = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]
VALUES = "12345"


def published_counts():
    judgements = [
        (unit, value) for row in PUBLISHED for unit, value in enumerate(row.split()) if value != "."
    ]
    return tally(judgements, VALUES)[1]


@pytest.mark.parametrize(
    ("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_the_published_example(level, expected):
    found = alpha(published_counts(), level)
    assert found.value == pytest.approx(expected, abs=5e-4)
    assert (found.units, found.judgements) == (11, 40)


tables = st.lists(
    st.lists(st.sampled_from([0, 1, 2, 3]), max_size=5), min_size=2, max_size=12
).filter(lambda rows: len({v for row in rows if len(row) > 1 for v in row}) > 1)


@settings(deadline=None)
@given(tables, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_equal_to_the_reference_package(rows, level):
    counts = np.array([[row.count(v) for v in range(4)] for row in rows], float)
    expected = krippendorff.alpha(
        value_counts=counts, value_domain=range(4), level_of_measurement=level
    )
    assert alpha(counts, level).value == pytest.approx(expected, abs=1e-9)


@settings(deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_units_does_not_matter(rows, random):
    counts = np.array([[row.count(v) for v in range(4)] for row in rows], float)
    shuffled = counts[random.sample(range(len(rows)), len(rows))]
    for level in ("nominal", "ordinal"):
        assert alpha(counts, level).value == pytest.approx(alpha(shuffled, level).value, abs=1e-9)


def test_undefined_is_a_reason():
    lonely = alpha(np.array([[1.0, 0], [0, 1]]), "nominal")
    assert (lonely.value, lonely.undefined, lonely.units) == (None, NO_PAIRS, 0)
    same = alpha(np.array([[2.0, 0], [3, 0]]), "nominal")
    assert (same.value, same.undefined, same.judgements) == (None, ONE_VALUE, 5)
    assert same.agreement == 1.0
    assert json.dumps(same.to_json())


def test_intervals_come_from_whole_dialogues_and_from_the_seed():
    counts = np.zeros((60, 2))
    counts[np.arange(60), np.arange(60) % 2] = 2
    counts[:20] = 1  # all the disagreement is in four of twelve dialogues
    dialogues = np.repeat(np.arange(12), 5).tolist()
    found = alpha(counts, "nominal", dialogues, replicates=400, seed=3)
    assert found == alpha(counts, "nominal", dialogues, replicates=400, seed=3)
    assert found.low < found.value < found.high
    assert alpha(counts, "nominal", [1] * 60).low is None
    as_if_independent = alpha(counts, "nominal", list(range(60)))
    assert found.high - found.low > 1.5 * (as_if_independent.high - as_if_independent.low)


def test_bootstrap_replicates_equal_the_reference_on_the_same_draws():
    counts = np.array([[2, 1], [3, 0], [0, 3], [1, 1], [0, 2], [2, 0]], float)
    clusters = [0, 0, 1, 1, 2, 2]
    found = alpha(counts, "nominal", clusters, replicates=200, seed=5)
    draws = np.random.default_rng(5).multinomial(3, np.full(3, 1 / 3), size=200)
    values = []
    for draw in draws:
        sample = np.concatenate(
            [np.tile(counts[2 * c : 2 * c + 2], (n, 1)) for c, n in enumerate(draw)]
        )
        if (sample.sum(axis=0) > 0).sum() > 1:
            values.append(krippendorff.alpha(value_counts=sample, level_of_measurement="nominal"))
    low, high = np.percentile(values, [2.5, 97.5])
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


def test_published_votes(test_data):
    """EmotionLines "Friends" dev: five raters' votes; alpha as computed by its readers."""
    dialogues = json.loads((test_data / "votes/friends_dev.json").read_text("utf-8"))
    rows = [[int(n) for n in turn["annotation"]] for talk in dialogues for turn in talk]
    assert len(rows) == 1178
    assert alpha(np.array(rows, float), "nominal").value == pytest.approx(0.366243, abs=1e-6)


def test_readings():
    assert [reading(v) for v in (0.8, 0.7, 0.5)] == ["reliable", "tentative", "unreliable"]


def test_unknown_levels_and_values_are_refused():
    with pytest.raises(ValueError, match="level"):
        alpha(np.array([[1.0, 1.0]]), "cosmic")
    with pytest.raises(KeyError):
        tally([(1, "x")], ["a"])
