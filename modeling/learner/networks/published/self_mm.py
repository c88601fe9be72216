"""Self-MM for classes: unimodal heads that learn labels the network makes (Yu, Xu, Yuan, Wu 2021).

Of the vectors u_m of the modalities of an utterance, d dimensions (section 3):

    F_s = ReLU(W_s u_s + b)                      (d) for each modality s
    F_M = ReLU(W_M [u_text; u_audio; u_vision] + b)    (d), what the head reads

Each modality has heads of its own for every task, used in training alone. Their labels y_s are made
from the gold label y_M and from how near F_s and F_M are to the centres of the classes. The paper
does this for one regression, with a positive and a negative centre:

    D_i^p = |F_i - C_i^p|^2 / sqrt(d), the same for n;  alpha_i = (D_i^n - D_i^p) / (D_i^p + eps)
    y_s   = y_M + (alpha_s - alpha_M) / 2 (y_M + alpha_M) / alpha_M

the mean of the solutions of y_s - y_M = alpha_s - alpha_M and of y_s / y_M = alpha_s / alpha_M.

The variant here for tasks with classes c, and labels that are distributions (C):

    D_i^c = |F_i - C_i^c|^2 / sqrt(d),  alpha_i = softmax over c of -D_i^c    i = M or a modality
    y_s   = max(0, onehot(y_M) + (alpha_s - alpha_M) / 2), made to sum to 1

that is, half of the first solution; the second divides by what may be zero. As in the paper an
utterance counts for s by tanh |y_s - y_M|, so that a head learns most where its label is another
one, and the losses of the modalities are summed; here the loss is the cross-entropy in units of
log C, and the mean over tasks. Centres are means of F_i by label: gold for M, y_s for s.

The paper recomputes centres from the whole training set after each epoch, begins with y_s = y_M,
and keeps of each training utterance a label that moves by 2 / (i + 1) in epoch i. Here centres move
with each batch, by a tenth of the way to its means (MOMENTUM), which steadies labels without
keeping one for each utterance; until two classes have been seen y_s = y_M, and so the weight is 0.
Centres are buffers: they are saved with the weights and go on exactly where a run was interrupted.
Of several processes all go on with the centres of the first, which move with its batches alone.

Published are vectors of BERT and of LSTMs with 16 and 32 units, and a fusion of 128; here our
encoders and the recipe's width. A modality that an utterance lacks is zeros for F_M, and has no
label. No gold, no label.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, one_hot

from modeling.learner.batches import IGNORED
from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import UtteranceEncoders
from modeling.learner.networks.task_modules import BuffersByTask, ByTask
from modeling.learner.recipes import Recipe

MOMENTUM = 0.9  # of the centres
FUSED = 0  # row of the centres of F_M; modalities come behind


class SelfMM(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width, self.classes = recipe.width, dict(classes)
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.drop = nn.Dropout(recipe.dropout)
        self.alone = nn.ModuleDict({name: nn.Linear(width, width) for name in sizes})
        self.together = nn.Linear(len(sizes) * width, width)
        self.heads = nn.ModuleDict(
            {
                name: ByTask({key: nn.Linear(width, count) for key, count in classes.items()})
                for name in sizes
            }
        )
        spaces = 1 + len(sizes)
        self.centres = BuffersByTask(
            {key: torch.zeros(spaces, count, width) for key, count in classes.items()}
        )
        self.seen = BuffersByTask(
            {key: torch.zeros(spaces, count, dtype=torch.bool) for key, count in classes.items()}
        )
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        encoded, present = self.encode(utterances), utterances.present  # (N, M)
        beside = self.drop(torch.cat(list(encoded.values()), dim=1))  # (N, Md)
        fused = torch.relu(self.together(beside))  # (N, d)
        alone = {
            name: torch.relu(self.alone[name](self.drop(rows))) for name, rows in encoded.items()
        }

        def teach(gold: Mapping[str, Tensor]) -> dict[str, Tensor]:
            losses = [
                self._task_loss(key, gold[key], fused, alone, present) for key in self.classes
            ]
            return {"unimodal": torch.stack(losses).mean()}

        return Reading(fused, teach=teach)

    def _task_loss(
        self,
        key: str,
        gold: Tensor,
        fused: Tensor,
        alone: Mapping[str, Tensor],
        present: Tensor,
    ) -> Tensor:
        """The summed loss of the unimodal heads of a task; afterwards its centres have moved."""
        known = gold != IGNORED  # (N,)
        count, loss = self.classes[key], fused.new_zeros((), dtype=torch.float32)
        if not bool(known.any()):
            return loss
        target = one_hot(gold.clamp(min=0), count).float()  # (N, C)
        moves = [(FUSED, fused.detach()[known].float(), target[known])]
        for space, (name, rows) in enumerate(alone.items(), start=FUSED + 1):
            labelled = known & present[:, space - 1]
            if not bool(labelled.any()):
                continue
            features = rows.detach()[labelled].float()
            labels = self.labels(
                key, space, features, fused.detach()[labelled].float(), target[labelled]
            )
            weight = torch.tanh((labels - target[labelled]).abs().sum(dim=1))  # (n,)
            scores = log_softmax(self.heads[name][key](rows[labelled]).float(), dim=1)  # type: ignore[index]
            entropy = -(labels * scores).sum(dim=1)
            loss = loss + (weight * entropy).sum() / known.sum()
            moves.append((space, features, labels))
        for space, features, labels in moves:
            self._move(key, space, features, labels)
        return loss / torch.log(torch.tensor(float(count)))

    def labels(
        self, key: str, space: int, features: Tensor, fused: Tensor, target: Tensor
    ) -> Tensor:
        """Of n utterances the labels (n, C) of a modality: its features and F_M, both (n, d), and
        gold as `target` (n, C).
        """
        both = self.seen[key][FUSED] & self.seen[key][space]  # (C,)
        if int(both.sum()) < 2:
            return target
        centres = self.centres[key]
        shift = nearness(features, centres[space], both) - nearness(fused, centres[FUSED], both)
        moved = (target + shift / 2).clamp(min=0)
        return moved / moved.sum(dim=1, keepdim=True)

    @torch.no_grad()
    def _move(self, key: str, space: int, features: Tensor, labels: Tensor) -> None:
        """Move the centres of a space towards the means of its features (n, d) by label (n, C)."""
        mass = labels.sum(dim=0)  # (C,)
        there = mass > 0
        means = (labels.T @ features) / mass.clamp(min=1e-6)[:, None]  # (C, d)
        centres, seen = self.centres[key][space], self.seen[key][space]
        later = torch.where(seen[:, None], MOMENTUM * centres + (1 - MOMENTUM) * means, means)
        centres.copy_(torch.where(there[:, None], later, centres))
        seen.logical_or_(there)


def nearness(features: Tensor, centres: Tensor, known: Tensor) -> Tensor:
    """Softmax of the negative distances of features (n, d) to those of the centres (C, d) that are
    known (C,) -> (n, C), 0 for the others.
    """
    distance = (features[:, None] - centres).square().sum(dim=2) / features.shape[1] ** 0.5
    return torch.softmax((-distance).masked_fill(~known, float("-inf")), dim=1)
