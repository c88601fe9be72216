"""Plain: what several judgements of one item come to, and how hard the item is.

Whatever the rule, a tie stays open, and the distribution that it looked at is kept.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, Protocol

Kind = Literal["single", "unanimous", "majority", "weighted", "dawid_skene", "contested"]
Given = Mapping[int, str]  # person id -> value
ENOUGH = 0.5  # a value needs more than this share, weight or probability


@dataclass(frozen=True)
class Consensus:
    """What people agree on; `value` is None when contested. `soft` sums to one."""

    kind: Kind
    value: str | None
    votes: dict[str, int]
    soft: dict[str, float]


class Rule(Protocol):
    """How a round settles items."""

    def settle(self, given: Given) -> Consensus: ...


class Majority:
    """More than half of the people."""

    def settle(self, given: Given) -> Consensus:
        return settle(list(given.values()))


def settle(values: Sequence[str]) -> Consensus:
    """The consensus of one or more judgements: more than half of them, or contested.

    Raises ValueError for no judgement at all.
    """
    if not values:
        raise ValueError("no judgement to settle")
    votes = dict(sorted(Counter(values).items()))
    return _settled(votes, {value: n / len(values) for value, n in votes.items()}, "majority")


def _settled(votes: dict[str, int], soft: dict[str, float], by: Kind) -> Consensus:
    if len(votes) == 1 and by == "majority":
        value, count = next(iter(votes.items()))
        return Consensus("unanimous" if count > 1 else "single", value, votes, soft)
    value = max(soft, key=lambda key: soft[key])
    if soft[value] > ENOUGH + 1e-12:
        return Consensus(by, value, votes, soft)
    return Consensus("contested", None, votes, soft)


@dataclass(frozen=True)
class Weighted:
    """More than half of the weight; people without a weight count as the mean of the others."""

    weights: Mapping[int, float] = field(default_factory=dict)

    def settle(self, given: Given) -> Consensus:
        usual = sum(self.weights.values()) / len(self.weights) if self.weights else 1.0
        held: dict[str, float] = {}
        for who, value in sorted(given.items()):
            held[value] = held.get(value, 0.0) + self.weights.get(who, usual)
        total = sum(held.values())
        votes = dict(sorted(Counter(given.values()).items()))
        if total <= 0:
            return settle(list(given.values()))
        return _settled(votes, {value: w / total for value, w in sorted(held.items())}, "weighted")


@dataclass(frozen=True)
class DawidSkene:
    """The most probable value, given how each person answers when a value is right.

    Dawid & Skene (1979): `priors` by value, `answers` person -> right value -> given value ->
    probability. Of people that the model does not know nothing is learned.
    """

    priors: Mapping[str, float]
    answers: Mapping[int, Mapping[str, Mapping[str, float]]]

    def settle(self, given: Given) -> Consensus:
        held = {
            right: prior * self._likelihood(right, given) for right, prior in self.priors.items()
        }
        total = sum(held.values())
        known = any(who in self.answers for who in given)
        if total <= 0 or not known:
            return settle(list(given.values()))
        votes = dict(sorted(Counter(given.values()).items()))
        soft = {value: share / total for value, share in held.items() if share / total > 1e-6}
        return _settled(votes, soft, "dawid_skene")

    def _likelihood(self, right: str, given: Given) -> float:
        product = 1.0
        for who, value in given.items():
            if who in self.answers:
                product *= max(self.answers[who].get(right, {}).get(value, 0.0), 1e-9)
        return product


def disagreement(places: Sequence[int], size: int, graded: bool) -> float:
    """How far people are apart on an item, 0 (all alike) to 1: the mean distance of two of them.

    `places` are the values' places among `size`; unless `graded`, any two values are 1 apart.
    """
    gaps = [
        abs(a - b) / (size - 1) if graded else float(a != b) for a, b in combinations(places, 2)
    ]
    return sum(gaps) / len(gaps) if gaps else 0.0
