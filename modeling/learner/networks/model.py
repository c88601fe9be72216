"""Encoders, context, fusion, sharing and heads as one network; or a published one instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from modeling.learner.batches import DialogueBatch
from modeling.learner.networks.context import DialogueContext
from modeling.learner.networks.encoders import CharacterEncoder, SequenceEncoder
from modeling.learner.networks.fusion import AttentionFusion, Concatenation
from modeling.learner.networks.keyed import ByTask
from modeling.learner.recipes import Recipe
from modeling.learner.release import Task
from modeling.learner.sharing import make
from modeling.learner.sharing.ordinal import class_scores


@dataclass
class Prediction:
    """Logits (N, C) by task; of relations what the sharing found, by utterance; penalties."""

    logits: dict[str, Tensor]
    above: dict[str, Tensor] = field(default_factory=dict)  # correlation -> (N, C - 1) logits
    gates: dict[str, Tensor] = field(default_factory=dict)  # correlation -> (N,) from -1 to 1
    penalties: dict[str, Tensor] = field(default_factory=dict)


class DialogueModel(nn.Module):
    """Contributions (2) and (3) of Jiang (2025), small: encoders, context a modality, fusion, a
    sharing, heads. Which of the two it is, the recipe's sharing says.

    `sizes` are the dimensions of the frames by modality; text without one is characters.
    """

    def __init__(
        self,
        recipe: Recipe,
        tasks: Sequence[Task],
        vocabulary: int,
        sizes: Mapping[str, int],
        priors: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        width, dropout = recipe.width, recipe.dropout
        self.modalities = recipe.modalities
        self.encoders = nn.ModuleDict(
            {
                name: SequenceEncoder(sizes[name], width, dropout)
                if name in sizes
                else CharacterEncoder(vocabulary, width, dropout)
                for name in self.modalities
            }
        )
        self.contexts = nn.ModuleDict(
            {name: DialogueContext(width, recipe.heads, dropout) for name in self.modalities}
            if recipe.context and recipe.attention
            else {}
        )
        size = len(self.modalities)
        self.fusion: nn.Module = Concatenation(size, width, dropout)
        if recipe.fusion:
            self.fusion = AttentionFusion(size, width, recipe.heads, dropout)
        self.sharing = make(recipe, tasks, priors)
        related = getattr(self.sharing, "related", {})
        self.tells_relations = recipe.relations != "off"
        self.heads = ByTask(
            {
                task.key: _head(width, len(task.classes), dropout)
                for task in tasks
                if task.key not in related
            }
        )

    def forward(self, batch: DialogueBatch) -> Prediction:
        """What the model says of every utterance of the batch."""
        tokens = torch.stack([self._encode(name, batch) for name in self.modalities], dim=1)
        present = torch.stack([batch.lengths[name] > 0 for name in self.modalities], dim=1)
        fused = self.fusion(tokens, present)  # (N, d)
        shared = self.sharing(batch.by_dialogue(fused), batch.mask)
        mask = batch.mask  # rows of `index` count up in this order
        logits = {task: head(shared.vectors[task][mask]) for task, head in self.heads.items()}
        above = {key: found[mask] for key, found in shared.relations.items()}  # (N, C - 1)
        if self.tells_relations:
            logits |= {key: class_scores(found) for key, found in above.items()}
        gates = {key: found[mask] for key, found in shared.gates.items()}
        return Prediction(logits, above, gates, shared.penalties)

    def _encode(self, name: str, batch: DialogueBatch) -> Tensor:
        vectors = self.encoders[name](getattr(batch, name), batch.lengths[name])  # (N, d)
        if name not in self.contexts:
            return vectors
        heard = batch.by_dialogue(batch.lengths[name] > 0)  # (B, T)
        turns = batch.by_dialogue(vectors) * heard[..., None]  # (B, T, d)
        mixed = self.contexts[name](turns, batch.speaker, heard)  # (B, T, d)
        return mixed[batch.mask]  # (N, d): rows of `index` count up in this order


class SeparateModels(nn.Module):
    """The control: a network of the same parts for each task, with nothing in common."""

    def __init__(
        self, recipe: Recipe, tasks: Sequence[Task], vocabulary: int, sizes: Mapping[str, int]
    ) -> None:
        super().__init__()
        alone = replace(recipe, sharing="hard")
        self.models = ByTask(
            {task.key: DialogueModel(alone, [task], vocabulary, sizes) for task in tasks}
        )

    def forward(self, batch: DialogueBatch) -> Prediction:
        found = [model(batch).logits for model in self.models.values()]
        return Prediction({task: logits for each in found for task, logits in each.items()})


def build(
    recipe: Recipe,
    tasks: Sequence[Task],
    vocabulary: int,
    sizes: Mapping[str, int],
    priors: Mapping[str, float] | None = None,
) -> nn.Module:
    """The network of a recipe; `sizes` as in DialogueModel, `priors` as in `sharing.make`."""
    if recipe.network != "own":
        from modeling.learner.networks.published import Published

        return Published(recipe, tasks, vocabulary, sizes)
    if recipe.sharing == "single":
        return SeparateModels(recipe, tasks, vocabulary, sizes)
    return DialogueModel(recipe, tasks, vocabulary, sizes, priors)


def _head(width: int, classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, classes)
    )
