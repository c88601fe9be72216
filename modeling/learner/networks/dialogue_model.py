"""Encoders, context, fusion, sharing and heads as one network."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from modeling.learner.batches import DialogueBatch
from modeling.learner.networks.context import DialogueContext
from modeling.learner.networks.encoders import CharacterEncoder, SequenceEncoder
from modeling.learner.networks.fusion import AttentionFusion, Concatenation
from modeling.learner.networks.layer_mix import LayerMix, MixedEncoder, layers_of
from modeling.learner.networks.prediction import Prediction
from modeling.learner.networks.relation_chain import RelationChains
from modeling.learner.networks.task_modules import ByTask
from modeling.learner.networks.tuned_encoders import build_tuned_encoder
from modeling.learner.ordinal_regression import class_log_probabilities
from modeling.learner.recipes import Recipe
from modeling.learner.release import Task
from modeling.learner.sharing.interface import READ_MODALITIES, split_tasks
from modeling.learner.sharing.reading_gates import ReadingGates
from modeling.learner.sharing.registry import build_sharing


class DialogueModel(nn.Module):
    """Contributions (2) and (3) of Jiang (2025), small: encoders, context a modality, fusion, a
    sharing, heads. Which of the two it is, the recipe's sharing says.

    `sizes` are the dimensions of the frames by modality; text without one is characters. `priors`
    are those of `build_sharing`, `log_priors` those of RelationChains.
    """

    def __init__(
        self,
        recipe: Recipe,
        tasks: Sequence[Task],
        vocabulary: int,
        sizes: Mapping[str, int],
        priors: Mapping[str, float] | None = None,
        log_priors: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        width, dropout = recipe.width, recipe.dropout
        depth = recipe.encoder_layers, recipe.heads
        self.modalities = recipe.modalities

        def encoder(name: str) -> nn.Module:
            if name in recipe.tuned:
                return build_tuned_encoder(recipe, name)
            if name in sizes:
                layers = layers_of(recipe, name)
                read = SequenceEncoder(sizes[name] // layers, width, dropout, *depth)
                return MixedEncoder(layers, read) if layers > 1 else read
            return CharacterEncoder(vocabulary, width, dropout, *depth)

        self.encoders = nn.ModuleDict({name: encoder(name) for name in self.modalities})
        self.contexts = nn.ModuleDict(
            {name: DialogueContext(width, recipe.heads, dropout) for name in self.modalities}
            if recipe.context and recipe.attention
            else {}
        )
        size = len(self.modalities)
        self.fusion: nn.Module | None = None
        if recipe.sharing not in READ_MODALITIES:
            self.fusion = Concatenation(size, width, dropout)
        if recipe.fusion and self.fusion is not None:
            layers = recipe.fusion_layers
            self.fusion = AttentionFusion(size, width, recipe.heads, dropout, layers)
        self.tells_relations = recipe.relations != "off"
        if recipe.uses_relations and recipe.sharing != "relgate" and not self.tells_relations:
            left_out = split_tasks(tasks)[1]
            tasks = [task for task in tasks if task not in left_out]
        self.sharing = build_sharing(recipe, tasks, priors)
        related = getattr(self.sharing, "related", {})
        self.heads = ByTask(
            {
                task.key: _head(width, len(task.classes), dropout)
                for task in tasks
                if task.key not in related
            }
        )
        self.chains = RelationChains(tasks, log_priors) if recipe.relation_chain else None

    def forward(self, batch: DialogueBatch) -> Prediction:
        """The prediction for every utterance of the batch, N in all."""
        tokens = torch.stack([self._encode(name, batch) for name in self.modalities], dim=1)
        present = torch.stack([batch.lengths[name] > 0 for name in self.modalities], dim=1)
        # (N, d), or (N, M, d) where the sharing reads modalities
        read = tokens * present[..., None] if self.fusion is None else self.fusion(tokens, present)
        shared = self.sharing(batch.by_dialogue(read), batch.mask)
        mask = batch.mask  # rows of `index` count up in this order
        logits = {task: head(shared.vectors[task][mask]) for task, head in self.heads.items()}
        above = {key: each[mask] for key, each in shared.relations.items()}  # (N, C - 1)
        if self.tells_relations:
            logits |= {key: class_log_probabilities(each) for key, each in above.items()}
        gates = {key: each[mask] for key, each in shared.gates.items()}
        prediction = Prediction(logits, above, gates, shared.penalties)
        if self.chains is not None:
            pooled = self.chains(logits)
            prediction.logits = logits | pooled
            prediction.unary = {task: logits[task] for task in pooled}
            prediction.tables = self.chains.tables
        return prediction

    def learned(self) -> dict[str, Any]:
        """What can be read off the weights: `tables` of the relation chains, `reading` of tasks,
        `layers` of encoders that are mixed.
        """
        found: dict[str, Any] = {}
        if self.chains is not None:
            found["tables"] = self.chains.learned()
        if isinstance(self.sharing, ReadingGates):
            found["reading"] = self.sharing.learned(self.modalities)
        mixes = {name: getattr(encoder, "mix", None) for name, encoder in self.encoders.items()}
        layers = [
            {"modality": name, "task": "", **mix.learned()}
            for name, mix in mixes.items()
            if isinstance(mix, LayerMix)
        ]
        return found | ({"layers": layers} if layers else {})

    def _encode(self, name: str, batch: DialogueBatch) -> Tensor:
        vectors = self.encoders[name](getattr(batch, name), batch.lengths[name])  # (N, d)
        if name not in self.contexts:
            return vectors
        present = batch.by_dialogue(batch.lengths[name] > 0)  # (B, T)
        turns = batch.by_dialogue(vectors) * present[..., None]  # (B, T, d)
        mixed = self.contexts[name](turns, batch.speaker, present)  # (B, T, d)
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
        """The prediction for every utterance of the batch, N in all."""
        outputs = [model(batch).logits for model in self.models.values()]
        return Prediction({task: logits for each in outputs for task, logits in each.items()})

    def learned(self) -> dict[str, Any]:
        """`layers` as of a DialogueModel, for each task its own."""
        rows = [
            row | {"task": task}
            for task, model in self.models.items()
            for row in model.learned().get("layers", [])
        ]
        return {"layers": rows} if rows else {}


def _head(width: int, classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, classes)
    )
