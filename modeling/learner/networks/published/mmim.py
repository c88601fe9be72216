"""MMIM: as much information between modalities as can be had (Han, Chen and Poria 2021).

Of the vectors h_m of the modalities of an utterance, d dimensions, and Z = MLP([h_t; h_a; h_v]),
d dimensions, which the head reads, two kinds of mutual information are raised (section 3):

    I_BA(x, y) = E log q(y | x) + H(y)                  Barber and Agakov's lower bound, x the text
    q(y | x)   = N(mu(x), diag sigma^2(x))              mu and log sigma^2 by two layers each
    H(y)       = sum over c of w_c / 2 log det(2 pi e Sigma_c)         a Gaussian for each class
    L_CPC      = - sum over m of E log (exp s(h_mi, Z_i) / sum over j of exp s(h_mj, Z_i))
    s(h, Z)    = h'G_m(Z), both made as long as 1           contrastive predictive coding

    loss of the tasks + 0.1 L_CPC - 0.1 mean over pairs of I_BA

The paper's two stages take turns in each step: first q alone is made likely, then everything but q
learns by the loss above. Here one optimiser does both in one step: the likelihood of q is computed
on vectors without a gradient, so that it teaches q alone, and the bound with the parameters of q
held, so that it teaches the encoders alone. Both stages see the parameters from before the step.

Unsaid or chosen: Sigma_c is the covariance of the vectors of c in the batch, which have a gradient,
and among the last 256 that training saw, which have none, plus SHRINKAGE I; classes with one vector
are left out. The paper has two classes, the signs of a sentiment: here H is the mean over tasks.
log q and H are divided by d, which makes the weight independent of the width. log sigma^2 stays
within 5 of 0. Weights and memory are chosen for each corpus in the paper. Where the recipe does not
read text, the first modality is in its place; with one modality L_CPC alone is left. Published are
BERT and LSTMs as encoders; here ours. A modality that an utterance lacks is zeros for Z and in no
bound. The memory is a buffer: it is saved with the weights, and an interrupted run goes on exactly;
of several processes all go on with the memory of the first.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy, normalize

from modeling.learner.batches import IGNORED
from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import UtteranceEncoders
from modeling.learner.networks.task_modules import ByTask
from modeling.learner.recipes import Recipe

MEMORY = 256  # vectors
SHRINKAGE = 0.1
WIDEST = 5.0  # of log sigma^2
CONTRAST, BOUND = 0.1, 0.1  # weights, alpha and beta of the paper


class Gaussian(nn.Module):
    """q(y | x), a Gaussian with a variance for each dimension."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mean = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.spread = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean log density of y given x, both (n, d), by dimension."""
        log_variance = WIDEST * torch.tanh(self.spread(x).float() / WIDEST)
        error = (y.float() - self.mean(x).float()).square() / log_variance.exp()
        return -0.5 * (error + log_variance + math.log(2 * math.pi)).mean()


