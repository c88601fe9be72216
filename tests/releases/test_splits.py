from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.splits import SPLITS, SplitError, groups, split, spread

SIZES = st.dictionaries(st.text("abcdef", min_size=1), st.integers(1, 20), min_size=3, max_size=60)


def drawn(sizes, **options):
    return split(list(sizes), [[size] for size in sizes.values()], **options)


@given(SIZES, st.integers(0, 9))
def test_every_dialogue_is_in_one_split_and_none_is_empty(sizes, seed):
    found = drawn(sizes, seed=seed)
    assert set(found) == set(sizes)
    assert set(found.values()) == {"train", "valid", "test"}
    assert found == drawn(dict(reversed(sizes.items())), seed=seed)


def test_the_shares_are_near_what_was_asked():
    sizes = {f"D{n}": 5 + n % 7 for n in range(400)}
    found = drawn(sizes, seed=1)
    utterances = Counter()
    for dialogue, name in found.items():
        utterances[name] += sizes[dialogue]
    total = sum(sizes.values())
    assert utterances["train"] / total == pytest.approx(0.7, abs=0.01)
    assert utterances["test"] / total == pytest.approx(0.15, abs=0.01)
    assert found != drawn(sizes, seed=2)


def test_rare_values_of_every_task_are_spread_as_asked():
    rng = np.random.default_rng(3)
    rates = [0.5, 0.3, 0.1, 0.03, 0.01]  # of five values, in dialogues that lean to some of them
    counts = np.array(
        [
            [10, *(rng.binomial(10, rate * lean) for rate, lean in zip(rates, leans, strict=True))]
            for leans in rng.choice([0.2, 1.8], (500, 5))
        ]
    )
    uids = [f"D{n}" for n in range(500)]
    columns = ["utterances", "a", "b", "c", "d", "e"]
    found = list(split(uids, counts).values())
    by_chance = list(rng.choice(SPLITS, 500, p=[0.7, 0.15, 0.15]))

    def off(splits):  # how many occurrences of each value stand in the wrong split
        shares = spread(counts, splits, columns).values()
        totals = counts.sum(axis=0)
        return [abs(row["test"] - 0.15) * n for row, n in zip(shares, totals, strict=True)]

    assert max(off(found)) < 5 and sum(off(by_chance)) > 5 * sum(off(found))


@given(SIZES, st.integers(0, 3), st.data())
def test_a_dialogue_keeps_its_split_as_the_corpus_grows(sizes, seed, data):
    early = drawn(sizes, seed=seed)
    more = data.draw(SIZES)
    grown = {**{f"new {uid}": size for uid, size in more.items()}, **sizes}
    late = drawn(grown, seed=seed, kept=early)
    assert {uid: late[uid] for uid in sizes} == early
    assert set(late) == set(grown)


@given(st.lists(st.tuples(st.integers(0, 29), st.sampled_from("uvwxyz")), max_size=20))
def test_what_is_kept_together_is_in_one_split(pairs):
    uids = [f"D{n}" for n in range(30)]
    together = groups(30, iter(pairs), ((n, str(n // 3)) for n in range(30)))
    found = split(uids, [[1]] * 30, together=together)
    for thing in {thing for _n, thing in pairs}:
        assert len({found[uids[n]] for n, other in pairs if other == thing}) == 1
    assert all(len({found[uids[n + i]] for i in range(3)}) == 1 for n in range(0, 30, 3))


def test_groups_join_over_what_they_share():
    assert groups(4).tolist() == [0, 1, 2, 3]
    shared = [(0, "x"), (2, "x"), (3, "y")], [(2, "s"), (3, "s")]
    assert groups(4, *shared).tolist() == [0, 1, 0, 0]


def test_a_group_that_is_in_two_splits_already_is_reported():
    with pytest.raises(SplitError, match="a is in train and b in test already"):
        split(["a", "b"], [[1], [1]], kept={"a": "train", "b": "test"}, together=[0, 0])


def test_official_splits_are_carried_over():
    official = {"a": "valid", "b": "test"}
    found = drawn({"a": 1, "b": 1, "c": 1}, official=official, kept={"c": "test"})
    assert found == {"a": "valid", "b": "test", "c": "train"}


@pytest.mark.parametrize("count", [1, 2])
def test_few_dialogues_train_first(count):
    found = drawn({f"D{n}": 1 for n in range(count)})
    assert "train" in found.values() and len(found) == count


def test_a_split_that_nobody_wants_stays_empty():
    found = drawn({f"D{n}": 1 for n in range(30)}, ratios=(0.5, 0, 0.5))
    assert Counter(found.values()) == {"train": 15, "test": 15}


def test_impossible_wishes_are_refused():
    with pytest.raises(SplitError, match="add up to 1"):
        drawn({"a": 1}, ratios=(0.5, 0.2, 0.2))
    with pytest.raises(SplitError, match="Unknown split “dev”"):
        drawn({"a": 1}, official={"a": "dev"})
