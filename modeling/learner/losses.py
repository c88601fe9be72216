"""Task losses, how they are weighed, and everything that is minimised."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from modeling.learner.batches import IGNORED, DialogueBatch
from modeling.learner.networks.keyed import ParametersByTask
from modeling.learner.networks.model import Prediction
from modeling.learner.recipes import Recipe
from modeling.learner.release import Dialogue, Task
from modeling.learner.sharing.ordinal import ordinal_loss

SMOOTH = 0.1  # added to every class of a soft label
START, S_RANGE = -0.5, (-2.0, 4.0)  # of log variances
PENALTIES = ("orthogonality", "sparsity", "distance")


def log_priors(dialogues: Sequence[Dialogue], tasks: Sequence[Task]) -> dict[str, Tensor]:
    """Log frequency of each class in `dialogues`, every class counted once more than it is."""
    found = {}
    for task in tasks:
        counts = torch.ones(len(task.classes))
        for dialogue in dialogues:
            for utterance in dialogue.utterances:
                if task.key in utterance.gold:
                    counts[task.classes.index(utterance.gold[task.key])] += 1
        found[task.key] = torch.log(counts / counts.sum())
    return found


def task_losses(
    logits: Mapping[str, Tensor],
    gold: Mapping[str, Tensor],
    priors: Mapping[str, Tensor],
    adjustment: float,
    soft: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """Cross-entropy per task, logit-adjusted (Menon et al. 2021), in units of log(classes).

    With `soft` the target is how the annotators' answers spread (smoothed by SMOOTH), where that is
    known, whether or not they settled on a value. A task without a single label in the
    batch is left out, not counted as zero.
    """
    losses = {}
    for task, scores in logits.items():
        targets, told = _targets(gold[task], soft[task] if soft else None, scores.shape[1])
        if told.any():
            adjusted = scores + adjustment * priors[task]  # (N, C)
            loss = cross_entropy(adjusted[told], targets[told])
            losses[task] = loss / torch.log(torch.tensor(float(scores.shape[1])))
    return losses


def _targets(gold: Tensor, spread: Tensor | None, classes: int) -> tuple[Tensor, Tensor]:
    """Distributions (N, C), and (N,) where there is one."""
    hard = one_hot(gold.clamp(min=0), classes).float()
    if spread is None:
        return hard, gold != IGNORED
    known = spread.sum(dim=1) > 0
    smooth = (spread + SMOOTH) / (spread.sum(dim=1, keepdim=True) + SMOOTH * classes)
    return torch.where(known[:, None], smooth, hard), known | (gold != IGNORED)


class Equal(nn.Module):
    """The mean of the losses."""

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        return torch.stack(list(losses.values())).mean()


class Uncertainty(nn.Module):
    """The mean of loss / (2 exp(s)) + s / 2 with a learned s a task (Kendall et al. 2018)."""

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__()
        self.s = ParametersByTask({task: nn.Parameter(torch.tensor(START)) for task in tasks})

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        weighed = []
        for task, loss in losses.items():
            s = self.s[task].clamp(*S_RANGE)
            weighed.append(loss / (2 * torch.exp(s)) + s / 2)
        return torch.stack(weighed).mean()


@dataclass
class Terms:
    """What a batch is judged by: losses of tasks, losses of correlations that a sharing predicts
    itself (weighed already), and the sum of the penalties.
    """

    tasks: dict[str, Tensor]
    related: dict[str, Tensor]
    penalty: Tensor

    @property
    def parts(self) -> dict[str, Tensor]:
        return self.tasks | self.related


class Objective(nn.Module):
    """Everything that is minimised: tasks weighed against each other, correlations, penalties."""

    def __init__(self, recipe: Recipe, tasks: Sequence[Task], priors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.recipe, self.priors = recipe, dict(priors)
        keys = [task.key for task in tasks]
        makers: dict[str, Callable[[], nn.Module]] = {
            "uncertainty": lambda: Uncertainty(keys),
            "geometric": _geometric,
        }
        self.balance = makers.get(recipe.weighting, Equal)()
        self.weights = {name: getattr(recipe, name) for name in PENALTIES}

    def terms(self, found: Prediction, batch: DialogueBatch) -> Terms:
        """What the batch has labels for, unweighed among tasks."""
        recipe = self.recipe
        own = {task: scores for task, scores in found.logits.items() if task not in found.above}
        soft = batch.soft if recipe.soft_labels else None
        losses = task_losses(own, batch.gold, self.priors, recipe.logit_adjustment, soft)
        related = {}
        if recipe.relations != "off":
            for key, above in found.above.items():
                if (batch.gold[key] != IGNORED).any():
                    related[key] = ordinal_loss(above, batch.gold[key])
        penalty = torch.zeros((), device=batch.index.device)
        for name, each in found.penalties.items():
            penalty = penalty + self.weights[name] * each
        return Terms(losses, related, penalty)

    def forward(
        self, found: Prediction, batch: DialogueBatch
    ) -> tuple[Tensor | None, dict[str, Tensor]]:
        """The sum, None where the batch holds no label at all, and its parts by name."""
        terms = self.terms(found, batch)
        if not terms.parts:
            return None, {}
        total = terms.penalty
        if terms.tasks:
            total = total + self.balance(terms.tasks)
        if terms.related:
            related = torch.stack(list(terms.related.values())).mean()
            total = total + self.recipe.relation_weight * related
        return total, terms.parts


def _geometric() -> nn.Module:
    from modeling.learner.gradients import Geometric  # TorchJD takes half a second to import

    return Geometric()
