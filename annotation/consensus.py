"""Plain: one item's judgements -> unanimous | majority | contested."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["unanimous", "majority", "contested"]


@dataclass(frozen=True)
class Consensus:
    """What several people agree on; `value` is None when contested."""

    kind: Kind
    value: str | None
    votes: dict[str, int]


def settle(values: Sequence[str]) -> Consensus:
    """The consensus of one or more judgements: more than half of them, or contested.

    Raises ValueError for no judgement at all.
    """
    if not values:
        raise ValueError("no judgement to settle")
    votes = Counter(values)
    value, most = votes.most_common(1)[0]
    counted = dict(sorted(votes.items()))
    if len(votes) == 1:
        return Consensus("unanimous", value, counted)
    if most * 2 > len(values):
        return Consensus("majority", value, counted)
    return Consensus("contested", None, counted)
