"""Consensus."""

from collections import Counter

import pytest

from annotation.consensus import settle


@pytest.mark.parametrize(
    ("values", "kind", "value"),
    [
        ("a", "single", "a"),
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
