"""Cross-attention of M2FNet."""

from dataclasses import replace

import torch

from modeling.learner.networks.published.m2fnet import FusionLayer
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import RECIPES
from tests.modeling.factories import SIZES, TASKS, dialogue, packed, whole


def made(**fields):
    torch.manual_seed(0)
    recipe = replace(RECIPES["m2fnet"], width=16, **fields)
    return build_network(recipe, TASKS, 5, SIZES).eval()


def test_a_layer_of_one_head_by_hand():
    torch.manual_seed(0)
    layer = FusionLayer(4, 1, 1, 0.0)
    centre, other = torch.randn(1, 3, 4), torch.randn(1, 3, 4)
    inside, there = torch.tensor([[True, True, False]]), torch.tensor([[True, False, True]])
    found = layer(centre, inside, [(other, there)])[0]
    keys, values = layer.key_value[0](centre[0]).split(4, dim=1)
    for turn in range(3):
        query = layer.query[0](other[0, turn])
        weights = torch.softmax(torch.stack([query @ keys[j] / 2 for j in (0, 1)]), 0)
        answer = weights[0] * values[0] + weights[1] * values[1]
        answer = answer if there[0, turn] else torch.zeros(4)
        joined = layer.join(torch.cat([answer, centre[0, turn]]))
        assert torch.allclose(found[turn], layer.norm(centre[0, turn] + joined), atol=1e-5)


def test_a_dialogue_without_text_has_answers_from_nobody():
    layer = FusionLayer(4, 2, 1, 0.0)
    centre, nowhere = torch.randn(1, 3, 4), torch.zeros(1, 3, dtype=torch.bool)
    there = ~nowhere
    first = layer(centre, nowhere, [(torch.randn(1, 3, 4), there)])
    assert torch.equal(first, layer(centre, nowhere, [(torch.randn(1, 3, 4), there)]))


def test_text_is_the_centre_wherever_it_is_read():
    assert made(modalities=("audio", "text")).body.centre == "text"
    without = made(modalities=("vision", "audio")).body
    assert without.centre == "vision" and without.others == ["audio"]
    assert not len(made(modalities=("audio",)).body.fusion)


def test_layers_are_as_many_as_the_recipe_says():
    body = made(fusion_layers=3).body
    assert len(body.fusion) == 3 and {len(each.layers) for each in body.contexts.values()} == {3}
    batch = whole(packed([dialogue("A", 3)]))
    assert torch.isfinite(made(fusion_layers=0)(batch).logits["sentiment"]).all()
