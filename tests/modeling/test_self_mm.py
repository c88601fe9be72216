"""Labels that Self-MM makes, and the centres that it makes them from."""

from dataclasses import replace

import pytest
import torch

from modeling.learner.batches import IGNORED
from modeling.learner.networks.published.self_mm import FUSED, MOMENTUM, nearness
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import RECIPES
from tests.modeling.factories import SIZES, TASKS, dialogue, packed, whole

TEXT = 1  # row of the centres


def made(**fields):
    torch.manual_seed(0)
    fields = {"width": 16, "dropout": 0.0, **fields}
    return build_network(replace(RECIPES["self-mm"], **fields), TASKS, 5, SIZES).train()


def some(turns=4):
    return whole(packed([dialogue("A", turns), dialogue("B", 3)]))


def test_without_gold_there_is_no_label():
    network, batch = made(), some()
    gold = {key: torch.full_like(rows, IGNORED) for key, rows in batch.gold.items()}
    before = {name: each.clone() for name, each in network.state_dict().items()}
    assert float(network(batch).teach(gold)["unimodal"]) == 0
    assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())


def test_before_two_classes_are_known_labels_are_gold():
    body = made().body
    target = torch.eye(3)
    features = torch.randn(3, 16)
    assert torch.equal(body.labels("sentiment", TEXT, features, features, target), target)


def test_a_label_moves_towards_what_the_modality_is_near():
    body = made().body
    centres, seen = body.centres["sentiment"], body.seen["sentiment"]
    for space in (FUSED, TEXT):
        centres[space, 0], centres[space, 1] = 0.0, 4.0
        seen[space, :2] = True
    near, far = torch.zeros(1, 16), torch.full((1, 16), 4.0)
    gold = torch.tensor([[1.0, 0.0, 0.0]])
    agreed = body.labels("sentiment", TEXT, near, near, gold)
    assert torch.allclose(agreed, gold)
    # text is near class 1, all together near class 0, which is gold: half of each
    moved = body.labels("sentiment", TEXT, far, near, gold)
    assert torch.allclose(moved, torch.tensor([[0.5, 0.5, 0.0]]), atol=1e-4)
    assert float(moved.sum()) == pytest.approx(1)


def test_nearness_by_hand():
    features, centres = torch.tensor([[0.0, 0.0]]), torch.tensor([[1.0, 0], [2, 0], [0, 0]])
    known = torch.tensor([True, True, False])
    weights = [torch.exp(torch.tensor(-d / 2**0.5)) for d in (1.0, 4.0)]
    wanted = torch.stack(weights) / sum(weights)
    found = nearness(features, centres, known)[0]
    assert torch.allclose(found[:2], wanted) and found[2] == 0


def test_centres_move_by_a_share_to_the_means_of_their_class():
    network, batch = made(), some()
    network(batch).teach(batch.gold)
    centres = network.body.centres["sentiment"].clone()
    fused = torch.relu(network.body.together(torch.cat(list(encoded(network, batch)), 1)))
    mean = fused[batch.gold["sentiment"] == 2].mean(0)
    assert torch.allclose(centres[FUSED, 2], mean, atol=1e-5)
    assert not centres[FUSED, 1].any()  # neutral was never seen
    assert network.body.seen["sentiment"][FUSED].tolist() == [True, False, True]
    batch.audio = batch.audio + 1
    fused = torch.relu(network.body.together(torch.cat(list(encoded(network, batch)), 1)))
    later = fused[batch.gold["sentiment"] == 2].mean(0)
    network(batch).teach(batch.gold)
    wanted = MOMENTUM * mean + (1 - MOMENTUM) * later
    assert torch.allclose(network.body.centres["sentiment"][FUSED, 2], wanted, atol=1e-5)


def encoded(network, batch):
    return network.body.encode(network._utterances(batch)).values()


def test_a_missing_modality_has_no_label():
    network, batch = made(), some()
    batch.lengths["audio"][:] = 0
    network(batch).teach(batch.gold)
    audio = 1 + [*network.body.heads].index("audio")
    assert not network.body.seen["sentiment"][audio].any()
    assert network.body.seen["sentiment"][FUSED].any()


def test_unimodal_heads_learn_once_centres_are_known():
    network, batch = made(), some()
    network(batch).teach(batch.gold)
    batch.audio = batch.audio.flip(0)
    loss = network(batch).teach(batch.gold)["unimodal"]
    loss.backward()
    assert float(loss) > 0
    heads = network.body.heads["audio"]["sentiment"]
    assert heads.weight.grad.abs().sum() > 0


def test_prediction_moves_nothing():
    network, batch = made().eval(), some()
    before = {name: each.clone() for name, each in network.state_dict().items()}
    network(batch)
    assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())
