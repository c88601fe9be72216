"""The recurrences of DialogueRNN for all dialogues and both directions at once, with their backward
passes written out: a few operations a step, and each weight's gradient as one product.

A GRU reads inputs x and states h (Cho et al. 2014, as PyTorch has it):

    r = sigmoid(i_r + h_r)    z = sigmoid(i_z + h_z)    n = tanh(i_n + r h_n)    new = n + z (h - n)

with i and h linear in x and in the state, and so of the gradient D of what is new, with a = (1 - z)
(1 - n^2) D: a h_n r (1 - r) goes to r, (h - n) z (1 - z) D to z, a to i_n and a r to h_n.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def grus(projected: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
    """K GRUs at once: inputs projected, with their biases, (T, K, B, 3d), weights of the states (K,
    d, 3d) and their biases (K, 3d) -> states (T, K, B, d), from zeros.
    """
    return _in_full(_Grus, projected, weights, bias)


def party_states(
    projected: Tensor, weights: Tensor, bias: Tensor, queries: Tensor, before: Tensor
) -> Tensor:
    """The parties of DialogueRNN (equations 1 to 6).

    Rows of four are the dialogue's GRU and the party's of the one direction, then of the other; of
    eight those for states, and then those for what they read besides u (the party, the context).
    `projected` is u in the gates (T, 2, 2, B, 3d), `weights` (8, d, 3d), `bias` of states (4, 3d),
    `queries` u W_a (2B, T, d), `before` (2, B, T) one more than the turn in which the speaker spoke
    last, 0 for never. Gives q of whoever speaks, (T, 2, B, d).
    """
    return _in_full(_PartyStates, projected, weights, bias, queries, before)


def last_turns(speakers: Tensor) -> Tensor:
    """Speakers of turns (..., T) -> one more than the turn in which each spoke last, or 0."""
    place = torch.arange(speakers.shape[-1], device=speakers.device)
    same = (speakers[..., :, None] == speakers[..., None, :]) & (place < place[:, None])
    return ((place + 1) * same).amax(dim=-1)


def _in_full(function: Any, *values: Tensor) -> Tensor:
    """The function in float32, whatever autocast says."""
    with torch.autocast(values[0].device.type, enabled=False):
        found: Tensor = function.apply(*(x.float() if x.is_floating_point() else x for x in values))
    return found


class _Cells:
    """K GRUs at all steps, of whose gates (T, K, B, 3d) states make `h` and inputs `i`."""

    def __init__(self, h: Tensor, i: Tensor) -> None:
        width = h.shape[-1] // 3
        self.r = h.new_empty(*h.shape[:-1], width)
        self.z, self.n = torch.empty_like(self.r), torch.empty_like(self.r)
        # views of every step at once: making one costs as much as a small product
        self.steps = [x.unbind() for side in (h, i) for x in side.split(width, dim=-1)]
        self.gates = [x.unbind() for x in (self.r, self.z, self.n)]

    def step(self, t: int, state: Tensor, out: Tensor) -> None:
        """Of states (K, B, d) before step t those after it."""
        h_r, h_z, h_n, i_r, i_z, i_n = (x[t] for x in self.steps)
        r, z, n = (x[t] for x in self.gates)
        torch.add(h_r, i_r, out=r).sigmoid_()
        torch.add(h_z, i_z, out=z).sigmoid_()
        torch.addcmul(i_n, r, h_n, out=n).tanh_()
        torch.lerp(n, state, z, out=out)


def _slopes(h_n: Tensor, r: Tensor, z: Tensor, n: Tensor, state: Tensor) -> Tensor:
    """What the gates get of a gradient of what is new: of states, of inputs, (T, 2, K, B, 3, d)."""
    a = (1 - z) * (1 - n * n)
    found = a.new_empty(len(a), 2, *a.shape[1:-1], 3, a.shape[-1])
    (r_h, z_h, n_h), (r_i, z_i, n_i) = (side.unbind(-2) for side in found.unbind(1))
    torch.mul(a * h_n, r * (1 - r), out=r_h)
    torch.mul(state - n, z * (1 - z), out=z_h)
    torch.mul(a, r, out=n_h)
    for copy, value in ((r_i, r_h), (z_i, z_h), (n_i, a)):
        copy.copy_(value)
    return found


class _Grus(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, projected: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
        steps, count, batch, _ = projected.shape
        gates = bias[:, None].repeat(steps, 1, batch, 1)  # (T, K, B, 3d), of states
        states = projected.new_zeros(steps + 1, count, batch, weights.shape[1])
        cells, rows, gate = _Cells(gates, projected), states.unbind(), gates.unbind()
        for t in range(steps):
            if t:
                gate[t].baddbmm_(rows[t], weights)
            cells.step(t, rows[t], rows[t + 1])
        ctx.save_for_backward(weights, states, gates, cells.r, cells.z, cells.n)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        with torch.autocast(gradient.device.type, enabled=False):  # which may be on out there
            return _gradients_of_grus(ctx, gradient.float())


def _gradients_of_grus(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    weights, states, gates, r, z, n = ctx.saved_tensors
    slopes = _slopes(gates.chunk(3, dim=-1)[2], r, z, n, states[:-1])
    slope, to_states = slopes.unbind(), slopes[:, 0].flatten(-2).unbind()  # (K, B, 3d)
    given, keep, turned = gradient.unbind(), z.unbind(), weights.transpose(1, 2)
    later = given[-1]
    for t in range(len(given) - 1, -1, -1):
        slope[t].mul_(later[:, :, None])  # gradients of gates from here on
        if t:
            passed = torch.addcmul(given[t - 1], later, keep[t])
            later = torch.baddbmm(passed, to_states[t], turned)
    to_h, to_i = slopes.flatten(-2).unbind(1)  # (T, K, B, 3d)
    return to_i, _products(states[:-1], to_h), to_h.sum(dim=(0, 2))


class _PartyStates(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, projected: Tensor, weights: Tensor, bias: Tensor, queries: Tensor, before: Tensor
    ) -> Tensor:
        steps, *_, batch, _ = projected.shape
        width = weights.shape[1]
        gates = projected.new_empty(steps, 8, batch, 3 * width)
        gates[:, :4] = bias[:, None]
        gates[:, 4:].unflatten(1, (2, 2)).copy_(projected)
        read = projected.new_zeros(steps, 8, batch, width)  # g and q, q and c, of each direction
        states = projected.new_empty(steps, 4, batch, width)  # g and q after each turn
        heard = projected.new_empty(2 * batch, steps, width)  # g, as attention reads it
        spoken = projected.new_zeros(2, batch, steps + 1, width)  # q, after nothing at first
        heed = projected.new_zeros(2 * batch, steps, steps)  # of each turn to those before it
        cells = _Cells(gates[:, :4], gates[:, 4:])
        gate, reads, after = gates.unbind(), read.unbind(), states.unbind()
        by_kind = read.view(steps, 2, 2, 2, batch, width)
        of_states, of_inputs = by_kind.unbind(1)  # (T, 2, 2, B, d)
        g, q, q_again, c = (x.unbind() for side in (of_states, of_inputs) for x in side.unbind(2))
        new_g, new_q = (x.unbind() for x in states.view(steps, 2, 2, batch, width).unbind(2))
        to_hear, to_speak = heard.view(2, batch, steps, width).unbind(2), spoken.unbind(2)
        places = before[..., None].expand(-1, -1, -1, width).split(1, dim=2)
        asked = queries[..., None].unbind(1)
        for t in range(steps):
            if t:
                g[t].copy_(new_g[t - 1])
                q[t].copy_(spoken.gather(2, places[t]).squeeze(2))
                q_again[t].copy_(q[t])
                past = heard[:, :t]  # (2B, t, d)
                weight = torch.softmax(torch.bmm(past, asked[t]), dim=1)  # (2B, t, 1)
                heed[:, t, :t] = weight[..., 0]
                c[t].copy_(torch.bmm(weight.transpose(1, 2), past).view(2, batch, width))
                gate[t].baddbmm_(reads[t], weights)
            cells.step(t, reads[t][:4], after[t])
            to_hear[t].copy_(new_g[t])
            to_speak[t + 1].copy_(new_q[t])
        ctx.save_for_backward(
            weights, queries, before, gates, read, heard, heed, cells.r, cells.z, cells.n
        )
        return states.view(steps, 2, 2, batch, width)[:, :, 1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        with torch.autocast(gradient.device.type, enabled=False):  # which may be on out there
            return _gradients_of_parties(ctx, gradient.float())


def _gradients_of_parties(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    weights, queries, before, gates, read, heard, heed, r, z, n = ctx.saved_tensors
    steps, _, batch, width = n.shape
    slopes = _slopes(gates[:, :4, :, 2 * width :], r, z, n, read[:, :4])  # (T, 2, 4, B, 3, d)
    slope, keep, turned = slopes.unbind(), z.unbind(), weights.transpose(1, 2)
    to_gates = slopes.flatten(-2).flatten(1, 2)  # (T, 8, B, 3d)
    to_gate = to_gates.unbind()
    d_spoken = gradient.new_zeros(2, batch, steps + 1, width)
    d_spoken[:, :, 1:] = gradient.permute(1, 2, 0, 3)
    d_heard = torch.zeros_like(heard)  # (2B, T, d), by attention and by the next turn
    d_scores = torch.zeros_like(heed)
    places = before[..., None].expand(-1, -1, -1, width).split(1, dim=2)
    asked = queries.split(1, dim=1)
    for t in range(steps - 1, -1, -1):
        heard_later = d_heard[:, t].view(2, batch, width)
        later = torch.stack([heard_later, d_spoken[:, :, t + 1]], dim=1).flatten(0, 1)
        slope[t].mul_(later[:, :, None])  # gradients of gates from here on
        if not t:
            break
        d_read = torch.bmm(to_gate[t], turned)  # (8, B, d)
        d_read[:4].addcmul_(later, keep[t])
        sides = d_read.view(2, 2, 2, batch, width)
        d_heard[:, t - 1] += sides[0, :, 0].reshape(2 * batch, width)
        d_before = (sides[0, :, 1] + sides[1, :, 0])[:, :, None]  # (2, B, 1, d)
        d_spoken.scatter_add_(2, places[t], d_before)
        d_context = sides[1, :, 1].reshape(2 * batch, 1, width)
        past, weight = heard[:, :t], heed[:, t, :t, None]  # (2B, t, d), (2B, t, 1)
        d_weight = torch.bmm(past, d_context.transpose(1, 2))  # (2B, t, 1)
        d_score = weight * (d_weight - (weight * d_weight).sum(dim=1, keepdim=True))
        d_scores[:, t, :t] = d_score[..., 0]
        d_heard[:, :t].addcmul_(weight, d_context).addcmul_(d_score, asked[t])
    to_h, to_i = to_gates.chunk(2, dim=1)
    to_u = to_i.unflatten(1, (2, 2))
    d_queries = torch.bmm(d_scores, heard)
    return to_u, _products(read, to_gates), to_h.sum(dim=(0, 2)), d_queries, None


def _products(read: Tensor, gradient: Tensor) -> Tensor:
    """What was read (T, K, B, d), gradients of its gates (T, K, B, 3d) -> of weights (K, d, 3d)."""
    rows, found = (x.transpose(0, 1).flatten(1, 2) for x in (read, gradient))  # (K, T B, ...)
    return rows.transpose(1, 2) @ found
