"""Contribution (3): what tasks have in common, what each has alone, and gates between them that
the correlations people stated supervise.

Of fused vectors U (B, T, d), tasks k with their correlations a -> b:

    S = Tower(U)                                   commonness
    P_k = Tower_k(U)                               uniqueness
    [alpha_k, beta_k] = sigmoid(W_k [U; S; P_k])   a dual gate, (B, T, 2d)
    c_k = alpha_k * S + beta_k * P_k
    z_ab = MLP([c_a; c_b; c_a * c_b; |c_a - c_b|])
    P(r > c) = sigmoid(z_ab - t_c), t increasing   the stated correlation, ordinal
    g_ab = 2 mean_c P(r > c) - 1                   its expectation, from -1 to 1
    g_ij = tanh(w_ij U)                            of other pairs; free, and penalised
    h_i = LayerNorm(c_i + sum_a gamma_ai g_ai V_ai c_a + sum_j gamma_ji g_ji V c_j)

with V_ab of each correlation its own and V one for all free pairs; gamma starts at 0.5 for
correlations and 0.1 for free pairs.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from modeling.learner.networks.task_modules import ByTask, ParametersByTask
from modeling.learner.release import Task
from modeling.learner.sharing.interface import SharingOutput, split_tasks
from modeling.learner.sharing.tower import Tower, parameter_distance

RELATION_STRENGTH, FREE_STRENGTH = 0.5, 0.1  # of a gate, at first
DEFAULT_TIE = 0.25  # what ties the towers of two tasks that nobody related


class DualGate(nn.Module):
    """How much of the common and of a task's own vector it takes, dimension by dimension."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Linear(3 * width, 2 * width)

    def forward(self, fused: Tensor, common: Tensor, own: Tensor) -> Tensor:
        """Three times (..., d) -> (..., d)."""
        both = torch.sigmoid(self.gate(torch.cat([fused, common, own], dim=-1)))  # (..., 2d)
        alpha, beta = both.chunk(2, dim=-1)
        return alpha * common + beta * own


