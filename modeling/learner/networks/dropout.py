"""Dropout whose mask costs an eighth of a random number an element on a CPU."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

STEPS = 256  # a mask is drawn in bytes, so a rate is a multiple of 1/256


class _Masked(torch.autograd.Function):
    """x * kept * scale in its place, with nothing of x's size kept but the mask's bytes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kept: Tensor, scale: float, inplace: bool) -> Tensor:
        ctx.save_for_backward(kept)
        ctx.scale = scale
        if inplace:
            ctx.mark_dirty(x)
            return x.mul_(kept).mul_(scale)
        return torch.mul(x, kept).mul_(scale)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (kept,) = ctx.saved_tensors
        return torch.mul(gradient, kept).mul_(ctx.scale), None, None, None


class Dropout(nn.Module):
    """As nn.Dropout, with the rate rounded to 1/256 on a CPU; there bytes of 64-bit random numbers
    are the mask, as drawing one number an element takes as long as the layers around it. `inplace`
    overwrites x, which must not be needed for any gradient.
    """

    def __init__(self, p: float, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout must be in [0, 1), not {p}.")
        self.p, self.cut, self.inplace = p, round(p * STEPS), inplace

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape -> the same."""
        if not self.training or not self.cut:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.p, inplace=self.inplace)
        words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
        kept = words.view(torch.uint8)[: x.numel()].view(x.shape) >= self.cut
        scale = STEPS / (STEPS - self.cut)
        masked: Tensor = _Masked.apply(x, kept, scale, self.inplace)  # type: ignore[no-untyped-call]
        return masked

    def extra_repr(self) -> str:
        return f"p={self.p}"
