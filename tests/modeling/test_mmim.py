"""The bounds of MMIM: what they are, what they teach, and that they rise."""

import math
from dataclasses import replace

import pytest
import torch

from modeling.learner.batches import IGNORED
from modeling.learner.networks.published.mmim import (
    MEMORY,
    SHRINKAGE,
    Gaussian,
    class_entropy,
    contrastive,
)
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import RECIPES
from tests.modeling.factories import SIZES, TASKS, dialogue, packed, whole


def made(**fields):
    torch.manual_seed(0)
    fields = {"width": 16, "dropout": 0.0, **fields}
    return build_network(replace(RECIPES["mmim"], **fields), TASKS, 5, SIZES).train()


def some():
    return whole(packed([dialogue(f"D{n}", 4) for n in range(6)]))


def test_the_density_is_that_of_a_gaussian():
    torch.manual_seed(0)
    guess, x, y = Gaussian(4), torch.randn(5, 4), torch.randn(5, 4)
    log_variance = 5 * torch.tanh(guess.spread(x) / 5)
    normal = torch.distributions.Normal(guess.mean(x), (0.5 * log_variance).exp())
    assert torch.allclose(guess(x, y), normal.log_prob(y).mean(), atol=1e-5)


def test_entropy_is_that_of_a_gaussian_for_each_class():
    torch.manual_seed(0)
    vectors, labels = torch.randn(12, 2), torch.tensor([0] * 8 + [1] * 3 + [IGNORED])
    wanted = 0.0
    for label, share in ((0, 8 / 11), (1, 3 / 11)):
        own = vectors[labels == label]
        spread = torch.cov(own.T, correction=0) + SHRINKAGE * torch.eye(2)
        wanted += share * 0.5 * float(torch.logdet(2 * math.pi * math.e * spread)) / 2
    assert float(class_entropy(vectors, labels, 3)) == pytest.approx(wanted, abs=1e-5)
    assert float(class_entropy(vectors, torch.full((12,), IGNORED), 3)) == 0


def test_contrast_is_least_where_predictions_are_right():
    vectors = torch.eye(4)
    right, wrong = contrastive(vectors, vectors), contrastive(vectors, vectors.flip(0))
    score = [math.exp(1), 3]
    assert float(right) == pytest.approx(-math.log(score[0] / sum(score)), abs=1e-5)
    assert right < wrong
    assert float(contrastive(vectors[:1], vectors[:1])) == 0


def test_the_stages_teach_their_own_parts():
    network, batch = made(), some()
    taught = network(batch).teach(batch.gold)
    guess = [*network.body.guess.parameters()]
    rest = [*network.body.encode.parameters()]
    for loss, learns, rests in (
        (taught["likelihood"], guess, rest),
        (taught["information"], rest, guess),
    ):
        parameters = [*learns, *rests]
        found = torch.autograd.grad(loss, parameters, allow_unused=True, retain_graph=True)
        changed = [g is not None and bool(g.any()) for g in found]
        assert any(changed[: len(learns)]) and not any(changed[len(learns) :])


def test_bounds_are_finite_and_rise():
    network, batch = made(), some()
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    bounds = []
    for _ in range(40):
        taught = network(batch).teach(batch.gold)
        assert all(torch.isfinite(loss) for loss in taught.values())
        bounds.append(float(taught["information"]))
        optimiser.zero_grad()
        sum(taught.values()).backward()
        optimiser.step()
    assert bounds[-1] < bounds[0] - 0.01


def test_memory_keeps_the_last_vectors_with_their_labels():
    network, batch = made(), some()
    memory = network.body.memory["audio"]
    assert (memory.labels == IGNORED).all()
    batch.lengths["audio"][:2] = 0
    network(batch).teach(batch.gold)
    assert memory.labels[-22:, 0].tolist() == batch.gold["sentiment"][2:].tolist()
    assert memory.vectors[-22:].any() and not memory.vectors[: MEMORY - 22].any()
    assert {"body.memory.audio.vectors", "body.memory.audio.labels"} <= {*network.state_dict()}


def test_one_modality_has_no_bound():
    reading = made(modalities=("audio",))(some())
    assert reading.teach is None
    assert float(reading.penalties["contrast"]) > 0
