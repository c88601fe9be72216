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
dialogues, are one product a step: see dialogue_states.py. A turn behind the end changes none before
it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.dialogue_states import grus, last_turns, party_states
from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import UtteranceEncoders, attend
from modeling.learner.recipes import Recipe


class Parties(nn.Module):
    """The dialogue's GRU and the party's of both directions, and what the attention asks.

    Weights lie as products over all four read them: `said` reads u, of each direction the gates of
    g and of q; `states` reads g and q of the one direction, then of the other, and `read` what they
    read besides u, which is q for g, and c for q.
    """

    def __init__(self, dims: int, width: int) -> None:
        super().__init__()
        self.said = nn.Parameter(torch.empty(2, dims, 6 * width))
        self.states, self.read = (nn.Parameter(torch.empty(4, width, 3 * width)) for _ in range(2))
        self.said_bias = nn.Parameter(torch.empty(2, 1, 6 * width))
        self.states_bias = nn.Parameter(torch.empty(4, 3 * width))
        self.about = nn.Parameter(torch.empty(2, dims, width))
        start_gru(self, width)
        nn.init.uniform_(self.about, -(dims**-0.5), dims**-0.5)  # as a linear layer begins

    def forward(self, turns: Tensor, speakers: Tensor) -> Tensor:
        """Turns (2, T, B, D) in the order of their direction, who speaks (2, B, T) -> q of whoever
        speaks, (T, 2, B, d).
        """
        _, steps, batch, _ = turns.shape
        flat = turns.flatten(1, 2)  # (2, T B, D)
        said = torch.baddbmm(self.said_bias, flat, self.said).view(2, steps, batch, 2, -1)
        asked = torch.bmm(flat, self.about).view(2, steps, batch, -1)
        return party_states(
            said.permute(1, 0, 3, 2, 4),  # (T, 2, 2, B, 3d)
            torch.cat([self.states, self.read]),
            self.states_bias,
            asked.transpose(1, 2).flatten(0, 1),  # (2 B, T, d)
            last_turns(speakers),
        )


class Emotions(nn.Module):
    """GRU_E of both directions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.parties, self.states = (
            nn.Parameter(torch.empty(2, width, 3 * width)) for _ in range(2)
        )
        self.parties_bias = nn.Parameter(torch.empty(2, 1, 3 * width))
        self.states_bias = nn.Parameter(torch.empty(2, 3 * width))
        start_gru(self, width)

    def forward(self, parties: Tensor) -> Tensor:
        """q (T, 2, B, d) -> e (T, 2, B, d)."""
        steps, _, batch, _ = parties.shape
        flat = parties.transpose(0, 1).flatten(1, 2)  # (2, T B, d)
        read = torch.baddbmm(self.parties_bias, flat, self.parties).view(2, steps, batch, -1)
        return grus(read.transpose(0, 1), self.states, self.states_bias)


def start_gru(module: nn.Module, width: int) -> None:
    """Begin as PyTorch's GRU does."""
    for parameter in module.parameters():
        nn.init.uniform_(parameter, -(width**-0.5), width**-0.5)


class DialogueRNN(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width = recipe.width
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.parties = Parties(len(sizes) * width, width)
        self.emotions = Emotions(width)
        self.match = nn.Linear(2 * width, 2 * width)
        self.project = nn.Linear(2 * width, 2 * width)
        self.drop = nn.Dropout(recipe.dropout)
        self.size = 2 * width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, 2d)."""
        mask, index = utterances.mask, utterances.index.clamp(min=0)
        encoded = self.encode(utterances)
        vectors = self.drop(torch.cat(list(encoded.values()), dim=-1))  # (N, M d)
        back = reversal(mask)  # (B, T)
        order = torch.stack([index, index.gather(1, back)])  # (2, B, T), rows behind the end too
        turns = vectors.index_select(0, order.transpose(1, 2).flatten())
        speakers = utterances.speaker * mask
        speakers = torch.stack([speakers, speakers.gather(1, back)])
        batch, steps = mask.shape
        emotions = self.emotions(self.parties(turns.view(2, steps, batch, -1), speakers))
        forward, backward = emotions.transpose(1, 2).flatten(0, 1).unbind(1)  # (T B, d), each way
        dialogue, turn = mask.nonzero().unbind(1)  # (N,)
        there = turn * batch + dialogue
        mirrored = back[dialogue, turn] * batch + dialogue
        both = [forward.index_select(0, there), backward.index_select(0, mirrored)]
        rows = self.drop(torch.cat(both, dim=-1))  # (N, 2d)
        placed = utterances.by_dialogue(rows)  # (B, T, 2d)
        scores = torch.tanh(utterances.by_dialogue(self.match(rows)) @ placed.transpose(1, 2))
        attended = utterances.by_utterance(attend(scores, placed, mask))  # (N, 2d)
        return Reading(self.drop(torch.relu(self.project(attended))))


def reversal(mask: Tensor) -> Tensor:
    """Of turns (B, T) the places (B, T) that turn each dialogue round and leave its end alone."""
    last = mask.sum(dim=1, keepdim=True) - 1
    places = torch.arange(mask.shape[1], device=mask.device)
    return torch.where(mask, last - places, places)
