"""A published network as a model of this house: same features, losses, batches and stopping."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from modeling.learner.batches import DialogueBatch
from modeling.learner.features.text import PAD
from modeling.learner.networks.prediction import Prediction
from modeling.learner.networks.published.interface import Utterances
from modeling.learner.networks.published.registry import build_body
from modeling.learner.networks.task_modules import ByTask
from modeling.learner.recipes import Recipe
from modeling.learner.release import Task


class PublishedModel(nn.Module):
    """The network that the recipe names, and a linear head for each task where it has none.

    `vocabulary` and `sizes` as in DialogueModel. Text without an encoder is embeddings of
    characters, as wide as the network.
    """

    def __init__(
        self, recipe: Recipe, tasks: Sequence[Task], vocabulary: int, sizes: Mapping[str, int]
    ) -> None:
        super().__init__()
        self.modalities = recipe.modalities
        self.embed: nn.Embedding | None = None
        sizes = {name: sizes[name] for name in self.modalities if name in sizes}
        if "text" in self.modalities and "text" not in sizes:
            self.embed = nn.Embedding(vocabulary, recipe.width, padding_idx=PAD)
            sizes = {"text": recipe.width, **sizes}
        classes = {task.key: len(task.classes) for task in tasks}
        self.body = build_body(recipe, sizes, classes)
        size = self.body.size
        self.heads = ByTask(
            {key: nn.Linear(size, count) for key, count in classes.items()} if size else {}
        )

    def forward(self, batch: DialogueBatch) -> Prediction:
        """The prediction for every utterance of the batch, N in all."""
        reading = self.body(self._utterances(batch))
        logits = reading.logits | {k: head(reading.vectors) for k, head in self.heads.items()}
        return Prediction(logits, penalties=reading.penalties, teach=reading.teach)

    def _utterances(self, batch: DialogueBatch) -> Utterances:
        frames = {name: self._frames(name, batch) for name in self.modalities}
        lengths = {name: batch.lengths[name] for name in self.modalities}
        return Utterances(frames, lengths, batch.index, batch.speaker)

    def _frames(self, name: str, batch: DialogueBatch) -> Tensor:
        """(N, L, D) of a modality, zeros behind the end of each utterance."""
        frames: Tensor = getattr(batch, name)
        if name == "text" and self.embed is not None:
            frames = self.embed(frames)
        inside = torch.arange(frames.shape[1], device=frames.device) < batch.lengths[name][:, None]
        return torch.where(inside[..., None], frames, torch.zeros_like(frames))
