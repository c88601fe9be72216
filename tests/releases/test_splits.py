from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases.splits import SplitError, split

SIZES = st.dictionaries(st.text("abcdef", min_size=1), st.integers(1, 20), min_size=3, max_size=60)


@given(SIZES, st.integers(0, 9))
def test_every_dialogue_is_in_one_split_and_none_is_empty(sizes, seed):
    found = split(sizes, {}, seed)
    assert set(found) == set(sizes)
    assert set(found.values()) == {"train", "valid", "test"}
    assert found == split(dict(reversed(sizes.items())), {}, seed)


def test_the_shares_are_near_what_was_asked():
    sizes = {f"D{n}": 5 + n % 7 for n in range(400)}
    found = split(sizes, {}, seed=1)
    utterances = Counter()
    for dialogue, name in found.items():
        utterances[name] += sizes[dialogue]
    total = sum(sizes.values())
    assert utterances["train"] / total == pytest.approx(0.7, abs=0.01)
    assert utterances["test"] / total == pytest.approx(0.15, abs=0.01)
    assert found != split(sizes, {}, seed=2)


def test_official_splits_are_carried_over():
    fixed = {"a": "valid", "b": "test"}
    assert split({"a": 1, "b": 1, "c": 1}, fixed, 1) == {"a": "valid", "b": "test", "c": "train"}


@pytest.mark.parametrize("count", [1, 2])
def test_few_dialogues_train_first(count):
    found = split({f"D{n}": 1 for n in range(count)}, {}, 1)
    assert "train" in found.values() and len(found) == count


def test_impossible_wishes_are_refused():
    with pytest.raises(SplitError):
        split({"a": 1}, {}, 1, (0.5, 0.2, 0.2))
    with pytest.raises(SplitError):
        split({"a": 1}, {"a": "dev"}, 1)
