"""Dialogues into tensors: utterances flattened, dialogues kept whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from modeling.learner.features import Features
from modeling.learner.features.text import PAD, Vocabulary
from modeling.learner.release import Dialogue, Task

IGNORED = -100  # the class of a missing label


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation per dimension, from the train split."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, arrays: Sequence[np.ndarray], dims: int) -> "Normalisation":
        frames = [array for array in arrays if len(array)]
        if not frames:
            return cls(torch.zeros(dims), torch.ones(dims))
        stacked = np.concatenate(frames)
        std = torch.from_numpy(stacked.std(axis=0)).clamp(min=1e-3)
        return cls(torch.from_numpy(stacked.mean(axis=0)), std)

    def __call__(self, array: np.ndarray) -> Tensor:
        return (torch.from_numpy(np.ascontiguousarray(array)) - self.mean) / self.std


@dataclass
class DialogueBatch:
    """N utterances of B dialogues with at most T turns."""

    text: Tensor  # (N, L) ids
    audio: Tensor  # (N, La, D)
    vision: Tensor  # (N, Lv, D)
    lengths: dict[str, Tensor]  # modality -> (N,), 0 where it is missing
    index: Tensor  # (B, T) row of each utterance, -1 pads
    speaker: Tensor  # (B, T) number of the speaker within the dialogue
    gold: dict[str, Tensor]  # task -> (N,) class, IGNORED where missing
    soft: dict[str, Tensor]  # task -> (N, C) how answers spread, zeros where missing
    ids: list[str]  # (N,)

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
        return DialogueBatch(
            self.text.to(device),
            self.audio.to(device),
            self.vision.to(device),
            {name: length.to(device) for name, length in self.lengths.items()},
            self.index.to(device),
            self.speaker.to(device),
            {task: gold.to(device) for task, gold in self.gold.items()},
            {task: soft.to(device) for task, soft in self.soft.items()},
            self.ids,
        )


@dataclass(frozen=True)
class Collator:
    """Makes batches of dialogues; holds what was learned from the train split."""

    vocabulary: Vocabulary
    audio: Normalisation
    vision: Normalisation
    tasks: Sequence[Task]
    features: dict[str, list[Features]]

    def __call__(self, dialogues: Sequence[Dialogue]) -> DialogueBatch:
        utterances = [u for dialogue in dialogues for u in dialogue.utterances]
        found = [f for dialogue in dialogues for f in self.features[dialogue.id]]
        text = [torch.tensor(self.vocabulary.encode(u.text)) for u in utterances]
        sounds = [self.audio(f.audio) for f in found]
        pictures = [self.vision(f.vision) for f in found]
        index, speaker = _places(dialogues)
        return DialogueBatch(
            text=_pad(text, PAD),
            audio=_pad(sounds, 0.0),
            vision=_pad(pictures, 0.0),
            lengths={
                "text": torch.tensor([len(u.text) and len(t) for u, t in zip(utterances, text)]),
                "audio": torch.tensor([len(array) for array in sounds]),
                "vision": torch.tensor([len(array) for array in pictures]),
            },
            index=index,
            speaker=speaker,
            gold={
                task.key: torch.tensor([_class(task, u.gold.get(task.key)) for u in utterances])
                for task in self.tasks
            },
            soft={
                task.key: torch.tensor([_spread(task, u.soft.get(task.key)) for u in utterances])
                for task in self.tasks
            },
            ids=[u.id for u in utterances],
        )


def _class(task: Task, value: str | None) -> int:
    return IGNORED if value is None else task.classes.index(value)


def _spread(task: Task, soft: dict[str, float] | None) -> list[float]:
    return [float((soft or {}).get(value, 0.0)) for value in task.classes]


def _pad(rows: Sequence[Tensor], value: float) -> Tensor:
    padded = torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=value)
    if padded.shape[1]:
        return padded
    return padded.new_full((padded.shape[0], 1, *padded.shape[2:]), value)  # nobody has a frame


def _places(dialogues: Sequence[Dialogue]) -> tuple[Tensor, Tensor]:
    longest = max(len(dialogue.utterances) for dialogue in dialogues)
    index = torch.full((len(dialogues), longest), -1)
    speaker = torch.zeros_like(index)
    row = 0
    for b, dialogue in enumerate(dialogues):
        numbers: dict[str, int] = {}
        for t, utterance in enumerate(dialogue.utterances):
            index[b, t] = row
            speaker[b, t] = numbers.setdefault(utterance.speaker, len(numbers))
            row += 1
    return index, speaker


def batches(
    dialogues: Sequence[Dialogue], size: int, collate: Collator, order: Sequence[int] | None = None
) -> Iterator[DialogueBatch]:
    """Batches of `size` dialogues, in the given order; the last one may be smaller."""
    order = range(len(dialogues)) if order is None else order
    for first in range(0, len(order), size):
        yield collate([dialogues[i] for i in order[first : first + size]])
