"""Plain: dialogues x people x overlap -> assignments, balanced, seeded."""

import heapq
import random
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

D = TypeVar("D", bound=Hashable)
P = TypeVar("P", bound=Hashable)


class AllocationError(ValueError):
    """A wish that no allocation can fulfil."""


def allocate(
    dialogues: Mapping[D, int], people: Sequence[P], overlap: int, seed: int
) -> list[tuple[D, P]]:
    """Give each dialogue (with its number of utterances) to exactly `overlap` different people.

    The longest dialogues go first, each to those with the least work so far, so that loads
    differ by little; ties are broken by the seed. Raises AllocationError if there are fewer
    people than the overlap.
    """
    if overlap < 1:
        raise AllocationError("The overlap must be at least 1.")
    if len(set(people)) < overlap:
        raise AllocationError(f"An overlap of {overlap} needs at least {overlap} annotators.")
    rng = random.Random(seed)
    order = sorted(dialogues, key=lambda dialogue: (-dialogues[dialogue], str(dialogue)))
    load = [(0, rng.random(), index) for index in range(len(people))]
    heapq.heapify(load)
    pairs = []
    for dialogue in order:
        taken = [heapq.heappop(load) for _ in range(overlap)]
        for work, _, index in taken:
            pairs.append((dialogue, people[index]))
            heapq.heappush(load, (work + dialogues[dialogue], rng.random(), index))
    return pairs
