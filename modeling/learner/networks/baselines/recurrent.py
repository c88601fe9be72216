"""Early fusion by an LSTM, and the Memory Fusion Network (Zadeh et al. 2018a)."""

import torch
from torch import Tensor, nn

from modeling.learner.networks.dropout import Dropout
from modeling.learner.networks.lstm import LSTM

NO_ATTENTION = -1e4  # a score that is nothing in a softmax, also in half precision


def align(frames: Tensor, steps: int) -> Tensor:
    """Frames (N, L, D) as `steps` means (N, steps, D); the last frame fills up what is missing.

    As MMSA pools: the frames of a mean lie `steps` apart, so it is a crude alignment and kept to be
    comparable.
    """
    size, length, dims = frames.shape
    if length == steps:
        return frames
    rounds = -(-length // steps)
    pooled = frames.new_zeros(size, steps, dims)
    for start in range(0, length, steps):
        part = frames[:, start : start + steps]
        pooled[:, : part.shape[1]] += part
    if length % steps:
        pooled[:, length % steps :] += frames[:, -1:]
    return pooled / rounds


class EarlyFusionLSTM(nn.Module):
    """All modalities side by side through one LSTM (EF-LSTM)."""

    def __init__(
        self,
        dims: tuple[int, int, int],
        steps: int,
        width: int,
        layers: int,
        dropout: float,
        outputs: int,
    ) -> None:
        super().__init__()
        self.steps = steps
        self.sizes: Tensor
        self.register_buffer("sizes", torch.tensor(dims), persistent=False)
        self.norm = nn.BatchNorm1d(steps)
        self.lstm = LSTM(sum(dims), width, layers, dropout)
        self.drop = nn.Dropout(dropout)
        self.linear, self.out = nn.Linear(width, width), nn.Linear(width, outputs)

    def forward(
        self, text: Tensor, audio: Tensor, vision: Tensor, present: Tensor | None = None
    ) -> Tensor:
        """Text (N, T, Dt), audio (N, La, Da), vision (N, Lv, Dv), `present` (N, 3) false where one
        is missing -> (N, outputs).
        """
        beside = torch.cat([align(x, self.steps) for x in (text, audio, vision)], dim=-1)
        # the norm's own scale and shift go into the LSTM's projection, which is far narrower
        norm = self.norm
        normed = nn.functional.batch_norm(
            beside, norm.running_mean, norm.running_var, None, None, self.training,
            norm.momentum or 0.0, norm.eps,
        )  # fmt: skip
        if present is None or bool(present.all()):
            hidden, _ = self.lstm(normed, norm.weight, norm.bias)
        else:  # what is missing is zeros behind the norm, whatever its shift is
            there = present.repeat_interleave(self.sizes, dim=1)[:, None]  # (N, 1, D)
            hidden, _ = self.lstm((normed * norm.weight[:, None] + norm.bias[:, None]) * there)
        activated = torch.relu(self.linear(self.drop(hidden[-1])))
        return self.out(self.drop(activated))


class MemoryFusion(nn.Module):
    """An LSTM a modality; attention over what their cells hold before and after each step writes a
    memory of several views.

    The LSTMs do not read the memory, so everything but the memory itself is computed for all steps
    at once.
    """

    def __init__(
        self, dims: tuple[int, int, int], steps: int, widths: tuple[int, int, int], memory: int,
        attention: int, candidate: int, gates: tuple[int, int], head: int,
        dropouts: tuple[float, float, float, float, float], outputs: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.steps, self.memory = steps, memory
        self.sizes: Tensor
        self.register_buffer("sizes", torch.tensor(widths), persistent=False)
        self.lstms = nn.ModuleList(LSTM(d, w) for d, w in zip(dims, widths, strict=True))
        total = sum(widths)
        self.att1_fc1, self.att1_fc2 = (
            nn.Linear(2 * total, attention),
            nn.Linear(attention, 2 * total),
        )
        self.att2_fc1, self.att2_fc2 = nn.Linear(2 * total, candidate), nn.Linear(candidate, memory)
        self.gamma1_fc1 = nn.Linear(2 * total + memory, gates[0])
        self.gamma1_fc2 = nn.Linear(gates[0], memory)
        self.gamma2_fc1 = nn.Linear(2 * total + memory, gates[1])
        self.gamma2_fc2 = nn.Linear(gates[1], memory)
        self.out_fc1, self.out_fc2 = nn.Linear(total + memory, head), nn.Linear(head, outputs)
        self.drops = nn.ModuleList(Dropout(p) for p in dropouts)

    def forward(
        self, text: Tensor, audio: Tensor, vision: Tensor, present: Tensor | None = None
    ) -> Tensor:
        """Text (N, T, Dt), audio (N, La, Da), vision (N, Lv, Dv), `present` (N, 3) false where one
        is missing -> (N, outputs). Of a missing one the cells are zeros and get no attention.
        """
        inputs = [align(x, self.steps) for x in (text, audio, vision)]
        states, cells = zip(*(lstm(x) for lstm, x in zip(self.lstms, inputs, strict=True)))
        hidden: list[Tensor] = list(states)
        there: Tensor | None = None
        if present is not None and not bool(present.all()):
            own = present.unbind(1)
            hidden = [h * each[:, None] for h, each in zip(hidden, own, strict=True)]
            there = present.repeat_interleave(self.sizes, dim=1)  # (N, d)
        now = torch.cat(cells, dim=2)  # (T, N, d)
        if there is not None:
            now = now * there
        before = torch.cat([torch.zeros_like(now[:1]), now[:-1]])
        both = torch.cat([before, now], dim=2)  # (T, N, 2d)
        scores = self.att1_fc2(self.drops[0](torch.relu(self.att1_fc1(both))))
        if there is not None:
            scores = scores.masked_fill(~torch.cat([there, there], dim=1), NO_ATTENTION)
        attended = torch.softmax(scores, dim=2) * both
        wanted = torch.tanh(self.att2_fc2(self.drops[1](torch.relu(self.att2_fc1(attended)))))
        memory = self._remembered(attended, wanted)
        last = torch.cat([*(h[-1] for h in hidden), memory], dim=1)
        return self.out_fc2(self.drops[4](torch.relu(self.out_fc1(last))))

    def _remembered(self, attended: Tensor, wanted: Tensor) -> Tensor:
        """Step by step what the two gates keep and write, (N, memory)."""
        size = attended.shape[2]
        seen = torch.cat([self.gamma1_fc1.weight[:, :size], self.gamma2_fc1.weight[:, :size]])
        own = torch.cat([self.gamma1_fc1.weight[:, size:], self.gamma2_fc1.weight[:, size:]])
        bias = torch.cat([self.gamma1_fc1.bias, self.gamma2_fc1.bias])
        gate_input = nn.functional.linear(attended, seen, bias)  # (T, N, both gates)
        masks = [self._mask(place, gate_input.shape[:2]) for place in (0, 1)]
        first = self.gamma1_fc1.out_features
        memory = wanted.new_zeros(wanted.shape[1], self.memory)
        for step in range(len(attended)):
            hidden = torch.relu(torch.addmm(gate_input[step], memory, own.t()))
            keep = self.gamma1_fc2(hidden[:, :first] * masks[0][step])
            write = self.gamma2_fc2(hidden[:, first:] * masks[1][step])
            memory = torch.sigmoid(keep) * memory + torch.sigmoid(write) * wanted[step]
        return memory

    def _mask(self, place: int, shape: tuple[int, ...]) -> Tensor:
        """Dropout masks of a gate for all steps, (T, N, width)."""
        width = (self.gamma1_fc1, self.gamma2_fc1)[place].out_features
        mask: Tensor = self.drops[2 + place](self.out_fc1.weight.new_ones(*shape, width))
        return mask
