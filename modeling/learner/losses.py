"""Task losses and their sum."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from modeling.learner.batches import IGNORED
from modeling.learner.release import Dialogue, Task


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
) -> dict[str, Tensor]:
    """Cross-entropy per task, logit-adjusted (Menon et al. 2021), in units of log(classes).

    A task without a single label in the batch is left out, not counted as zero.
    """
    losses = {}
    for task, scores in logits.items():
        if (gold[task] != IGNORED).any():
            adjusted = scores + adjustment * priors[task]  # (N, C)
            loss = cross_entropy(adjusted, gold[task], ignore_index=IGNORED)
            losses[task] = loss / torch.log(torch.tensor(float(scores.shape[1])))
    return losses
