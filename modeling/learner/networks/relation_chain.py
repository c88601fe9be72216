"""Stated correlations connect the answers of tasks: chains from a source through its correlation to
a target, pooled with the target's own answer.

Of a correlation r from s to t, with the network's own scores z and w_k = adjustment * log frequency
of the classes in training (see losses.py):

    P(k|x) = softmax(z_k + w_k)                      what the network says of a task alone
    P(t|s,r) = softmax(10 psi[s,r,:] + w_t)          a table, learned from gold s, r and t
    chain(t|x) = log sum_{s,r} P(s|x) P(r|x) P(t|s,r)
    logits_t = (1 - alpha) log P(t|x) + alpha chain(t|x) - w_t

Of several correlations into one target, chain is the mean. A source answers by its own scores, not
by pooled ones, so that correlations may follow one another or run in circles. psi starts at 0,
where a chain says no more than how often the classes occur.

The pool has no gradient: heads and tables are trained apart. In one likelihood the target's own
score would explain the labels of training and leave the table idle. Gold is used in the loss of the
tables alone (losses.py) and is no argument here. The design is this project's own.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from modeling.learner.networks.task_modules import BuffersByTask, ParametersByTask
from modeling.learner.release import Task
from modeling.learner.sharing.interface import split_tasks

SPEED = 10.0  # of the tables, against the learning rate
SHARE = 0.5  # of the chain in a pooled answer


class RelationChains(nn.Module):
    """See the module. `log_priors` are w_k by task, zeros where none are given; they and alpha are
    saved with the weights.
    """

    alpha: Tensor

    def __init__(
        self, tasks: Sequence[Task], log_priors: Mapping[str, Tensor] | None = None
    ) -> None:
        super().__init__()
        related = split_tasks(tasks)[1]
        sizes = {task.key: len(task.classes) for task in tasks}
        self.related = {task.key: (task.source, task.target) for task in related}
        self.psi = ParametersByTask(
            {
                key: nn.Parameter(torch.zeros(sizes[source], sizes[key], sizes[target]))
                for key, (source, target) in self.related.items()
            }
        )
        used = {name for key, pair in self.related.items() for name in (key, *pair)}
        known = log_priors or {}
        self.priors = BuffersByTask(
            {key: known.get(key, torch.zeros(sizes[key])) for key in sizes if key in used}
        )
        self.register_buffer("alpha", torch.tensor(SHARE))

    @property
    def tables(self) -> dict[str, Tensor]:
        """Correlation -> logits (Cs, Cr, Ct) of its target without their priors; to be trained."""
        return {key: SPEED * self.psi[key] for key in self.related}

    @torch.no_grad()
    def forward(self, logits: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Logits (N, C) by task -> pooled logits of the targets."""
        chains: dict[str, list[Tensor]] = {}
        for key, (source, target) in self.related.items():
            chains.setdefault(target, []).append(
                torch.logsumexp(
                    self.answer(source, logits)[:, :, None, None]
                    + self.correlation(key, logits)[:, None, :, None]
                    + self.table(key),
                    dim=(1, 2),
                )
            )
        return {
            target: (1 - self.alpha) * self.answer(target, logits)
            + self.alpha * torch.stack(each).mean(dim=0)
            - self.priors[target]
            for target, each in chains.items()
        }

    def answer(self, key: str, logits: Mapping[str, Tensor]) -> Tensor:
        """log P(k|x), (N, C)."""
        return torch.log_softmax(logits[key].float() + self.priors[key], dim=1)

    def correlation(self, key: str, logits: Mapping[str, Tensor]) -> Tensor:
        """log P(r|x), (N, C)."""
        return self.answer(key, logits)

    def table(self, key: str) -> Tensor:
        """log P(t|s,r), (Cs, Cr, Ct)."""
        _source, target = self.related[key]
        return torch.log_softmax(SPEED * self.psi[key] + self.priors[target], dim=-1)

    @torch.no_grad()
    def learned(self) -> dict[str, list[list[list[float]]]]:
        """Correlation -> P(t|s,r) by source, value and target, rounded."""
        return {key: self.table(key).exp().round(decimals=4).tolist() for key in self.related}
