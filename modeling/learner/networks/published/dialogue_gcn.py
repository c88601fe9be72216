"""DialogueGCN: a graph of who speaks to whom (Ghosal, Majumder, Poria, Chhaya and Gelbukh 2019).

Of the utterances u_1..u_T of a dialogue, d dimensions (section 3):

    g_t   = BiGRU(u_1 .. u_T)                                          (T, d), half of it each way
    a_ij  = softmax over j in i's window of g_i' W_e g_j               (T, T), 10 turns each way
    h1_i  = ReLU(sum over r, j in N_i^r of a_ij / |N_i^r| W_r g_j + a_ii W_0 g_i)           (T, d)
    h2_i  = ReLU(sum over r, j in N_i^r of W h1_j + a_ii W_0' h1_i)                         (T, d)
    h_i   = [g_i ; h2_i]                                               (T, 2d)
    b_i   = softmax(h_i' W_b [h_1 .. h_T]),  l_i = ReLU(W_l (b_i [h_1 .. h_T]) + b)         (T, d)

N_i^r are the turns j of the window that stand in the relation r to i, i itself not among them. In
the paper a relation is the speaker of i, the speaker of j and whether j comes before i: 2 S^2 of
them for S known speakers. Here dialogues have any number of speakers, whose numbers mean nothing,
so a relation is whether the speaker is the same and whether j comes before i: four. The
normalisation constant is the number of turns (the paper allows it to be learned), the activation
is left open there. No bases are shared by the four W_r. The modalities of an utterance, encoded by
ours, stand side by side; one that is missing is zeros. The published network reads the text alone.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.parts import Recurrent, UtteranceEncoders
from modeling.learner.networks.transformer import NEVER
from modeling.learner.recipes import Recipe

WINDOW = 10  # turns before and behind
RELATIONS = 4


class DialogueGCN(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width = recipe.width
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.context = Recurrent(nn.GRU, len(sizes) * width, width // 2)
        self.edge = nn.Linear(width, width, bias=False)
        self.related = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(RELATIONS))
        self.itself = nn.Linear(width, width, bias=False)
        self.around = nn.Linear(width, width, bias=False)
        self.itself_again = nn.Linear(width, width, bias=False)
        self.match = nn.Linear(2 * width, 2 * width, bias=False)
        self.leave = nn.Linear(2 * width, width)
        self.drop = nn.Dropout(recipe.dropout)
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        mask = utterances.mask
        beside = torch.cat(list(self.encode(utterances).values()), dim=1)  # (N, Md)
        turns = self.context(utterances.by_dialogue(beside), mask)  # (B, T, d)
        turns = self.drop(turns)
        edges = self._edges(turns, mask)  # (B, T, T)
        itself = edges.diagonal(dim1=1, dim2=2)[..., None]  # (B, T, 1)
        links = relations(utterances.speaker, mask)  # (B, R, T, T)
        shares = edges[:, None] * links / links.sum(dim=3, keepdim=True).clamp(min=1)
        first = itself * self.itself(turns)
        for number, transform in enumerate(self.related):
            first = first + torch.bmm(shares[:, number], transform(turns))
        first = torch.relu(first)  # (B, T, d)
        neighbours = links.sum(dim=1)  # (B, T, T): a turn has one relation to another
        second = torch.bmm(neighbours, self.around(first)) + itself * self.itself_again(first)
        states = torch.cat([turns, torch.relu(second)], dim=-1)  # (B, T, 2d)
        scores = torch.bmm(self.match(states), states.transpose(1, 2))  # (B, T, T)
        weights = torch.softmax(scores.masked_fill(~mask[:, None, :], NEVER), dim=2)
        read = torch.relu(self.leave(torch.bmm(weights, states)))  # (B, T, d)
        return Reading(utterances.by_utterance(self.drop(read)))

    def _edges(self, turns: Tensor, mask: Tensor) -> Tensor:
        """Weights (B, T, T) of j for i, which sum to 1 over the window of i, itself included."""
        scores = torch.bmm(self.edge(turns), turns.transpose(1, 2))
        near = window(mask)
        return torch.softmax(scores.masked_fill(~near, NEVER), dim=2) * near


def window(mask: Tensor) -> Tensor:
    """(B, T) -> (B, T, T) true where turn j is near turn i, or is i."""
    places = torch.arange(mask.shape[1], device=mask.device)
    near = (places[:, None] - places).abs() <= WINDOW  # (T, T)
    return near & mask[:, None, :] & mask[:, :, None]


def relations(speaker: Tensor, mask: Tensor) -> Tensor:
    """(B, R, T, T), 1 where j stands in the relation to i: the same speaker before and behind, then
    another speaker before and behind.
    """
    places = torch.arange(mask.shape[1], device=mask.device)
    before = places[None, :] < places[:, None]  # (T, T): j comes before i
    behind = places[None, :] > places[:, None]
    same = speaker[:, None, :] == speaker[:, :, None]  # (B, T, T)
    kinds = [same & before, same & behind, ~same & before, ~same & behind]
    return (torch.stack(kinds, dim=1) & window(mask)[:, None]).float()
