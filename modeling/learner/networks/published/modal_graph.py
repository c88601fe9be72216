"""The graph of MMGCN and MM-DFN: a node for each turn and modality of a dialogue, dense.

Turns of one modality are all connected, and so are the modalities of one turn. Nodes u and v with
vectors x_u and x_v are connected by the angular similarity

    A_uv = 1 - arccos(cos(x_u, x_v)) / pi                                     from 0 to 1

and layers read P = (D + I)^-1/2 (A + I) (D + I)^-1/2 with D the sums of A's rows; A has no loops.
Layer l = 1, 2 .. is that of GCNII (Chen et al. 2020), with H_0 what the first one reads:

    H_l = ReLU(((1 - alpha) P H_(l-1) + alpha H_0) ((1 - beta_l) I + beta_l W_l))
    beta_l = log(eta / l + 1)
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from modeling.learner.networks.published.interface import Utterances

ALPHA, ETA = 0.1, 0.5  # usual for GCNII
MARGIN = 1e-5  # a cosine stays so far from 1 and -1, where arccos has no slope
SPEAKERS = 8  # numbers of speakers of a dialogue that have embeddings; later ones share the last


class SpeakerEmbedding(nn.Module):
    """An embedding of who speaks, by the number within the dialogue, in the order of first turns:
    never of a name.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(SPEAKERS, width)

    def forward(self, speaker: Tensor) -> Tensor:
        """(B, T) numbers -> (B, T, d)."""
        rows: Tensor = self.embed(speaker.clamp(max=SPEAKERS - 1))
        return rows


class GraphConvolution(nn.Module):
    """Layer l of GCNII, counted from 1."""

    def __init__(self, width: int, layer: int) -> None:
        super().__init__()
        self.beta = math.log(ETA / layer + 1)
        self.weight = nn.Linear(width, width, bias=False)

    def forward(self, hidden: Tensor, first: Tensor, graph: Tensor) -> Tensor:
        """Nodes (B, V, d), those of the first layer, graph (B, V, V) -> (B, V, d)."""
        mixed = (1 - ALPHA) * torch.bmm(graph, hidden) + ALPHA * first
        return torch.relu((1 - self.beta) * mixed + self.beta * self.weight(mixed))


def nodes_present(utterances: Utterances) -> Tensor:
    """(B, M, T) true where a turn has the modality."""
    return utterances.by_dialogue(utterances.present).transpose(1, 2)


def similarity_graph(nodes: Tensor, present: Tensor) -> Tensor:
    """P of the nodes (B, M, T, d), present (B, M, T) -> (B, MT, MT); a node that is not there is
    connected to none and has zeros.
    """
    _, modalities, turns, _ = nodes.shape
    unit = normalize(nodes.flatten(1, 2).float(), dim=-1)  # (B, MT, d)
    cosine = torch.bmm(unit, unit.transpose(1, 2)).float().clamp(MARGIN - 1, 1 - MARGIN)
    weights = 1 - torch.arccos(cosine) / math.pi  # (B, MT, MT)
    place = torch.arange(modalities * turns, device=nodes.device)
    modality, turn = place // turns, place % turns
    same_modality, same_turn = modality[:, None] == modality, turn[:, None] == turn
    here = present.flatten(1)  # (B, MT)
    linked = (same_modality ^ same_turn) & here[:, None, :] & here[:, :, None]
    graph = torch.where(linked, weights, torch.zeros_like(weights))
    graph = graph + torch.diag_embed(here.to(graph.dtype))  # A + I
    scale = graph.sum(dim=2).clamp(min=MARGIN).rsqrt()  # (B, MT)
    return scale[:, :, None] * graph * scale[:, None, :]
