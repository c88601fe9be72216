"""DialogueRNN (Majumder et al. 2019): states of the dialogue, of each party and of the emotion.

Of the turns u_1..u_T of a dialogue, each by one speaker s(t), with states g, q, e of d dimensions:

    g_t = GRU_G(g_{t-1}, [u_t; q_{s(t),t-1}])          the dialogue as a whole (equation 1)
    c_t = sum_{i<t} softmax_i(u_t W_a g_i) g_i         what of it this turn is about (2 to 4)
    q_{s(t),t} = GRU_P(q_{s(t),t-1}, [u_t; c_t])       the speaker (5)
    q_{i,t} = q_{i,t-1}                                everybody who listens (6)
    e_t = GRU_E(e_{t-1}, q_{s(t),t})                   the emotion (8)

in both directions with parameters of their own, then over e_t = [forward; backward] of all turns

    b_t = softmax_j(tanh((W e_t + b) e_j))             attention "general2"
    l_t = ReLU(W_l sum_j b_tj e_j + b_l)               (9), which the heads read

This is BiDialogueRNN+Att. A GRU for listeners (7) is left out, as in the paper's own main variant:
it reads faces of listeners, which no transcript has. The tanh in the attention is that of the
authors' program, not of equation 14. States begin as zeros, and so does c_1. All states are as wide
as the recipe says (the authors' program has 150, 150 and 100 for MELD). Dropout is before the first
layer and on e; what the paper does inside the recurrence is not said. A modality that an utterance
lacks is zeros in u_t; a party is a speaker's number within the dialogue.

Both GRUs of a step read only what the step before left, so that both, of both directions and of all
dialogues, are one product a step; a turn behind the end changes none before it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import UtteranceEncoders, attend
from modeling.learner.recipes import Recipe


class Direction(nn.Module):
    """The parameters of one direction; DialogueRNN computes with those of both at once."""

    def __init__(self, dims: int, width: int) -> None:
        super().__init__()
        self.dialogue = nn.GRUCell(dims + width, width)  # reads [u; q]
        self.party = nn.GRUCell(dims + width, width)  # reads [u; c]
        self.about = nn.Linear(dims, width, bias=False)
        self.emotion = nn.GRU(width, width, batch_first=True)


class DialogueRNN(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width, self.dims = recipe.width, len(sizes) * recipe.width
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.directions = nn.ModuleList(Direction(self.dims, width) for _ in range(2))
        self.match = nn.Linear(2 * width, 2 * width)
        self.project = nn.Linear(2 * width, 2 * width)
        self.drop = nn.Dropout(recipe.dropout)
        self.width, self.size = width, 2 * width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, 2d)."""
        mask = utterances.mask
        encoded = self.encode(utterances)
        vectors = self.drop(torch.cat(list(encoded.values()), dim=-1))  # (N, M d)
        turns = utterances.by_dialogue(vectors)  # (B, T, M d)
        back = reversal(mask)  # (B, T)
        rows = torch.arange(len(back), device=back.device)[:, None]
        speakers = utterances.speaker * mask
        parties = self.parties(
            torch.stack([turns, turns[rows, back]]),  # (2, B, T, M d)
            torch.stack([speakers, speakers[rows, back]]),  # (2, B, T)
        )  # (2, B, T, d)
        first, second = (
            direction.emotion(states)[0]  # type: ignore[operator]
            for direction, states in zip(self.directions, parties, strict=True)
        )
        emotions = torch.cat([first, second[rows, back]], dim=-1)  # (B, T, 2d)
        emotions = self.drop(emotions) * mask[..., None]
        scores = torch.tanh(self.match(emotions) @ emotions.transpose(1, 2))  # (B, T, T)
        attended = attend(scores, emotions, mask)  # (B, T, 2d)
        return Reading(self.drop(torch.relu(self.project(utterances.by_utterance(attended)))))

    def parties(self, turns: Tensor, speakers: Tensor) -> Tensor:
        """Turns (2, B, T, D) in the order of their direction, who speaks (2, B, T) -> q of whoever
        speaks, (2, B, T, d).
        """
        _, batch, steps, dims = turns.shape
        width = self.width
        reading, recurrent, bias, about = self._weights()
        flat = turns.transpose(1, 2).reshape(2, steps * batch, dims)
        gates = torch.baddbmm(bias, flat, reading).view(2, steps, batch, -1).unbind(1)
        queries = torch.bmm(flat, about).view(2, steps, batch, width, 1).unbind(1)
        who = speakers.permute(2, 0, 1)[..., None, None].expand(steps, 2, batch, 1, width)
        count = int(speakers.max()) + 1
        speaks = nn.functional.one_hot(speakers, count).bool().permute(2, 0, 1, 3)[..., None]
        party = turns.new_zeros(2, batch, count, width)
        state, past, spoken = turns.new_zeros(2, batch, 2 * width), None, []
        context = turns.new_zeros(2, batch, width)
        for step, (mine, own, gate) in enumerate(
            zip(who.unbind(), speaks.unbind(), gates, strict=True)
        ):
            before = party.gather(2, mine).squeeze(2)  # (2, B, d)
            if past is not None:
                heed = torch.softmax(past @ queries[step], dim=2)  # (2, B, t, 1)
                context = (heed.transpose(2, 3) @ past).squeeze(2)  # (2, B, d)
            known = torch.cat([state[..., :width], before, context], dim=-1)  # (2, B, 3d)
            state = self._step(torch.baddbmm(gate, known, recurrent), known)
            heard, q = state.chunk(2, dim=-1)
            party = torch.where(own, q[:, :, None], party)
            spoken.append(q)
            new = heard[:, :, None]  # (2, B, 1, d)
            past = new if past is None else torch.cat([past, new], dim=2)  # (2, B, t, d)
        return torch.stack(spoken, dim=2)

    def _step(self, gates: Tensor, known: Tensor) -> Tensor:
        """Both GRUs: gates (2, B, 8d), of which r and z of both, what n reads of inputs, and of
        states -> the new g and q, (2, B, 2d).
        """
        double = 2 * self.width
        reset, keep = torch.sigmoid(gates[..., : 2 * double]).chunk(2, dim=-1)
        inner, outer = gates[..., 2 * double :].chunk(2, dim=-1)
        candidate = torch.tanh(torch.addcmul(inner, reset, outer))
        return torch.lerp(candidate, known[..., :double], keep)

    def _weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of both directions what reads u (2, D, 8d), what reads [g; q; c] (2, 3d, 8d), the biases
        (2, 1, 8d) and W_a (2, D, d), from the parameters of the cells.

        The columns are r, z, the input of n and the state of n, each of g and then of q.
        """
        dims, width = self.dims, self.width
        cells = [(each.dialogue, each.party) for each in self.directions]

        def of(name: str) -> Tensor:
            """A parameter by direction and cell, (2, 2, 3d, ...)."""
            return torch.stack([torch.stack([getattr(c, name) for c in pair]) for pair in cells])

        inputs, hidden = of("weight_ih"), of("weight_hh")
        said = inputs[..., :dims].view(2, 2, 3, width, dims).transpose(1, 2)  # (2, 3, cell, d, D)
        reading = torch.cat([said, torch.zeros_like(said[:, :1])], dim=1)  # (2, 4, cell, d, D)
        other = inputs[..., dims:].view(2, 2, 3, width, width)
        hidden = hidden.view(2, 2, 3, width, width)
        recurrent = inputs.new_zeros(2, 4, 2, width, 3, width)
        for cell in range(2):  # its state is the part of this number, its other input the next
            recurrent[:, :2, cell, :, cell] = hidden[:, cell, :2]
            recurrent[:, 3, cell, :, cell] = hidden[:, cell, 2]
            recurrent[:, :3, cell, :, cell + 1] = other[:, cell]
        from_input = of("bias_ih").view(2, 2, 3, width).transpose(1, 2)
        from_state = of("bias_hh").view(2, 2, 3, width).transpose(1, 2)
        bias = torch.cat(
            [from_input[:, :2] + from_state[:, :2], from_input[:, 2:], from_state[:, 2:]], dim=1
        )
        about = torch.stack([each.about.weight.t() for each in self.directions])  # type: ignore[union-attr, operator]
        return (
            reading.reshape(2, 8 * width, dims).transpose(1, 2),
            recurrent.reshape(2, 8 * width, 3 * width).transpose(1, 2),
            bias.reshape(2, 1, 8 * width),
            about,
        )


def reversal(mask: Tensor) -> Tensor:
    """Of turns (B, T) the places (B, T) that turn each dialogue round and leave its end alone."""
    last = mask.sum(dim=1, keepdim=True) - 1
    places = torch.arange(mask.shape[1], device=mask.device)
    return torch.where(mask, last - places, places)
