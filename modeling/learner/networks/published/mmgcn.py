"""MMGCN: a deep graph over turns and modalities (Hu, Liu, Zhao and Jin 2021).

Of the utterances u_1..u_T of a dialogue, with d dimensions and the embedding s_t of the speaker of
turn t (section 3):

    h_t^text = BiLSTM(u_1^text .. u_T^text)                      (T, d), half of it each way
    h_t^m    = W_m u_t^m + b_m                                   (T, d), sound and picture
    v_t^m    = [h_t^m ; s_t]                                     (2d), a node of the graph
    H_0      = ReLU(W v + b),  H_L by L layers of GCNII          (M T, d), see modal_graph.py
    e_t      = ReLU(W_e [v_t^m ; H_L,t^m for each m] + b_e)      (d), what the head reads

The paper chooses how many layers for each corpus; here `fusion_layers` says it, four unless a
recipe says otherwise. alpha 0.1 and eta 0.5 are usual for GCNII. Our encoders come first. The paper
weighs edges between modalities by a further factor gamma that it chooses for each corpus; here it
is 1. It speaks of two known speakers a dialogue; here a speaker is the number within the dialogue,
and so is any number of them. Edges are weighed by v, the speaker's part included. A modality that
an utterance lacks is no node, and zeros in e.
"""

from collections.abc import Mapping

import torch
from torch import nn

from modeling.learner.networks.published.interface import Body, Reading, Utterances
from modeling.learner.networks.published.modal_graph import (
    GraphConvolution,
    SpeakerEmbedding,
    nodes_present,
    similarity_graph,
)
from modeling.learner.networks.published.parts import Recurrent, UtteranceEncoders
from modeling.learner.recipes import Recipe


class MMGCN(Body):
    """See the module."""

    def __init__(
        self, sizes: Mapping[str, int], recipe: Recipe, classes: Mapping[str, int]
    ) -> None:
        super().__init__()
        width = recipe.width
        self.encode = UtteranceEncoders(sizes, width, recipe.dropout)
        self.context = Recurrent(nn.LSTM, width, width // 2) if "text" in sizes else None
        self.project = nn.ModuleDict(
            {name: nn.Linear(width, width) for name in sizes if name != "text"}
        )
        self.speaker = SpeakerEmbedding(width)
        self.enter = nn.Linear(2 * width, width)
        self.layers = nn.ModuleList(
            GraphConvolution(width, layer + 1) for layer in range(recipe.fusion_layers)
        )
        self.drop = nn.Dropout(recipe.dropout)
        self.leave = nn.Linear(3 * len(sizes) * width, width)
        self.size = width

    def forward(self, utterances: Utterances) -> Reading:
        """Of N utterances (N, d)."""
        nodes, present = self._nodes(utterances), nodes_present(utterances)
        nodes = nodes * present[..., None]  # (B, M, T, 2d)
        graph = similarity_graph(nodes, present)  # (B, MT, MT)
        first = torch.relu(self.enter(nodes)) * present[..., None]  # (B, M, T, d)
        first = first.flatten(1, 2)  # (B, MT, d)
        hidden = first
        for layer in self.layers:
            hidden = layer(self.drop(hidden), first, graph)
        hidden = hidden.reshape(*nodes.shape[:3], -1)  # (B, M, T, d)
        ends = torch.cat([nodes, hidden], dim=-1)  # (B, M, T, 3d)
        ends = ends.permute(0, 2, 1, 3).flatten(2)  # (B, T, 3Md)
        return Reading(torch.relu(self.leave(self.drop(utterances.by_utterance(ends)))))

    def _nodes(self, utterances: Utterances) -> torch.Tensor:
        """(B, M, T, 2d)."""
        speaker, rows = self.speaker(utterances.speaker), []
        for name, vectors in self.encode(utterances).items():
            turns = utterances.by_dialogue(vectors)  # (B, T, d)
            if name == "text" and self.context is not None:
                turns = self.context(turns, utterances.mask)
            else:
                turns = self.project[name](turns)
            rows.append(torch.cat([turns, speaker], dim=-1))
        return torch.stack(rows, dim=1)
