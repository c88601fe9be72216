"""MISA's penalties against direct computation."""

from dataclasses import replace

import pytest
import torch

from modeling.learner.networks.published.misa import MOMENTS, moment_discrepancy, orthogonality
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import MODALITIES, RECIPES
from tests.modeling.factories import SIZES, TASKS, dialogue, packed, whole


def made(modalities=MODALITIES):
    torch.manual_seed(0)
    recipe = replace(RECIPES["misa"], width=16, modalities=modalities)
    return build_network(recipe, TASKS, 5, SIZES).eval()


def test_the_moment_discrepancy_is_that_of_the_moments():
    x, y = torch.rand(7, 3), torch.rand(9, 3)
    wanted = 0.0
    for k in range(1, MOMENTS + 1):
        distance = 0.0
        for column in range(3):
            a, b = x[:, column].tolist(), y[:, column].tolist()
            mean_a, mean_b = sum(a) / 7, sum(b) / 9
            if k > 1:
                mean_a = sum((v - sum(a) / 7) ** k for v in a) / 7
                mean_b = sum((v - sum(b) / 9) ** k for v in b) / 9
            distance += (mean_a - mean_b) ** 2
        wanted += distance**0.5
    assert float(moment_discrepancy(x, y, MOMENTS)) == pytest.approx(wanted, rel=1e-4)
    assert float(moment_discrepancy(x, x.flip(0), MOMENTS)) == pytest.approx(0, abs=1e-6)


def test_orthogonality_is_of_centred_vectors_of_length_one():
    x, y = torch.randn(6, 3), torch.randn(6, 3)
    centred = [(v - v.mean(0)) for v in (x, y)]
    unit = [torch.stack([row / row.norm() for row in v]) for v in centred]
    products = [
        sum(float(unit[0][n, i] * unit[1][n, j]) for n in range(6))
        for i in range(3)
        for j in range(3)
    ]
    wanted = sum(p**2 for p in products) / 9
    assert float(orthogonality(x, y)) == pytest.approx(wanted, rel=1e-4)
    assert float(orthogonality(x + 3, y)) == pytest.approx(wanted, rel=1e-3)


def test_vectors_in_other_dimensions_are_orthogonal():
    x = torch.tensor([[1.0, 0], [-1, 0], [1, 0], [-1, 0]])
    y = torch.tensor([[0.0, 1], [0, 1], [0, -1], [0, -1]])
    assert float(orthogonality(x, y)) == 0
    assert float(orthogonality(x, x)) > 0
    assert float(orthogonality(x[:1], y[:1])) == 0


def test_penalties_are_of_present_modalities_alone():
    batch = whole(packed([dialogue("A", 4), dialogue("B", 3)]))
    batch.lengths["audio"][:] = 0
    found = made()(batch).penalties
    other = whole(packed([dialogue("A", 4), dialogue("B", 3)]))
    other.lengths["audio"][:] = 0
    other.audio = other.audio + 100
    again = made()(other).penalties
    assert {*found} == {"similarity", "difference", "reconstruction"}
    for name, penalty in found.items():
        assert torch.equal(penalty, again[name])
        assert penalty > 0


def test_padding_changes_no_penalty():
    batch = whole(packed([dialogue("A", 4), dialogue("B", 3)]))
    network = made()
    before = network(batch).penalties
    batch.audio = torch.cat([batch.audio, torch.ones_like(batch.audio)], dim=1)
    for name, penalty in network(batch).penalties.items():
        assert torch.allclose(penalty, before[name], atol=1e-6)


def test_one_modality_has_nothing_to_be_similar_to():
    network = made(("text",))
    penalties = network(whole(packed([dialogue("A", 4)]))).penalties
    assert float(penalties["similarity"]) == 0
    assert penalties["difference"] > 0
    assert network.body.size == 16
