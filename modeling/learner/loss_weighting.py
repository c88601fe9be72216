"""How the losses of several tasks become one: mean, learned uncertainty, or geometric mean."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from modeling.learner.networks.task_modules import ParametersByTask

INITIAL_LOG_VARIANCE = -0.5
LOG_VARIANCE_RANGE = (-2.0, 4.0)


class EqualWeighting(nn.Module):
    """The mean of the losses."""

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Task -> loss, scalars -> a scalar."""
        return torch.stack(list(losses.values())).mean()


class UncertaintyWeighting(nn.Module):
    """The mean of loss / (2 exp(s)) + s / 2, with a learned log variance s of each task (Kendall et
    al. 2018, equation 10).
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__()
        self.s = ParametersByTask(
            {task: nn.Parameter(torch.tensor(INITIAL_LOG_VARIANCE)) for task in tasks}
        )

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Task -> loss, scalars -> a scalar."""
        weighted = []
        for task, loss in losses.items():
            s = self.s[task].clamp(*LOG_VARIANCE_RANGE)
            weighted.append(loss / (2 * torch.exp(s)) + s / 2)
        return torch.stack(weighted).mean()


class GeometricWeighting(nn.Module):
    """The geometric mean of the losses (Chennupati et al. 2019), by TorchJD."""

    def __init__(self) -> None:
        super().__init__()
        # TorchJD takes half a second to import, which other weightings need not pay
        from torchjd.scalarization import GeometricMean

        self.mean = GeometricMean()

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Task -> loss, scalars -> a scalar."""
        return self.mean(torch.stack(list(losses.values())))
