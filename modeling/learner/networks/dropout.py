"""Dropout whose mask costs an eighth of a random number an element on a CPU."""

import torch
from torch import Tensor, nn

STEPS = 256  # a mask is drawn in bytes, so a rate is a multiple of 1/256


class Dropout(nn.Module):
    """As nn.Dropout, with the rate rounded to 1/256 on a CPU; there bytes of 64-bit random numbers
    are the mask, as drawing one number an element takes as long as the layers around it.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout must be in [0, 1), not {p}.")
        self.p, self.cut = p, round(p * STEPS)

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape -> the same."""
        if not self.training or not self.cut:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.p)
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= self.cut
        return x * (kept * (STEPS / (STEPS - self.cut)))

    def extra_repr(self) -> str:
        return f"p={self.p}"
