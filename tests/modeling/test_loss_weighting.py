"""Losses of several tasks against each other: means, and methods over one gradient a task."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from modeling.learner import sharing_benchmark, synthetic_data
from modeling.learner.gradient_aggregation import GradientAggregation
from modeling.learner.loss_weighting import GeometricWeighting
from modeling.learner.losses import LossTerms, Objective
from modeling.learner.recipes import GRADIENT_METHODS
from modeling.learner.synthetic_data import TASKS

RECIPE = replace(
    sharing_benchmark.RECIPE, weighting="equal", sharing="relgate", dropout=0.0, width=16
)


def network_and_objective(recipe=RECIPE):
    torch.manual_seed(0)
    priors = {task.key: torch.zeros(len(task.classes)) for task in TASKS}
    return sharing_benchmark.build_model("relation gates", recipe), Objective(recipe, TASKS, priors)


def test_the_geometric_mean_by_hand():
    losses = {"a": torch.tensor(2.0), "b": torch.tensor(8.0)}
    assert GeometricWeighting()(losses).item() == pytest.approx(4.0)


def two_that_disagree():
    """One weight vector, two losses whose gradients point (1, 0) and (-1, 1)."""
    weights = nn.Parameter(torch.zeros(2))
    one, other = weights[0], -weights[0] + weights[1]
    return weights, LossTerms({"a": one, "b": other}, {}, torch.zeros(()))


def test_pcgrad_by_hand():
    weights, terms = two_that_disagree()
    GradientAggregation("pcgrad").backward(terms, 1.0)
    # (1, 0) loses its part along (-1, 1): (.5, .5); (-1, 1) loses its part along (1, 0): (0, 1)
    assert weights.grad.tolist() == pytest.approx([0.5, 1.5])


@pytest.mark.parametrize("method", GRADIENT_METHODS)
def test_no_task_is_worked_against(method):
    weights, terms = two_that_disagree()
    GradientAggregation(method).backward(terms, 1.0)
    for gradient in ([1.0, 0.0], [-1.0, 1.0]):
        assert float(weights.grad @ torch.tensor(gradient)) >= -1e-6


@pytest.mark.parametrize("method", GRADIENT_METHODS)
def test_every_parameter_that_matters_gets_a_gradient(method):
    model, objective = network_and_objective()
    data = synthetic_data.generate(4, seed=1)
    objective(model(data), data)[0].backward()
    reached = {name for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    GradientAggregation(method).backward(objective.terms(model(data), data), 1.0)
    assert {name for name, p in model.named_parameters() if p.grad is not None} == reached
    assert not any(hasattr(p, "jac") and p.jac is not None for p in model.parameters())


def test_a_single_task_gets_its_own_gradient():
    """One loss left: every method is plain descent, and penalties are added once."""
    model, objective = network_and_objective()
    data = synthetic_data.generate(4, seed=1)
    terms = objective.terms(model(data), data)
    alone = LossTerms({"emotion": terms.tasks["emotion"]}, {}, terms.penalty)
    (alone.tasks["emotion"] + alone.penalty).backward()
    expected = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    again = objective.terms(model(data), data)
    alone = LossTerms({"emotion": again.tasks["emotion"]}, {}, again.penalty)
    GradientAggregation("pcgrad").backward(alone, 1.0)
    for name, p in model.named_parameters():
        if p.grad is not None:
            assert torch.allclose(p.grad, expected[name], atol=1e-6), name


@pytest.mark.parametrize("weighting", ["geometric", "pcgrad", "upgrad"])
def test_planted_data_is_learned_with_any_weighting(weighting):
    recipe = replace(sharing_benchmark.RECIPE, epochs=4, weighting=weighting, width=16)
    sizes = {"train": 30, "valid": 30, "test": 30}
    outcome = sharing_benchmark.train_method(
        "hard", 1, synthetic_data.generate_splits(1, sizes), recipe
    )
    assert outcome.scores["sarcasm"] > 0.5
