"""Encoders, context, fusion, sharing and heads as one network."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from modeling.learner.batches import DialogueBatch
from modeling.learner.features import audio, vision
from modeling.learner.networks.context import DialogueContext
from modeling.learner.networks.encoders import CharacterEncoder, SequenceEncoder
from modeling.learner.networks.fusion import AttentionFusion
from modeling.learner.recipes import Recipe
from modeling.learner.release import Task
from modeling.learner.sharing import HardSharing


class DialogueModel(nn.Module):
    """Contribution (2) of Jiang (2025), small: context per modality, fusion, trunk, heads."""

    def __init__(self, recipe: Recipe, tasks: Sequence[Task], vocabulary: int) -> None:
        super().__init__()
        width, dropout = recipe.width, recipe.dropout
        self.modalities = recipe.modalities
        makers: dict[str, Callable[[], nn.Module]] = {
            "text": lambda: CharacterEncoder(vocabulary, width, dropout),
            "audio": lambda: SequenceEncoder(audio.DIMS, width, dropout),
            "vision": lambda: SequenceEncoder(vision.DIMS, width, dropout),
        }
        self.encoders = nn.ModuleDict({name: makers[name]() for name in self.modalities})
        self.contexts = nn.ModuleDict(
            {name: DialogueContext(width, recipe.heads, dropout) for name in self.modalities}
            if recipe.context
            else {}
        )
        self.fusion = AttentionFusion(len(self.modalities), width, recipe.heads, dropout)
        self.sharing = HardSharing(width, [task.key for task in tasks], dropout)
        self.heads = nn.ModuleDict(
            {task.key: _head(width, len(task.classes), dropout) for task in tasks}
        )

    def forward(self, batch: DialogueBatch) -> dict[str, Tensor]:
        """Logits per task, (N, classes of the task)."""
        tokens = torch.stack([self._encode(name, batch) for name in self.modalities], dim=1)
        present = torch.stack([batch.lengths[name] > 0 for name in self.modalities], dim=1)
        fused = self.fusion(tokens, present)  # (N, d)
        shared = self.sharing(fused)  # task -> (N, d)
        return {task: head(shared[task]) for task, head in self.heads.items()}

    def _encode(self, name: str, batch: DialogueBatch) -> Tensor:
        vectors = self.encoders[name](getattr(batch, name), batch.lengths[name])  # (N, d)
        if name not in self.contexts:
            return vectors
        mask = batch.index >= 0  # (B, T)
        heard = mask & (batch.lengths[name] > 0)[batch.index.clamp(min=0)]
        turns = vectors[batch.index.clamp(min=0)] * heard[..., None]  # (B, T, d)
        mixed = self.contexts[name](turns, batch.speaker, heard)  # (B, T, d)
        return mixed[mask]  # (N, d): rows of `index` count up in this order


def _head(width: int, classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, classes)
    )
