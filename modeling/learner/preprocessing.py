"""Preprocessing fitted on the train split: vocabulary, normalisation, class frequencies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from modeling.learner.batches import Packed, Ragged
from modeling.learner.features.extraction import Features, Floats
from modeling.learner.features.text import Vocabulary
from modeling.learner.numeric_checks import NonFiniteError
from modeling.learner.recipes import CHARACTERS, MODALITIES, Recipe
from modeling.learner.release import Dialogue, ReleaseError, Task


def log_priors(dialogues: Sequence[Dialogue], tasks: Sequence[Task]) -> dict[str, Tensor]:
    """Log frequency of each class in `dialogues`, every class counted once more than it is."""
    priors = {}
    for task in tasks:
        counts = torch.ones(len(task.classes))
        for dialogue in dialogues:
            for utterance in dialogue.utterances:
                if task.key in utterance.gold:
                    counts[task.classes.index(utterance.gold[task.key])] += 1
        priors[task.key] = torch.log(counts / counts.sum())
    return priors


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation (dims,) of the frames of the train split."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, arrays: Sequence[Floats], dims: int) -> "Normalisation":
        """Of arrays (frames, dims); mean 0 and deviation 1 where there is no frame."""
        frames = [array for array in arrays if len(array)]
        if not frames:
            return cls(torch.zeros(dims), torch.ones(dims))
        stacked = np.concatenate(frames).astype(np.float64)
        mean, std = stacked.mean(axis=0), stacked.std(axis=0).clip(min=1e-3)
        return cls(torch.from_numpy(mean).float(), torch.from_numpy(std).float())

    def __call__(self, array: Floats) -> Tensor:
        return (torch.from_numpy(np.ascontiguousarray(array)) - self.mean) / self.std


@dataclass(frozen=True)
class Preprocessing:
    """Vocabulary, normalisation of each modality, frequencies of classes, and the extractors."""

    tasks: tuple[Task, ...]
    vocabulary: Vocabulary
    normal: Mapping[str, Normalisation]  # of each modality that has frames
    priors: Mapping[str, Tensor]  # task -> log frequency of each class in training
    extractors: Mapping[str, str]  # modality -> key of its extractor
    longest: Mapping[str, int] = field(default_factory=dict)  # see Recipe.longest; 0 is no limit
    raw: tuple[str, ...] = ()  # modalities whose encoder is tuned: read as they are

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        train: Sequence[Dialogue],
        features: Mapping[str, Sequence[Features]],
        tasks: Sequence[Task],
        extractors: Mapping[str, str],
    ) -> "Preprocessing":
        """Fit on the `train` dialogues with their `features` by dialogue."""
        of_train = [each for dialogue in train for each in features[dialogue.id]]
        normal = {}
        for name in of_train[0].frames if of_train else {}:
            if name in recipe.tuned:
                continue
            arrays = [each[name] for each in of_train]
            dims = next((len(a[0]) for a in arrays if len(a)), arrays[0].shape[1])
            normal[name] = Normalisation.of(arrays, dims)
        texts = [u.text for dialogue in train for u in dialogue.utterances]
        reads = "text" in recipe.modalities and "text" not in {*normal, *recipe.tuned}
        vocabulary = Vocabulary.of(texts if reads else [])
        priors = log_priors(train, tasks)
        longest = {name: recipe.longest(name) for name in recipe.modalities}
        return cls(
            tuple(tasks), vocabulary, normal, priors, dict(extractors), longest, recipe.tuned
        )

    @property
    def sizes(self) -> dict[str, int]:
        """Modality -> dimensions of its frames."""
        return {name: len(each.mean) for name, each in self.normal.items()}

    def pack(
        self,
        dialogues: Sequence[Dialogue],
        features: Mapping[str, Sequence[Features]],
        device: torch.device,
    ) -> Packed:
        """The dialogues as tensors. Raises ReleaseError where they do not fit the preprocessing,
        NonFiniteError for features that are not finite.
        """
        rows = [each for dialogue in dialogues for each in features[dialogue.id]]
        ids = [u.id for dialogue in dialogues for u in dialogue.utterances]
        inputs = {name: self._frames(name, rows, ids) for name in MODALITIES}
        if "text" not in {*self.normal, *self.raw}:
            inputs["text"] = self._characters(dialogues)
        try:
            return Packed(dialogues, inputs, self.tasks, device)
        except ValueError as error:
            raise ReleaseError(
                f"A label of the release is none of the values learned from: {error}."
                " The run was trained on another scheme."
            ) from error

    def _frames(self, name: str, utterances: Sequence[Features], ids: Sequence[str]) -> Ragged:
        if name in self.raw:
            return Ragged.of([torch.from_numpy(each[name]) for each in utterances])
        if name not in self.normal:  # a modality that the recipe leaves out
            return Ragged(torch.zeros(0, 1), torch.zeros(len(utterances), dtype=torch.long))
        normal = self.normal[name]
        nothing = torch.zeros(0, len(normal.mean))
        for each in utterances:
            if len(each[name]) and each[name].shape[1] != len(normal.mean):
                raise ReleaseError(
                    f"Features of {name} have {each[name].shape[1]} dimensions here and had"
                    f" {len(normal.mean)} in training ({self.extractors.get(name)})."
                )
        most = self.longest.get(name) or None
        rows = [normal(each[name][:most]) if len(each[name]) else nothing for each in utterances]
        for number, row in enumerate(rows):
            if not torch.isfinite(row).all():
                raise NonFiniteError(
                    f"Features of {name} are too far from those of training: of the utterance"
                    f" {ids[number]} they are no numbers once they are normalised."
                )
        return Ragged.of(rows)

    def _characters(self, dialogues: Sequence[Dialogue]) -> Ragged:
        texts = [u.text for dialogue in dialogues for u in dialogue.utterances]
        most = self.longest.get("text", CHARACTERS) or max(map(len, texts), default=1)
        rows = [self.vocabulary.encode(text, most) for text in texts]
        return Ragged.of([torch.tensor(row).long() for row in rows])

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        state = {
            "tasks": [
                {"key": t.key, "classes": t.classes, "source": t.source, "target": t.target}
                for t in self.tasks
            ],
            "characters": self.vocabulary.characters,
            "normal": {
                name: {"mean": each.mean.tolist(), "std": each.std.tolist()}
                for name, each in self.normal.items()
            },
            "priors": {key: prior.tolist() for key, prior in self.priors.items()},
            "extractors": dict(self.extractors),
            "longest": dict(self.longest),
            "raw": list(self.raw),
        }
        path.write_text(json.dumps(state, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Preprocessing":
        """Read what `save` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        state: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return cls(
            tuple(
                Task(task["key"], tuple(task["classes"]), task["source"], task["target"])
                for task in state["tasks"]
            ),
            Vocabulary(state["characters"]),
            {
                name: Normalisation(torch.tensor(each["mean"]), torch.tensor(each["std"]))
                for name, each in state["normal"].items()
            },
            {key: torch.tensor(prior) for key, prior in state["priors"].items()},
            state["extractors"],
            state.get("longest", {}),  # runs of earlier versions did not keep it
            tuple(state.get("raw", ())),
        )


def truncated_inputs(
    recipe: Recipe, dialogues: Sequence[Dialogue], features: Mapping[str, Sequence[Features]]
) -> dict[str, dict[str, int]]:
    """Modality of which not all is read -> how much of an utterance is (`read`), how many
    utterances are longer (`cut`), and how long the longest is (`longest`).
    """
    found = {}
    for name in recipe.modalities:
        lengths = [
            len(each[name]) if name in each.frames else len(u.text)
            for dialogue in dialogues
            for u, each in zip(dialogue.utterances, features[dialogue.id], strict=True)
        ]
        if most := recipe.longest(name):
            cut = sum(length > most for length in lengths)
            found[name] = {"read": most, "cut": cut, "longest": max(lengths, default=0)}
    return found
