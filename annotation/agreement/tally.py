"""Plain: counts from which every coefficient of a round follows, added and taken away by dialogue.

A tally is a Counter with whole numbers, so that adding dialogues one by one, taking some away
again and counting from scratch give the very same. Its size depends on the people and the values,
never on the number of judgements. Its keys, with values by their place in the task:

    task/p/m/i/j    pairs of judgements i <= j in units of m judgements (as in PairCounts)
    task/a/m/i/j    the same of a correlation, where everybody gave its parents the same values
    task/c/a/b/i/j  units that person a called i and person b, with the higher id, called j
    task/g/a/i      judgements i of person a
    task/j/x/y/i    judgements i of a correlation by people who called its parents x and y
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from annotation.agreement.coefficients import Counts, PairCounts
from annotation.scheme import Scheme, Task

Given = Mapping[int, str]  # person id -> value
Answers = Mapping[int, Mapping[str, Given]]  # utterance -> task -> who gave which value


def tally_of(answers: Answers, scheme: Scheme) -> Counter[str]:
    """The tally of some utterances. Raises KeyError for a value that the scheme does not have."""
    found: Counter[str] = Counter()
    places = {task.key: {key: i for i, key in enumerate(task.keys)} for task in scheme.tasks}
    for by_task in answers.values():
        for task in scheme.tasks:
            given = by_task.get(task.key)
            if not given:
                continue
            place = places[task.key]
            _count(found, task.key, {who: place[value] for who, value in given.items()})
            if task.is_correlation:
                _count_parents(found, task, given, by_task, places)
    return found


def _count(found: Counter[str], key: str, numbers: Mapping[int, int]) -> None:
    people = sorted(numbers)
    _count_pairs(found, f"{key}/p", Counter(numbers.values()))
    for who in people:
        found[f"{key}/g/{who}/{numbers[who]}"] += 1
    for a, b in combinations(people, 2):
        found[f"{key}/c/{a}/{b}/{numbers[a]}/{numbers[b]}"] += 1


def _count_pairs(found: Counter[str], prefix: str, votes: Mapping[int, int]) -> None:
    size = sum(votes.values())
    values = sorted(votes)
    for at, i in enumerate(values):
        same = votes[i] * (votes[i] - 1) if size > 1 else votes[i]
        if same:
            found[f"{prefix}/{size}/{i}/{i}"] += same
        for j in values[at + 1 :]:
            found[f"{prefix}/{size}/{i}/{j}"] += votes[i] * votes[j]


def parents_of(
    task: Task, given: Given, by_task: Mapping[str, Given]
) -> dict[int, tuple[str | None, str | None]]:
    """What everybody who judged a correlation called its parents, None where they did not."""
    source, target = (by_task.get(parent, {}) for parent in task.parents)
    return {who: (source.get(who), target.get(who)) for who in given}


def alike(known: Mapping[int, tuple[str | None, str | None]]) -> bool:
    """True if everybody gave both parents the same values."""
    pairs = set(known.values())
    return len(pairs) == 1 and None not in next(iter(pairs))


def _count_parents(
    found: Counter[str],
    task: Task,
    given: Given,
    by_task: Mapping[str, Given],
    places: Mapping[str, Mapping[str, int]],
) -> None:
    known = parents_of(task, given, by_task)
    for who, value in given.items():
        x, y = known[who]
        if x and y:
            i, j = places[task.source][x], places[task.target][y]
            found[f"{task.key}/j/{i}/{j}/{places[task.key][value]}"] += 1
    if alike(known):
        votes = Counter(places[task.key][value] for value in given.values())
        _count_pairs(found, f"{task.key}/a", votes)


def part_of(key: str) -> str:
    """ "a/b" for a key about two people, else "": what is stored together."""
    _task, what, *where = key.split("/")
    return f"{where[0]}/{where[1]}" if what == "c" else ""


class Totals:
    """A tally as arrays, task by task."""

    def __init__(self, counts: Mapping[str, int], scheme: Scheme) -> None:
        self.scheme = scheme
        self.parts: dict[tuple[str, str], list[tuple[tuple[int, ...], int]]] = defaultdict(list)
        for key, number in counts.items():
            task, what, *where = key.split("/")
            if number:
                self.parts[task, what].append((tuple(map(int, where)), number))

    def pairs(self, task: Task, what: str = "p") -> PairCounts:
        """PairCounts of a task; with "a" those of a correlation where its parents agree."""
        rows = self.parts[task.key, what]
        sizes = np.array(sorted({where[0] for where, _ in rows}), dtype=np.int64)
        layer = {int(size): place for place, size in enumerate(sizes)}
        layers = np.zeros((len(sizes), len(task.keys), len(task.keys)))
        for (size, i, j), number in rows:
            layers[layer[size], i, j] = layers[layer[size], j, i] = number
        return PairCounts(sizes, layers)

    def confusions(self, task: Task) -> dict[tuple[int, int], Counts]:
        """Pair of person ids -> confusion (V, V)."""
        found: dict[tuple[int, int], Counts] = {}
        for (a, b, i, j), number in self.parts[task.key, "c"]:
            table = found.setdefault((a, b), np.zeros((len(task.keys), len(task.keys))))
            table[i, j] = number
        return dict(sorted(found.items()))

    def given(self, task: Task) -> dict[int, Counts]:
        """Person id -> judgements by value, (V,)."""
        found: dict[int, Counts] = {}
        for (who, i), number in self.parts[task.key, "g"]:
            found.setdefault(who, np.zeros(len(task.keys)))[i] = number
        return dict(sorted(found.items()))

    def joint(self, task: Task) -> Counts:
        """Judgements of a correlation by what their author called its parents, (X, Y, V)."""
        source, target = (self.scheme[parent] for parent in task.parents)
        found = np.zeros((len(source.keys), len(target.keys), len(task.keys)))
        for where, number in self.parts[task.key, "j"]:
            found[where] = number
        return found
