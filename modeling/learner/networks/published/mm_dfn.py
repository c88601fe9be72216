"""MM-DFN: a graph whose layers pass through gates (Hu, Hou, Wei, Jiang and Mo 2022).

Of the utterances u_1..u_T of a dialogue, d dimensions (section 2):

    c_t^text = BiGRU(u_1^text .. u_T^text)               (T, d), half of it each way
    c_t^m    = W_m u_t^m + b_m                           (T, d), sound and picture
    s_t^m    = BiGRU over the utterances of t's speaker  (T, d), one for all speakers
    v_t^m    = c_t^m + gamma s_t^m                       (d), a node of the graph
    H_0      = W v + b                                   (M T, d)

    G_k, C_k = LSTM cell(H_(k-1); G_(k-1), C_(k-1))      gates on what a layer is given
    H_k      = GCNII_k(G_k) + G_k                        see modal_graph.py

    e_t      = ReLU(W_e [v_t^m ; H_K,t^m for each m] + b_e)     (d), what the head reads

The gates of the paper's dynamic fusion (update, forget, output, candidate) are those of an LSTM
cell, whose steps are the layers; G_0 and C_0 are zeros. From its text it is not plain whether the
convolution reads G or H: here G. Published are 16 layers for IEMOCAP, a gamma for each corpus and a
focal loss; here `fusion_layers` says how many layers, four unless a recipe says otherwise, since
dialogues are shorter, gamma is 1, and losses are those of the recipe. A modality that an utterance
lacks is no node, and zeros in e.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.modal_graph import (
    GraphConvolution,
    nodes_present,
    similarity_graph,
)
from modeling.learner.networks.published.parts import Recurrent, UtteranceEncoders
from modeling.learner.networks.task_modules import ByTask
from modeling.learner.recipes import Recipe

GAMMA = 1.0  # of a speaker's own context


class MMDFN(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width = recipe.width
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.context = Recurrent(nn.GRU, width, width // 2) if "text" in sizes else None
        self.project = nn.ModuleDict(
            {name: nn.Linear(width, width) for name in sizes if name != "text"}
        )
        self.own = ByTask({name: Recurrent(nn.GRU, width, width // 2) for name in sizes})
        self.enter = nn.Linear(width, width)
        self.gates = nn.LSTMCell(width, width)
        self.layers = nn.ModuleList(
            GraphConvolution(width, layer + 1) for layer in range(recipe.fusion_layers)
        )
        self.drop = nn.Dropout(recipe.dropout)
        self.leave = nn.Linear(2 * len(sizes) * width, width)
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        present = nodes_present(utterances)  # (B, M, T)
        nodes = self._nodes(utterances) * present[..., None]  # (B, M, T, d)
        graph = similarity_graph(nodes, present)  # (B, MT, MT)
        here = present.flatten(1)[..., None]  # (B, MT, 1)
        first = self.enter(nodes).flatten(1, 2) * here  # (B, MT, d)
        hidden, state = first, None
        for layer in self.layers:
            state = self.gates(self.drop(hidden).flatten(0, 1), state)  # two (B MT, d)
            gated = state[0].reshape(first.shape) * here  # (B, MT, d)
            hidden = layer(gated, first, graph) + gated
        hidden = hidden.reshape(nodes.shape)
        ends = torch.cat([nodes, hidden], dim=-1)  # (B, M, T, 2d)
        ends = ends.permute(0, 2, 1, 3).flatten(2)  # (B, T, 2Md)
        return Reading(torch.relu(self.leave(self.drop(utterances.by_utterance(ends)))))

    def _nodes(self, utterances: Utterances) -> Tensor:
        """(B, M, T, d)."""
        speaker, mask, rows = utterances.speaker, utterances.mask, []
        for name, vectors in self.encode(utterances).items():
            turns = utterances.by_dialogue(vectors)  # (B, T, d)
            if name == "text" and self.context is not None:
                context = self.context(turns, mask)
            else:
                context = self.project[name](turns)
            rows.append(context + GAMMA * by_speaker(self.own[name], turns, speaker, mask))
        return torch.stack(rows, dim=1)


def by_speaker(read: Recurrent, turns: Tensor, speaker: Tensor, mask: Tensor) -> Tensor:
    """`read` over the turns of each speaker alone: turns (B, T, d), speaker and mask (B, T) ->
    (B, T, size of what it gives).
    """
    batch, length = mask.shape
    numbers = torch.arange(int(speaker.max()) + 1, device=mask.device)
    mine = (speaker[:, None, :] == numbers[:, None]) & mask[:, None, :]  # (B, S, T)
    # a speaker's own turns first, in their order
    order = torch.argsort((~mine).int(), dim=2, stable=True)  # (B, S, T)
    index = order.flatten(1)[..., None].expand(-1, -1, turns.shape[2])  # (B, ST, d)
    own = turns.gather(1, index).reshape(-1, length, turns.shape[2])  # (BS, T, d)
    inside = mine.gather(2, order).flatten(0, 1)  # (BS, T)
    some = inside.any(dim=1)  # (BS,)
    states = read(own[some], inside[some])  # (those that speak, T, D)
    found = states.new_zeros(batch * len(numbers), length, states.shape[2])
    found[some] = states
    place = order.argsort(dim=2).flatten(0, 1)[..., None]  # (BS, T, 1)
    back = found.gather(1, place.expand(-1, -1, found.shape[2]))  # (BS, T, D), where it was said
    back = back.reshape(batch, len(numbers), length, -1) * mine[..., None]
    return back.sum(dim=1)
