"""Published networks whose tasks know of each other: M2Seq2Seq's decoder and MIL's gates."""

from dataclasses import replace

import torch

from modeling.learner.networks.published.m2seq2seq import NEAR
from modeling.learner.networks.published.mil import Asked
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import RECIPES
from tests.modeling.factories import SIZES, TASKS, dialogue, packed, whole


def made(name):
    torch.manual_seed(0)
    return build_network(replace(RECIPES[name], width=16), TASKS, 5, SIZES).eval()


def test_a_task_knows_of_those_before_it_alone():
    body, joined = made("m2seq2seq").body, torch.randn(2, 16)
    before = body._decoded(joined)
    with torch.no_grad():
        body.tasks[1, 0] += 5
    after = body._decoded(joined)
    assert torch.allclose(after[:, 0], before[:, 0], atol=1e-6)
    with torch.no_grad():
        body.tasks[0, 0] += 5
    assert not torch.allclose(body._decoded(joined)[:, 1], after[:, 1], atol=1e-4)


def test_turns_see_adjacent_ones_alone():
    network, batch = made("m2seq2seq"), whole(packed([dialogue("A", NEAR + 3)]))
    before = network(batch).logits["sentiment"]
    batch.audio[0] += 1
    changed = (network(batch).logits["sentiment"] - before).abs().amax(1) > 1e-6
    assert changed.tolist() == [True] * (NEAR + 1) + [False] * 2


def test_a_vector_asks_for_frames_by_hand():
    torch.manual_seed(0)
    asked, asking, frames = Asked(3, 4), torch.randn(2, 4), torch.randn(2, 3, 3)
    inside = torch.tensor([[True, True, False], [False] * 3])
    values = torch.relu(asked.project[0](frames[0]))
    query = asked.query(asking[0])
    weights = torch.softmax(torch.stack([query @ asked.key(values[n]) / 2 for n in (0, 1)]), 0)
    found = asked(asking, frames, inside)
    assert torch.allclose(found[0], weights[0] * values[0] + weights[1] * values[1], atol=1e-6)
    assert not found[1].any()


def test_a_unique_layer_is_of_its_task_alone():
    network, batch = made("mil"), whole(packed([dialogue("A", 3)]))
    before = network(batch).logits
    with torch.no_grad():
        network.body.unique["sarcasm"].weight += 1
    after = network(batch).logits
    assert torch.equal(after["sentiment"], before["sentiment"])
    assert not torch.equal(after["sarcasm"], before["sarcasm"])
    with torch.no_grad():
        network.body.common.weight += 1
    assert all(not torch.equal(rows, after[key]) for key, rows in network(batch).logits.items())
