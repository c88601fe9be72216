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
        told, hidden = torch.empty_like(cells), torch.empty_like(cells)
        for t in range(steps):
            gate = gates[t]
            if t:
                torch.addmm(projected[t], hidden[t - 1], turned, out=gate)
            else:
                gate.copy_(projected[t])
            gate[:, : 3 * size].sigmoid_()
            gate[:, 3 * size :].tanh_()
            i, f, o, g = gate.chunk(4, dim=1)
            torch.mul(i, g, out=cells[t])
            if t:
                cells[t].addcmul_(f, cells[t - 1])
            torch.tanh(cells[t], out=told[t])
            torch.mul(o, told[t], out=hidden[t])
        ctx.save_for_backward(gates, cells, told, hidden, recurrent)
        return hidden, cells

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_hidden: Tensor, d_cells: Tensor) -> tuple[Tensor, Tensor]:
        gates, cells, told, hidden, recurrent = ctx.saved_tensors
        steps, _, size = hidden.shape
        i, f, o, g = gates.chunk(4, dim=2)
        # what does not depend on later steps, for all steps at once
        slopes = torch.cat(
            [g * i * (1 - i), torch.zeros_like(f), told * o * (1 - o), i * (1 - g * g)], 2
        )
        slopes[1:, :, size : 2 * size] = cells[:-1] * f[1:] * (1 - f[1:])
        through = o * (1 - told * told)  # (T, N, H)
        d_gates = torch.empty_like(gates)
        d_h, d_c = d_hidden[-1], d_cells[-1]
        for t in range(steps - 1, -1, -1):
            d_c = torch.addcmul(d_c, d_h, through[t])
            d_gate = d_gates[t]
            torch.mul(slopes[t].view(-1, 4, size), d_c[:, None], out=d_gate.view(-1, 4, size))
            torch.mul(slopes[t, :, 2 * size : 3 * size], d_h, out=d_gate[:, 2 * size : 3 * size])
            if t:
                d_h = torch.addmm(d_hidden[t - 1], d_gate, recurrent)
                d_c = torch.addcmul(d_cells[t - 1], d_c, f[t])
        d_recurrent = d_gates[1:].flatten(0, 1).t() @ hidden[:-1].flatten(0, 1)
        return d_gates, d_recurrent


class LSTM(nn.Module):
    """Layers of one direction over (T, N, D); gives hidden states and cells of the last, (T, N, H).

    Parameters are named and shaped as those of torch.nn.LSTM. Between layers is dropout.
    """

    def __init__(self, dims: int, width: int, layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        reference = nn.LSTM(dims, width, layers)
        for name, value in reference.named_parameters():
            self.register_parameter(name, nn.Parameter(value.detach()))
        self.layers, self.width = layers, width
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for layer in range(self.layers):
            x, cells = self._run(self.drop(x) if layer else x, layer)
        return x, cells

    def _run(self, x: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        own = {name: getattr(self, f"{name}_l{layer}") for name in
               ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}  # fmt: skip
        bias = self._ordered(own["bias_ih"] + own["bias_hh"])
        projected = nn.functional.linear(x, self._ordered(own["weight_ih"]), bias)
        recurrent = self._ordered(own["weight_hh"])
        found: tuple[Tensor, Tensor] = _Layer.apply(projected, recurrent)  # type: ignore[no-untyped-call]
        return found

    def _ordered(self, rows: Tensor) -> Tensor:
        """Rows of gates i, f, g, o -> i, f, o, g."""
        i, f, g, o = rows.chunk(4)
        return torch.cat([i, f, o, g])
