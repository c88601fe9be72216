"""Weighing tasks by TorchJD: one gradient a loss brought together, or a mean of the losses."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torchjd.aggregation import IMTLG, Aggregator, AlignedMTL, PCGrad, UPGrad
from torchjd.autojac import backward as jacobians
from torchjd.autojac import jac_to_grad
from torchjd.scalarization import GeometricMean

from modeling.learner.losses import Terms


class Geometric(nn.Module):
    """The geometric mean of the losses (Chennupati et al. 2019), by TorchJD."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = GeometricMean()

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        return self.mean(torch.stack(list(losses.values())))


class GradientBalance:
    """One gradient a loss, brought together so that none is worked against (TorchJD).

    "pcgrad" Yu et al. 2020, "upgrad" Quinton & Rey 2024, "alignedmtl" Senushkin et al. 2023,
    "imtlg" Liu et al. 2021.
    """

    def __init__(self, method: str) -> None:
        self.aggregator: Aggregator = {
            "pcgrad": PCGrad, "upgrad": UPGrad, "alignedmtl": AlignedMTL, "imtlg": IMTLG,
        }[method]()  # fmt: skip

    def backward(self, terms: Terms, relation_weight: float) -> None:
        """Leave gradients on every parameter that the terms depend on."""
        rows = [*terms.tasks.values(), *(relation_weight * t for t in terms.related.values())]
        if terms.penalty.requires_grad:
            terms.penalty.backward(retain_graph=True)
        # one after the other: recurrent networks cannot be differentiated many at once
        leaves = _leaves(rows)
        jacobians(rows, inputs=leaves, parallel_chunk_size=1)
        jac_to_grad(leaves, self.aggregator)


def _leaves(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The parameters that some tensors depend on."""
    found: dict[int, Tensor] = {}
    seen, waiting = set(), [t.grad_fn for t in tensors]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found[id(node.variable)] = node.variable
        waiting += [each for each, _ in node.next_functions]
    return list(found.values())
