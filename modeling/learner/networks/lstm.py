"""An LSTM whose backward pass is written out: fewer, larger operations than autograd's.

The same function as torch.nn.LSTM, the same parameters by the same names.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class _Layer(torch.autograd.Function):
    """One layer, one direction. Gates in the order i, f, o, g: three sigmoids lie together."""

    @staticmethod
    def forward(ctx: Any, projected: Tensor, recurrent: Tensor) -> tuple[Tensor, Tensor]:
        """Projected inputs (T, N, 4H) with biases, recurrent weights (4H, H) -> hidden states and
        cells, both (T, N, H), from zeros.
        """
        steps, batch, width = projected.shape
        size = width // 4
        gates, turned = torch.empty_like(projected), recurrent.t()
        cells = projected.new_empty(steps, batch, size)
        squashed, hidden = torch.empty_like(cells), torch.empty_like(cells)
        # views of every step at once: making one costs as much as a small product
        gate, sigmoids, candidate = (
            x.unbind() for x in (gates, gates[..., :-size], gates[..., -size:])
        )
        i, f, o, g = (x.unbind() for x in gates.chunk(4, dim=2))
        p, c, m, h = (x.unbind() for x in (projected, cells, squashed, hidden))
        for t in range(steps):
            if t:
                torch.addmm(p[t], h[t - 1], turned, out=gate[t])
            else:
                gate[t].copy_(p[t])
            sigmoids[t].sigmoid_()
            candidate[t].tanh_()
            torch.mul(i[t], g[t], out=c[t])
            if t:
                c[t].addcmul_(f[t], c[t - 1])
            torch.tanh(c[t], out=m[t])
            torch.mul(o[t], m[t], out=h[t])
        ctx.save_for_backward(gates, cells, squashed, hidden, recurrent)
        return hidden, cells

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor, d_cells: Tensor) -> tuple[Tensor, Tensor]:
        gates, cells, squashed, hidden, recurrent = ctx.saved_tensors
        steps, _, size = hidden.shape
        i, f, o, g = gates.chunk(4, dim=2)
        # what does not depend on later steps, for all steps at once
        slopes = torch.cat(
            [g * i * (1 - i), torch.zeros_like(f), squashed * o * (1 - o), i * (1 - g * g)], 2
        )
        slopes[1:, :, size : 2 * size] = cells[:-1] * f[1:] * (1 - f[1:])
        through = (o * (1 - squashed * squashed)).unbind()  # (N, H) each
        d_gates = torch.empty_like(gates)
        wide = d_gates.view(steps, -1, 4, size).unbind()
        sloped = slopes.view(steps, -1, 4, size).unbind()
        out, slope_out = (x[..., 2 * size : 3 * size].unbind() for x in (d_gates, slopes))
        rows, from_hidden, from_cells, kept = (x.unbind() for x in (d_gates, d_hidden, d_cells, f))
        d_h, d_c = from_hidden[-1], from_cells[-1]
        for t in range(steps - 1, -1, -1):
            d_c = torch.addcmul(d_c, d_h, through[t])
            torch.mul(sloped[t], d_c[:, None], out=wide[t])
            torch.mul(slope_out[t], d_h, out=out[t])
            if t:
                d_h = torch.addmm(from_hidden[t - 1], rows[t], recurrent)
                d_c = torch.addcmul(from_cells[t - 1], d_c, kept[t])
        d_recurrent = d_gates[1:].flatten(0, 1).t() @ hidden[:-1].flatten(0, 1)
        return d_gates, d_recurrent


class LSTM(nn.Module):
    """Layers of one direction over (N, T, D); gives hidden states and cells of the last, (T, N, H).

    Parameters are named and shaped as those of torch.nn.LSTM. Between layers is dropout.
    """

    def __init__(self, dims: int, width: int, layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        reference = nn.LSTM(dims, width, layers)
        for name, value in reference.named_parameters():
            self.register_parameter(name, nn.Parameter(value.detach()))
        self.layers, self.width = layers, width
        self.drop = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, scale: Tensor | None = None, shift: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """x (N, T, D), of which `scale` times x plus `shift`, both (T,), is read where they are
        given: folded into the first projection, they need no gradient of x.
        """
        weight = self._ordered(self._of("weight_ih", 0))
        projected = nn.functional.linear(x, weight).transpose(0, 1)  # (T, N, 4H)
        if scale is not None and shift is not None:
            projected = scale[:, None, None] * projected + shift[:, None, None] * weight.sum(1)
        x, cells = self._run(projected, 0)
        for layer in range(1, self.layers):
            weight = self._ordered(self._of("weight_ih", layer))
            x, cells = self._run(nn.functional.linear(self.drop(x), weight), layer)
        return x, cells

    def _run(self, projected: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        bias = self._of("bias_ih", layer) + self._of("bias_hh", layer)
        projected = projected + self._ordered(bias)
        recurrent = self._ordered(self._of("weight_hh", layer))
        outputs: tuple[Tensor, Tensor] = _Layer.apply(projected, recurrent)  # type: ignore[no-untyped-call]
        return outputs

    def _of(self, name: str, layer: int) -> Tensor:
        parameter: Tensor = getattr(self, f"{name}_l{layer}")
        return parameter

    def _ordered(self, rows: Tensor) -> Tensor:
        """Rows of gates i, f, g, o -> i, f, o, g."""
        i, f, g, o = rows.chunk(4)
        return torch.cat([i, f, o, g])
