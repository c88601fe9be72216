"""Plain: some dialogues of a release as columns: utterances, judgements, and what these come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from annotation.scheme import CANNOT_TELL, Scheme


class Outcome(Protocol):
    """What answers come to, as annotation/gold_labels.py makes it."""

    @property
    def value(self) -> str | None: ...
    @property
    def provenance(self) -> str: ...
    @property
    def votes(self) -> dict[str, int]: ...
    @property
    def soft(self) -> dict[str, float]: ...


class Work(NamedTuple):
    """An assignment whose answers are in the release."""

    pk: int
    person: int  # id
    annotator: str  # pseudonym
    round: int  # id
    round_name: str


@dataclass(frozen=True)
class Judgements:
    """The newest answers to some utterances, by utterance, annotator, round and task.

    Columns of equal length: the row of the `utterance`, the place in `work` of `whose` it is, and
    the number of the answer among `Answers.names`.
    """

    work: Sequence[Work]
    utterance: NDArray[np.int64]
    whose: NDArray[np.int64]
    answer: NDArray[np.int64]
    confidence: list[int | None]
    seconds: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.utterance)


class Answers:
    """The answers that a scheme allows, numbered: of each task its values, "cannot tell", and that
    an answer was taken back.
    """

    def __init__(self, scheme: Scheme) -> None:
        self.names = [
            (task.key, value) for task in scheme.tasks for value in (*task.keys, CANNOT_TELL, "")
        ]
        self.numbers = {name: number for number, name in enumerate(self.names)}
        sizes = np.array([len(task.keys) for task in scheme.tasks])
        self.task = np.repeat(np.arange(len(sizes)), sizes + 2)  # its place in the scheme
        self.place = np.concatenate([np.arange(size + 2) for size in sizes])  # in its task
        self.is_value = self.place < sizes[self.task]
        self.is_taken_back = self.place == sizes[self.task] + 1


@dataclass(frozen=True)
class Settled:
    """What the answers to a task come to: `which` of the `outcomes` each utterance has, -1: none,
    as nobody answered.
    """

    outcomes: list[Outcome]
    which: NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Columns of whole dialogues: `utterances` by name, `settled` by task; of each utterance
    the id of its dialogue.
    """

    utterances: dict[str, list[Any]]
    dialogues: NDArray[np.int64]
    judgements: Judgements
    settled: dict[str, Settled]

    def __len__(self) -> int:
        return len(self.dialogues)
