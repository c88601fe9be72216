"""The graph of turns and modalities by hand, its layers against loops, MMGCN and MM-DFN on it."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from modeling.learner.networks.published.mm_dfn import by_speaker
from modeling.learner.networks.published.modal_graph import (
    SPEAKERS,
    GraphConvolution,
    SpeakerEmbedding,
    similarity_graph,
)
from modeling.learner.networks.published.parts import Recurrent
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import RECIPES
from tests.modeling.factories import SIZES, TASKS, dialogue, packed, whole

GRAPHS = ("mmgcn", "mm-dfn")
RIGHT, UP, DOWN = [1.0, 0.0], [0.0, 2.0], [0.0, -1.0]


def made(name, **fields):
    torch.manual_seed(0)
    return build_network(replace(RECIPES[name], width=16, **fields), TASKS, 5, SIZES).eval()


def test_three_turns_of_two_modalities_by_hand():
    nodes = torch.tensor([[[RIGHT, UP, DOWN], [RIGHT, RIGHT, UP]]])  # (1, 2, 3, 2)
    graph = similarity_graph(nodes, torch.ones(1, 2, 3, dtype=torch.bool))[0]
    right, up, down = 0.5, 1.0, 0.0  # similarity to `up`
    plain = torch.tensor(
        [
            # within the first modality   to the same turn of the second
            [1, right, right, 1, 0, 0],
            [right, 1, down, 0, right, 0],
            [right, down, 1, 0, 0, down],
            [1, 0, 0, 1, 1, right],
            [0, right, 0, 1, 1, right],
            [0, 0, down, right, right, up],
        ]
    )
    degrees = plain.sum(1)
    wanted = plain / torch.sqrt(degrees[:, None] * degrees)
    assert torch.allclose(graph, wanted, atol=5e-3)  # as near as a cosine may come to 1
    assert torch.allclose(graph, graph.T)


def test_a_node_that_is_not_there_is_connected_to_none():
    nodes = torch.randn(1, 2, 3, 4)
    present = torch.ones(1, 2, 3, dtype=torch.bool)
    present[0, 1, 2] = False
    graph = similarity_graph(nodes, present)[0]
    assert not graph[5].any() and not graph[:, 5].any()
    nodes[0, 1, 2] = 9
    assert torch.equal(similarity_graph(nodes, present)[0], graph)


@pytest.mark.parametrize("layer", [1, 3])
def test_a_layer_is_that_of_gcnii(layer):
    convolution = GraphConvolution(3, layer)
    graph, hidden, first = torch.rand(1, 4, 4), torch.randn(1, 4, 3), torch.randn(1, 4, 3)
    beta, weight = math.log(0.5 / layer + 1), convolution.weight.weight
    for node in range(4):
        read = sum(graph[0, node, other] * hidden[0, other] for other in range(4))
        mixed = 0.9 * read + 0.1 * first[0, node]
        turned = torch.stack([sum(weight[i, j] * mixed[j] for j in range(3)) for i in range(3)])
        wanted = torch.relu((1 - beta) * mixed + beta * turned)
        found = convolution(hidden, first, graph)[0, node]
        assert torch.allclose(found, wanted, atol=1e-6)


def test_a_dialogue_may_have_any_number_of_speakers():
    embed = SpeakerEmbedding(2)
    rows = embed(torch.arange(SPEAKERS + 5)[None])
    assert torch.equal(rows[0, SPEAKERS - 1], rows[0, -1])
    assert not torch.equal(rows[0, 0], rows[0, 1])


def test_context_of_a_speaker_is_of_own_turns_alone():
    torch.manual_seed(0)
    read, turns = Recurrent(nn.GRU, 3, 2), torch.randn(2, 4, 3)
    speaker = torch.tensor([[0, 1, 0, 1], [0, 0, 1, 0]])
    mask = torch.tensor([[True] * 4, [True, True, True, False]])
    found = by_speaker(read, turns, speaker, mask)
    for row, places in ((0, [0, 2]), (0, [1, 3]), (1, [0, 1]), (1, [2])):
        own = turns[row, places][None]
        alone = read(own, torch.ones(1, len(places), dtype=torch.bool))[0]
        assert torch.allclose(found[row, places], alone, atol=1e-6)
    assert not found[1, 3].any()


@pytest.mark.parametrize("name", GRAPHS)
def test_layers_are_as_many_as_the_recipe_says(name):
    assert len(made(name).body.layers) == 4
    assert len(made(name, fusion_layers=16).body.layers) == 16
    batch = whole(packed([dialogue("A", 3)]))
    assert torch.isfinite(made(name, fusion_layers=24)(batch).logits["sentiment"]).all()


@pytest.mark.parametrize("name", GRAPHS)
def test_it_depends_on_who_speaks(name):
    batch = whole(packed([dialogue("A", 4)]))
    network = made(name)
    before = network(batch).logits["sentiment"]
    batch.speaker = torch.tensor([[0, 1, 1, 0]])
    assert not torch.allclose(network(batch).logits["sentiment"], before, atol=1e-6)
