"""Consensus and allocation."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.allocation import AllocationError, allocate
from annotation.consensus import settle


@pytest.mark.parametrize(
    ("values", "kind", "value"),
    [
        ("a", "unanimous", "a"),
        ("aaa", "unanimous", "a"),
        ("aab", "majority", "a"),
        ("ab", "contested", None),
        ("aabb", "contested", None),
        ("aabc", "contested", None),
    ],
)
def test_consensus(values, kind, value):
    found = settle(list(values))
    assert (found.kind, found.value) == (kind, value)
    assert found.votes == Counter(values)


def test_no_judgement_is_no_consensus():
    with pytest.raises(ValueError):
        settle([])


@given(
    st.dictionaries(st.integers(0, 99), st.integers(1, 20), min_size=1, max_size=40),
    st.integers(1, 8),
    st.integers(1, 8),
    st.integers(0, 5),
)
def test_every_dialogue_gets_its_overlap_and_loads_stay_close(sizes, people, overlap, seed):
    names = list(range(people))
    if overlap > people:
        with pytest.raises(AllocationError):
            allocate(sizes, names, overlap, seed)
        return
    pairs = allocate(sizes, names, overlap, seed)
    assert pairs == allocate(sizes, names, overlap, seed)
    assert len(set(pairs)) == len(pairs)
    assert Counter(d for d, _ in pairs) == dict.fromkeys(sizes, overlap)
    load = Counter(dict.fromkeys(names, 0))
    for dialogue, person in pairs:
        load[person] += sizes[dialogue]
    assert max(load.values()) - min(load.values()) <= max(sizes.values())
