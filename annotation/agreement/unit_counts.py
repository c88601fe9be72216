"""The units of agreement of every task, counted from columns of answers part by part."""

import numpy as np
from numpy.typing import NDArray

from annotation.agreement.coefficients import count_values
from annotation.agreement.measures import CountedUnits
from annotation.scheme import Scheme

Numbers = NDArray[np.int64]


class UnitCounts:
    """Counts of the units of every task as utterances are added; a unit takes some bytes."""

    def __init__(self, scheme: Scheme) -> None:
        self.tasks = scheme.tasks
        self.places = {task.key: number for number, task in enumerate(scheme.tasks)}
        self._units: dict[str, list[CountedUnits]] = {task.key: [] for task in scheme.tasks}

    def add(
        self,
        dialogues: Numbers,
        *,
        utterance: Numbers,
        person: Numbers,
        round: Numbers,
        task: Numbers,
        value: Numbers,
    ) -> None:
        """Add the answers to utterances, whose `dialogues` (U,) are given.

        Of each answer the row of its utterance, the ids of person and round, and the places of its
        task in the scheme and of its value in the task. Of a person the later round's counts.
        """
        people, who = np.unique(person, return_inverse=True)
        pairs, pair = np.unique(utterance * len(people) + who, return_inverse=True)
        given = np.full((len(pairs), len(self.tasks)), -1, np.int64)
        late = np.argsort(round, kind="stable")
        given[pair[late], task[late]] = value[late]
        judged = pairs // max(len(people), 1)
        for number, found in enumerate(self.tasks):
            units = self._counted(number, given, judged, dialogues)
            self._units[found.key].append(units)

    def _counted(
        self, number: int, given: Numbers, judged: Numbers, dialogues: Numbers
    ) -> CountedUnits:
        task = self.tasks[number]
        answers = given[given[:, number] >= 0]
        values = answers[:, number]
        units, first, unit = np.unique(
            judged[given[:, number] >= 0], return_index=True, return_inverse=True
        )
        counts = count_values(unit, values, len(units), len(task.keys))
        agreed, joint = np.zeros(len(units), bool), np.zeros((0, 3), np.int32)
        if task.is_correlation and len(units):
            source, target = (answers[:, self.places[parent]] for parent in task.parents)
            width = len(self.tasks[self.places[task.parents[1]]].keys)
            known = (source >= 0) & (target >= 0)
            parents = np.where(known, source * width + target, -1)
            least = np.minimum.reduceat(parents, first)
            agreed = (least >= 0) & (least == np.maximum.reduceat(parents, first))
            joint = np.stack([unit[known], parents[known], values[known]], 1).astype(np.int32)
        return CountedUnits(
            task,
            dialogues[units],
            counts.astype(np.min_scalar_type(int(counts.max(initial=0)))),
            agreed,
            joint,
        )

    def finish(self) -> dict[str, CountedUnits]:
        """Task key -> its units, in the order in which they were added."""
        return {key: _joined(parts) for key, parts in self._units.items()}


def _joined(parts: list[CountedUnits]) -> CountedUnits:
    ends = np.cumsum([len(part.counts) for part in parts]).tolist()
    for part, end in zip(parts, ends, strict=True):
        part.joint[:, 0] += end - len(part.counts)
    return CountedUnits(
        parts[0].task,
        np.concatenate([part.dialogues for part in parts]),
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.agreed for part in parts]),
        np.concatenate([part.joint for part in parts]),
    )
