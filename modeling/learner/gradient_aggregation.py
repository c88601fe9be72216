"""One gradient a task, aggregated so that tasks do not work against each other (TorchJD)."""

from collections.abc import Sequence

from torch import Tensor
from torchjd.aggregation import IMTLG, Aggregator, AlignedMTL, PCGrad, UPGrad
from torchjd.autojac import backward as jacobians
from torchjd.autojac import jac_to_grad

from modeling.learner.losses import LossTerms


class GradientAggregation:
    """One gradient a loss, brought together so that none is worked against (TorchJD).

    "pcgrad" Yu et al. 2020, "upgrad" Quinton & Rey 2024, "alignedmtl" Senushkin et al. 2023,
    "imtlg" Liu et al. 2021.
    """

    def __init__(self, method: str) -> None:
        self.aggregator: Aggregator = {
            "pcgrad": PCGrad, "upgrad": UPGrad, "alignedmtl": AlignedMTL, "imtlg": IMTLG,
        }[method]()  # fmt: skip

    def backward(self, terms: LossTerms, relation_weight: float) -> None:
        """Leave gradients on every parameter that the terms depend on."""
        rows = [*terms.tasks.values(), *(relation_weight * t for t in terms.related.values())]
        if terms.penalty.requires_grad:
            terms.penalty.backward(retain_graph=True)
        # one after the other: recurrent networks cannot be differentiated many at once
        leaves = _leaf_parameters(rows)
        jacobians(rows, inputs=leaves, parallel_chunk_size=1)
        jac_to_grad(leaves, self.aggregator)


def _leaf_parameters(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The parameters that some tensors depend on."""
    leaves: dict[int, Tensor] = {}
    seen, pending = set(), [t.grad_fn for t in tensors]
    while pending:
        node = pending.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            leaves[id(node.variable)] = node.variable
        pending += [each for each, _ in node.next_functions]
    return list(leaves.values())
