"""Losses of the tasks, of tables and penalties, and the sum that is minimised."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from modeling.learner.batches import IGNORED, DialogueBatch
from modeling.learner.loss_weighting import EqualWeighting, GeometricWeighting, UncertaintyWeighting
from modeling.learner.networks.prediction import Prediction
from modeling.learner.networks.relation_chain import SPEED
from modeling.learner.networks.task_modules import ByTask
from modeling.learner.ordinal_regression import AnnotatorThresholds, ordinal_loss
from modeling.learner.recipes import Recipe
from modeling.learner.release import Task

SMOOTHING = 0.1  # added to every class of a soft label
PENALTIES = ("orthogonality", "sparsity", "distance")


def task_losses(
    logits: Mapping[str, Tensor],
    gold: Mapping[str, Tensor],
    priors: Mapping[str, Tensor],
    adjustment: float,
    soft: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """Cross-entropy per task, logit-adjusted (Menon et al. 2021), in units of log(classes).

    `logits` (N, C), `gold` (N,) with IGNORED where missing, `priors` (C,) log frequencies, `soft`
    (N, C). With `soft` the target is the distribution of the annotators' answers (smoothed by
    SMOOTHING), where that is known, with or without a gold label. A task without a single label in
    the batch is left out, not counted as zero.
    """
    losses = {}
    for task, scores in logits.items():
        targets, labelled = _targets(gold[task], soft[task] if soft else None, scores.shape[1])
        if labelled.any():
            adjusted = scores + adjustment * priors[task]  # (N, C)
            loss = cross_entropy(adjusted[labelled], targets[labelled])
            losses[task] = loss / torch.log(torch.tensor(float(scores.shape[1])))
    return losses


def _targets(gold: Tensor, spread: Tensor | None, classes: int) -> tuple[Tensor, Tensor]:
    """Distributions (N, C), and (N,) where there is one."""
    hard = one_hot(gold.clamp(min=0), classes).float()
    if spread is None:
        return hard, gold != IGNORED
    known = spread.sum(dim=1) > 0
    smooth = (spread + SMOOTHING) / (spread.sum(dim=1, keepdim=True) + SMOOTHING * classes)
    return torch.where(known[:, None], smooth, hard), known | (gold != IGNORED)


@dataclass
class LossTerms:
    """Of a batch the losses of tasks, the losses of correlations that a sharing predicts itself,
    and the sum of the weighted penalties and of what teaches the tables of relation chains, which
    have no parameter in common with anything else; scalars.
    """

    tasks: dict[str, Tensor]
    related: dict[str, Tensor]
    penalty: Tensor

    @property
    def parts(self) -> dict[str, Tensor]:
        """All losses by task, those of correlations included."""
        return self.tasks | self.related


class Objective(nn.Module):
    """The sum that is minimised: weighted losses of tasks, losses of correlations, penalties."""

    def __init__(
        self,
        recipe: Recipe,
        tasks: Sequence[Task],
        priors: Mapping[str, Tensor],
        annotators: int = 0,
    ) -> None:
        """`annotators` is how many have thresholds of their own, where the recipe asks for them."""
        super().__init__()
        self.recipe, self.priors = recipe, dict(priors)
        keys = [task.key for task in tasks]
        makers: dict[str, Callable[[], nn.Module]] = {
            "uncertainty": lambda: UncertaintyWeighting(keys),
            "geometric": GeometricWeighting,
        }
        self.balance = makers.get(recipe.weighting, EqualWeighting)()
        self.thresholds = ByTask(
            {t.key: AnnotatorThresholds(annotators, len(t.classes))
             for t in tasks if t.is_correlation and annotators and recipe.annotator_thresholds}
        )  # fmt: skip
        self.weights = {name: getattr(recipe, name) for name in PENALTIES}
        self.parents = {task.key: (task.source, task.target) for task in tasks}

    def terms(self, prediction: Prediction, batch: DialogueBatch) -> LossTerms:
        """The losses of what the batch has labels for, unweighted among tasks."""
        recipe = self.recipe
        own = {
            task: prediction.unary.get(task, scores)
            for task, scores in prediction.logits.items()
            if task not in prediction.above
        }
        soft = batch.soft if recipe.soft_labels else None
        losses = task_losses(own, batch.gold, self.priors, recipe.logit_adjustment, soft)
        related = {}
        if recipe.relations != "off":
            for key, above in prediction.above.items():
                if (loss := self._relation_loss(key, above, batch)) is not None:
                    related[key] = loss
        penalty = torch.zeros((), device=batch.index.device)
        for name, each in prediction.penalties.items():
            penalty = penalty + self.weights.get(name, 1.0) * each
        if self.training and prediction.teach is not None:
            for each in prediction.teach(batch.gold).values():
                penalty = penalty + each
        if tables := self._table_losses(prediction.tables, batch):
            # their gradients are SPEED times as large, and gradients are clipped together
            penalty = penalty + torch.stack(list(tables.values())).mean() / SPEED
        return LossTerms(losses, related, penalty)

    def _relation_loss(self, key: str, above: Tensor, batch: DialogueBatch) -> Tensor | None:
        """Of a correlation that a sharing predicts (N, C - 1); None without a label of it."""
        gold, answers = batch.gold[key], batch.answers.get(key)
        if answers is not None and key in self.thresholds:
            labelled = bool((gold != IGNORED).any() or (answers != IGNORED).any())
            return self.thresholds[key](above, answers, gold) if labelled else None
        return ordinal_loss(above, gold) if (gold != IGNORED).any() else None

    def _table_losses(
        self, tables: Mapping[str, Tensor], batch: DialogueBatch
    ) -> dict[str, Tensor]:
        """Of each table (Cs, Cr, Ct) the loss of its target, given gold of source and correlation,
        over the utterances that have all three.
        """
        scores, gold, priors = {}, {}, {}
        for key, table in tables.items():
            source, target = self.parents[key]
            given, related = batch.gold[source], batch.gold[key]  # (N,)
            known = (given != IGNORED) & (related != IGNORED)
            scores[key] = table[given.clamp(min=0), related.clamp(min=0)]  # (N, Ct)
            gold[key] = torch.where(known, batch.gold[target], IGNORED)
            priors[key] = self.priors[target]
        return task_losses(scores, gold, priors, self.recipe.logit_adjustment)

    def forward(
        self, prediction: Prediction, batch: DialogueBatch
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        """The sum, None where the batch holds no label at all, and its parts by name."""
        terms = self.terms(prediction, batch)
        if not terms.parts:
            return None, {}
        total = terms.penalty
        if terms.tasks:
            total = total + self.balance(terms.tasks)
        if terms.related:
            related = torch.stack(list(terms.related.values())).mean()
            total = total + self.recipe.relation_weight * related
        return total, terms.parts