class MMIM(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width, self.names, self.classes = recipe.width, tuple(sizes), dict(classes)
        self.first = "text" if "text" in sizes else self.names[0]
        self.others = [name for name in self.names if name != self.first]
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.fuse = nn.Sequential(
            nn.Dropout(recipe.dropout),
            nn.Linear(len(sizes) * width, width),
            nn.Tanh(),
            nn.Linear(width, width),
            nn.Tanh(),
        )
        self.guess = nn.ModuleDict({name: Gaussian(width) for name in self.others})
        self.predict = nn.ModuleDict({name: nn.Linear(width, width) for name in sizes})
        self.memory = ByTask({name: Memory(width, len(classes)) for name in self.others})
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        encoded, present = self.encode(utterances), utterances.present  # (N, M)
        here = {name: present[:, i] for i, name in enumerate(self.names)}  # (N,)
        fused = self.fuse(torch.cat(list(encoded.values()), dim=1))  # (N, d)
        contrast = torch.stack(
            [
                contrastive(encoded[name][rows], self.predict[name](fused[rows]))
                for name, rows in here.items()
            ]
        ).sum()
        penalties = {"contrast": CONTRAST * contrast}

        def teach(gold: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return self._information(encoded, here, gold)

        return Reading(fused, penalties=penalties, teach=teach if self.others else None)

    def _information(
        self, encoded: Mapping[str, Tensor], here: Mapping[str, Tensor], gold: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """What q has yet to learn, and minus the bounds; afterwards the memory has moved."""
        zero = next(iter(encoded.values())).new_zeros((), dtype=torch.float32)
        unlikely, bounds = [zero], [zero]
        labels = torch.stack([gold[key] for key in self.classes], dim=1)  # (N, K)
        for name in self.others:
            both = here[self.first] & here[name]
            if not bool(both.any()):
                continue
            x, y, guess = encoded[self.first][both], encoded[name][both], self.guess[name]
            unlikely.append(-guess(x.detach(), y.detach()))
            held = {key: each.detach() for key, each in guess.named_parameters()}
            likelihood = functional_call(guess, held, (x, y))
            rows = encoded[name][here[name]]
            counts = list(self.classes.values())
            entropy = self.memory[name].entropy(rows, labels[here[name]], counts)
            bounds.append(likelihood + entropy)
            self.memory[name].keep(rows.detach(), labels[here[name]])
        pairs = max(len(self.others), 1)
        return {
            "likelihood": torch.stack(unlikely).sum() / pairs,
            "information": -BOUND * torch.stack(bounds).sum() / pairs,
        }


class Memory(nn.Module):
    """The last vectors of a modality with the classes of each task."""

    vectors: Tensor
    labels: Tensor

    def __init__(self, width: int, tasks: int) -> None:
        super().__init__()
        self.register_buffer("vectors", torch.zeros(MEMORY, width))
        self.register_buffer("labels", torch.full((MEMORY, tasks), IGNORED))

    def entropy(self, rows: Tensor, labels: Tensor, classes: Sequence[int]) -> Tensor:
        """Of vectors (n, d) with labels (n, K), together with what is kept, the entropy by
        dimension; the mean over tasks, 0 where no class has two vectors.
        """
        vectors = torch.cat([rows.float(), self.vectors])  # (n + S, d)
        labels = torch.cat([labels, self.labels])
        found = []
        for task, count in enumerate(classes):
            found.append(class_entropy(vectors, labels[:, task], count))
        return torch.stack(found).mean()

    @torch.no_grad()
    def keep(self, rows: Tensor, labels: Tensor) -> None:
        """Keep these vectors (n, d), and as many of the last as there is room for."""
        self.vectors.copy_(torch.cat([self.vectors, rows.float()])[-MEMORY:])
        self.labels.copy_(torch.cat([self.labels, labels])[-MEMORY:])


def class_entropy(vectors: Tensor, labels: Tensor, classes: int) -> Tensor:
    """The entropy by dimension of Gaussians of the vectors (n, d) of each class; labels (n,)."""
    width = vectors.shape[1]
    member = (labels[:, None] == torch.arange(classes, device=labels.device)).T.float()  # (C, n)
    member = member[member.sum(dim=1) >= 2]  # classes with a covariance
    if not len(member):
        return vectors.sum() * 0
    count = member.sum(dim=1)  # (C,)
    with torch.autocast(vectors.device.type, enabled=False):
        mean = (member @ vectors) / count[:, None]  # (C, d)
        centred = (vectors - mean[:, None]) * member[..., None]  # (C, n, d)
        spread = centred.transpose(1, 2) @ centred / count[:, None, None]  # (C, d, d)
        spread = spread + SHRINKAGE * torch.eye(width, device=vectors.device)
        root = torch.linalg.cholesky(spread)
        log_volume = 2 * root.diagonal(dim1=1, dim2=2).log().sum(dim=1)  # (C,)
    entropy = 0.5 * (1 + math.log(2 * math.pi) + log_volume / width)
    return (count / count.sum() * entropy).sum()


def contrastive(vectors: Tensor, predicted: Tensor) -> Tensor:
    """CPC of vectors (n, d) and what was predicted of each (n, d), the others as wrong answers."""
    if len(vectors) < 2:
        return (vectors.sum() + predicted.sum()) * 0
    scores = normalize(predicted.float(), dim=1) @ normalize(vectors.float(), dim=1).T  # (n, n)
    return cross_entropy(scores, torch.arange(len(vectors), device=vectors.device))