class RelationHead(nn.Module):
    """How one task moves another: ordinal, by a score and increasing thresholds."""

    def __init__(self, width: int, values: int, dropout: float) -> None:
        super().__init__()
        self.score = nn.Sequential(
            nn.Linear(4 * width, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, 1)
        )
        self.first = nn.Parameter(torch.tensor(-1.0))
        self.steps = nn.Parameter(torch.zeros(values - 2))

    @property
    def thresholds(self) -> Tensor:
        """(C - 1,), increasing whatever the parameters are."""
        steps = torch.cumsum(nn.functional.softplus(self.steps), dim=0)
        return torch.cat([self.first[None], self.first + steps])

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Twice (..., d) -> logits (..., C - 1) of being above each value but the last."""
        pair = torch.cat([source, target, source * target, (source - target).abs()], dim=-1)
        return self.score(pair) - self.thresholds


def expected_correlation(above: Tensor) -> Tensor:
    """Logits (..., C - 1) of being above -> the expected correlation from -1 to 1, (...)."""
    return 2 * torch.sigmoid(above).mean(dim=-1) - 1


class RelationGates(nn.Module):
    """See the module. `relations` is one of recipes.RELATIONS: "supervised" and "shuffled" differ
    in what they are trained on alone; "off": gates without any supervision; "detached": what the
    gates do to tasks teaches the relation heads nothing; "auxiliary": relation heads without gates.
    """

    def __init__(
        self,
        width: int,
        tasks: Sequence[Task],
        dropout: float,
        relations: str,
        priors: Mapping[str, float],
        tower: Callable[[], Tower],
    ) -> None:
        super().__init__()
        own, related = split_tasks(tasks)
        self.tasks = [task.key for task in own]
        self.relations = relations
        self.related = {task.key: (task.source, task.target) for task in related}
        self.common = tower()
        self.own = ByTask({key: tower() for key in self.tasks})
        self.dual = ByTask({key: DualGate(width) for key in self.tasks})
        self.heads = ByTask(
            {task.key: RelationHead(width, len(task.classes), dropout) for task in related}
        )
        self.carry = ByTask({key: nn.Linear(width, width, bias=False) for key in self.heads})
        self.strength = ParametersByTask(
            {key: nn.Parameter(torch.tensor(RELATION_STRENGTH)) for key in self.heads}
        )
        stated = set(self.related.values())
        self.free = [
            (a, b) for a in self.tasks for b in self.tasks if a != b and (a, b) not in stated
        ]
        self.free_gates = nn.Linear(width, len(self.free)) if self.free else None
        self.free_carry = nn.Linear(width, width, bias=False)
        self.free_strength = nn.Parameter(torch.full((len(self.free),), FREE_STRENGTH))
        self.norm = ByTask({key: nn.LayerNorm(width) for key in self.tasks})
        self.ties = self._ties(priors)

    def forward(self, fused: Tensor, mask: Tensor) -> SharingOutput:
        """Fused (B, T, d), mask (B, T) -> vectors (B, T, d), relations, gates and penalties."""
        common = self.common(fused, mask)  # (B, T, d)
        private = {key: each(fused, mask) for key, each in self.own.items()}
        gated = {key: self.dual[key](fused, common, private[key]) for key in self.tasks}
        above, gates = {}, {}
        for key, (source, target) in self.related.items():
            above[key] = self.heads[key](gated[source], gated[target])  # (B, T, C - 1)
            gates[key] = self.gate(key, above[key])  # (B, T)
        vectors = self._exchanged(fused, gated, gates)
        sparsity = fused.new_zeros(())
        if self.free_gates is not None:
            sparsity = torch.tanh(self.free_gates(fused))[mask].abs().mean()
        penalties = {
            "orthogonality": self._overlap(common, private, mask),
            "sparsity": sparsity,
            "distance": self._tower_distance(),
        }
        return SharingOutput(vectors, above, gates, penalties)

    def gate(self, key: str, above: Tensor) -> Tensor:
        """The gate of a correlation, (B, T)."""
        expected = expected_correlation(above)
        if self.relations == "auxiliary":
            return torch.zeros_like(expected)
        return expected.detach() if self.relations == "detached" else expected

    def _exchanged(
        self, fused: Tensor, gated: dict[str, Tensor], gates: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        moved = dict(gated)
        for key, (source, target) in self.related.items():
            carried = self.carry[key](gated[source])  # (B, T, d)
            step = self.strength[key] * gates[key][..., None] * carried
            moved[target] = moved[target] + step
        if self.free_gates is not None:
            free = torch.tanh(self.free_gates(fused)) * self.free_strength  # (B, T, F)
            for number, (source, target) in enumerate(self.free):
                step = free[..., number, None] * self.free_carry(gated[source])
                moved[target] = moved[target] + step
        return {key: self.norm[key](moved[key]) for key in self.tasks}

    def _overlap(self, common: Tensor, private: dict[str, Tensor], mask: Tensor) -> Tensor:
        """How far common and own vectors span the same directions, a mean over tasks."""
        shared = nn.functional.normalize(common[mask], dim=0)  # (N, d)
        overlaps = [
            (shared.T @ nn.functional.normalize(own[mask], dim=0)).square().mean()
            for own in private.values()
        ]
        return torch.stack(overlaps).mean()

    def _ties(self, priors: Mapping[str, float]) -> dict[tuple[str, str], float]:
        stated = {
            frozenset(pair): priors.get(key, DEFAULT_TIE) for key, pair in self.related.items()
        }
        pairs = [(a, b) for i, a in enumerate(self.tasks) for b in self.tasks[i + 1 :]]
        return {pair: stated.get(frozenset(pair), DEFAULT_TIE) for pair in pairs}

    def _tower_distance(self) -> Tensor:
        distances = [
            w * parameter_distance(self.own[a], self.own[b]) for (a, b), w in self.ties.items()
        ]
        return torch.stack(distances or [self.free_strength.sum() * 0]).sum()
