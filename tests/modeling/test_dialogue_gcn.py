"""The edges and relations of DialogueGCN by hand."""

from dataclasses import replace

import torch

from modeling.learner.networks.published.dialogue_gcn import WINDOW, relations, window
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import RECIPES
from tests.modeling.factories import SIZES, TASKS, dialogue, packed, whole

SAME_BEFORE, SAME_BEHIND, OTHER_BEFORE, OTHER_BEHIND = range(4)


def made():
    torch.manual_seed(0)
    return build_network(replace(RECIPES["dialogue-gcn"], width=16), TASKS, 5, SIZES).eval()


def test_relations_of_three_turns_by_hand():
    links = relations(torch.tensor([[0, 1, 0]]), torch.ones(1, 3, dtype=torch.bool))[0]
    edges = {tuple(edge) for edge in links.nonzero().tolist()}
    assert edges == {
        # relation, turn i, turn j
        (OTHER_BEHIND, 0, 1),
        (SAME_BEHIND, 0, 2),
        (OTHER_BEFORE, 1, 0),
        (OTHER_BEHIND, 1, 2),
        (SAME_BEFORE, 2, 0),
        (OTHER_BEFORE, 2, 1),
    }


def test_relations_do_not_depend_on_numbers_of_speakers():
    mask = torch.ones(1, 4, dtype=torch.bool)
    first = relations(torch.tensor([[0, 1, 0, 2]]), mask)
    assert torch.equal(first, relations(torch.tensor([[7, 3, 7, 5]]), mask))


def test_edges_sum_to_one_over_the_window():
    turns, length = torch.randn(1, WINDOW + 5, 16), WINDOW + 3
    mask = torch.arange(WINDOW + 5)[None] < length
    edges = made().body._edges(turns, mask)[0]
    assert torch.allclose(edges[:length].sum(1), torch.ones(length))
    assert not edges[length:].any() and not edges[:, length:].any()
    assert edges[0, WINDOW] > 0 and edges[0, WINDOW + 1] == 0
    assert bool(window(mask)[0, 0, 0])


def test_the_graph_is_that_of_the_equations():
    """The first layer of the graph, turn by turn."""
    network, turns = made().body, torch.randn(1, 3, 16)
    speaker, mask = torch.tensor([[0, 1, 0]]), torch.ones(1, 3, dtype=torch.bool)
    edges, links = network._edges(turns, mask), relations(speaker, mask)
    seen = {}
    network.around.register_forward_hook(lambda m, inputs, out: seen.update(first=inputs[0]))
    network.context.register_forward_hook(lambda m, inputs, out: turns)
    batch = whole(packed([dialogue("A", 3)]))
    utterances = made_utterances(batch)
    network(utterances)
    for i in range(3):
        wanted = edges[0, i, i] * network.itself(turns[0, i])
        for relation in range(4):
            neighbours = [j for j in range(3) if links[0, relation, i, j]]
            for j in neighbours:
                share = edges[0, i, j] / len(neighbours)
                wanted = wanted + share * network.related[relation](turns[0, j])
        assert torch.allclose(seen["first"][0, i], torch.relu(wanted), atol=1e-6)


def made_utterances(batch):
    network = build_network(replace(RECIPES["dialogue-gcn"], width=16), TASKS, 5, SIZES)
    return network._utterances(batch)


def test_far_turns_are_not_in_the_window_of_each_other():
    batch = whole(packed([dialogue("A", 2 * WINDOW + 4)]))
    assert not window(batch.mask)[0, 0, WINDOW + 1]
    assert torch.isfinite(made()(batch).logits["sentiment"]).all()
