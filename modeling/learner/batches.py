"""Batches: dialogues as tensors, end to end on the device where they fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

from modeling.learner.release import Dialogue, Task

IGNORED = -100  # the class of a missing label
MEMORY_SHARE = 0.5  # of a device's free memory that resident features may take


@dataclass
class DialogueBatch:
    """N utterances of B dialogues with at most T turns."""

    text: Tensor  # (N, L) ids of characters, or (N, L, D) tokens that an encoder read
    audio: Tensor  # (N, La, D)
    vision: Tensor  # (N, Lv, D)
    lengths: dict[str, Tensor]  # modality -> (N,), 0 where it is missing
    index: Tensor  # (B, T) row of each utterance, -1 pads
    speaker: Tensor  # (B, T) number of the speaker within the dialogue
    gold: dict[str, Tensor]  # task -> (N,) class, IGNORED where missing
    soft: dict[str, Tensor]  # task -> (N, C) share of answers, zeros where missing
    ids: list[str]  # (N,)
    answers: dict[str, Tensor] = field(default_factory=dict)  # correlation -> (N, A) class of each
    # of A annotators, IGNORED where one gave none
    dialogues: list[str] = field(default_factory=list)  # (B,), to be named where something fails

    @property
    def mask(self) -> Tensor:
        """(B, T) true where a turn is."""
        return self.index >= 0

    def by_dialogue(self, rows: Tensor) -> Tensor:
        """Rows (N, ...) -> (B, T, ...), zeros where no turn is."""
        placed = rows[self.index.clamp(min=0)]
        shape = [*self.mask.shape, *[1] * (rows.dim() - 1)]
        return placed * self.mask.reshape(shape)

    def to(self, device: torch.device) -> "DialogueBatch":
        """The batch with its tensors on a device."""
        return DialogueBatch(
            **{f.name: _moved(getattr(self, f.name), device) for f in fields(self)}
        )


@dataclass
class Ragged:
    """Rows of different lengths, end to end: values (sum L, ...), first and lengths (N,)."""

    values: Tensor
    lengths: Tensor

    def __post_init__(self) -> None:
        self.first = torch.cumsum(self.lengths, dim=0) - self.lengths

    @classmethod
    def of(cls, rows: Sequence[Tensor]) -> "Ragged":
        """Rows (L, ...) of which there is at least one."""
        return cls(torch.cat(list(rows)), torch.tensor([len(row) for row in rows]))

    def rows(self, which: Tensor) -> tuple[Tensor, Tensor]:
        """Of these (n,) rows the values (n, longest, ...), zeros after their ends, and lengths."""
        lengths = self.lengths[which]  # (n,)
        longest = max(int(lengths.max()), 1)
        if not len(self.values):
            return self.values.new_zeros((len(which), longest, *self.values.shape[1:])), lengths
        places = torch.arange(longest, device=lengths.device)
        inside = places < lengths[:, None]  # (n, longest)
        values = self.values[(self.first[which, None] + places).clamp(max=len(self.values) - 1)]
        return values * inside.reshape(*inside.shape, *[1] * (values.dim() - 2)), lengths

    def to(self, device: torch.device) -> "Ragged":
        """The rows on a device."""
        return Ragged(self.values.to(device), self.lengths.to(device))

    @property
    def bytes(self) -> int:
        """Memory of the values."""
        return self.values.numel() * self.values.element_size()


class Packed:
    """All utterances of some dialogues, resident on the device where they fit.

    `inputs` holds text, audio and vision of all utterances, `tasks` say which gold is wanted.
    Raises ValueError for a gold value that is none of its task.
    """

    def __init__(
        self,
        dialogues: Sequence[Dialogue],
        inputs: Mapping[str, Ragged],
        tasks: Sequence[Task],
        device: torch.device,
    ) -> None:
        utterances = [u for dialogue in dialogues for u in dialogue.utterances]
        self.dialogues, self.device = list(dialogues), device
        self.ids = [u.id for u in utterances]
        self.turns = torch.tensor([len(dialogue.utterances) for dialogue in dialogues])  # (D,)
        self.starts = torch.cumsum(self.turns, 0) - self.turns
        longest = int(self.turns.max()) if len(self.turns) else 0
        self.speaker = torch.zeros((len(dialogues), longest), dtype=torch.long)
        for row, dialogue in enumerate(dialogues):
            numbers: dict[str, int] = {}
            for turn, utterance in enumerate(dialogue.utterances):
                number = numbers.setdefault(utterance.speaker, len(numbers))
                self.speaker[row, turn] = number
        self.gold = {
            task.key: torch.tensor([_class(task, u.gold.get(task.key)) for u in utterances])
            for task in tasks
        }
        self.soft = {
            task.key: torch.tensor([_spread(task, u.soft.get(task.key)) for u in utterances])
            for task in tasks
        }
        self.annotators = sorted(
            {name for u in utterances for each in u.answers.values() for name in each}
        )
        self.answers = {
            task.key: _answers(task, [u.answers.get(task.key, {}) for u in utterances],
                               self.annotators)
            for task in tasks
            if any(task.key in u.answers for u in utterances)
        }  # fmt: skip
        self.resident = fits(sum(rows.bytes for rows in inputs.values()), device)
        home = device if self.resident else torch.device("cpu")
        self.inputs = {name: rows.to(home) for name, rows in inputs.items()}
        self.home = home

    def __len__(self) -> int:
        return len(self.dialogues)

    def batch(self, which: Sequence[int]) -> DialogueBatch:
        """The dialogues of these numbers, in this order, on the device."""
        chosen = torch.tensor(list(which))
        turns = self.turns[chosen]  # (B,)
        places = torch.arange(int(turns.max()))
        mask = places < turns[:, None]  # (B, T)
        rows = (self.starts[chosen, None] + places)[mask]  # (N,)
        index = torch.where(mask, torch.cumsum(mask.flatten(), 0).reshape(mask.shape) - 1, -1)
        at_home = rows.to(self.home)
        read = {name: table.rows(at_home) for name, table in self.inputs.items()}
        return DialogueBatch(
            **{name: values for name, (values, _) in read.items()},
            lengths={name: lengths for name, (_, lengths) in read.items()},
            index=index,
            speaker=self.speaker[chosen, : mask.shape[1]],
            gold={task: gold[rows] for task, gold in self.gold.items()},
            soft={task: soft[rows] for task, soft in self.soft.items()},
            ids=[self.ids[row] for row in rows.tolist()],
            answers={task: answers[rows] for task, answers in self.answers.items()},
            dialogues=[self.dialogues[number].id for number in which],
        ).to(self.device)

    def in_turn(self, size: int) -> list[list[int]]:
        """Numbers of the dialogues in batches of `size`, as they come."""
        return [list(range(i, min(i + size, len(self)))) for i in range(0, len(self), size)]

    def shuffled(self, size: int, seed: int) -> list[list[int]]:
        """Numbers of the dialogues in batches of `size`, in an order that the seed fixes."""
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        return [part.tolist() for part in order.split(size)]


def fits(size: int, device: torch.device) -> bool:
    """Whether so many bytes may stay on the device."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return size < MEMORY_SHARE * free


def _class(task: Task, value: str | None) -> int:
    return IGNORED if value is None else task.classes.index(value)


def _answers(task: Task, rows: Sequence[Mapping[str, str]], annotators: Sequence[str]) -> Tensor:
    """Of utterances (N, A) the class that each annotator gave."""
    answers = torch.full((len(rows), len(annotators)), IGNORED, dtype=torch.int8)
    places = {name: place for place, name in enumerate(annotators)}
    for number, row in enumerate(rows):
        for name, value in row.items():
            answers[number, places[name]] = _class(task, value)
    return answers


def _spread(task: Task, soft: dict[str, float] | None) -> list[float]:
    return [float((soft or {}).get(value, 0.0)) for value in task.classes]


def _moved(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, dict):
        return {key: each.to(device, non_blocking=True) for key, each in value.items()}
    return value
