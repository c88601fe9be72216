"""Half precision as a GPU computes it: norms and softmax stay at 32 bits, products do not."""

import os

import pytest
import torch

from benchmarks.training import make
from modeling.learner.losses import Objective
from modeling.learner.networks.registry import build_network
from modeling.learner.pipeline import make_repeatable
from modeling.learner.preprocessing import Preprocessing
from modeling.learner.recipes import RECIPES
from modeling.learner.synthetic_data import TASKS
from modeling.learner.training import TrainingModule, _TrainingStep, parameter_groups


@pytest.fixture
def like_a_gpu(monkeypatch):
    """Autocast of a processor leaves the type of what a norm or a softmax gets; that of a GPU makes
    32 bits of it (PyTorch, "CUDA Ops that can autocast to float32").
    """

    def widened(call):
        def wide(values, *arguments, **more):
            return call(values.float(), *arguments, **more)

        return wide

    def layer_norm(self, values):
        with torch.autocast("cpu", enabled=False):
            return torch.nn.functional.layer_norm(
                values.float(), self.normalized_shape, self.weight, self.bias, self.eps
            )

    monkeypatch.setattr(torch.nn.LayerNorm, "forward", layer_norm)
    for name in ("softmax", "log_softmax", "logsumexp", "exp", "log"):
        monkeypatch.setattr(torch, name, widened(getattr(torch, name)))


@pytest.mark.parametrize("name", [name for name, each in RECIPES.items() if not each.classical])
def test_every_recipe_learns_with_half_precision(name, like_a_gpu):
    recipe = RECIPES[name].with_fields({"precision": "bf16"})
    dialogues, features = make(3)
    prepared = Preprocessing.of(recipe, dialogues, features, TASKS, {})
    data = prepared.pack(dialogues, features, torch.device("cpu"))
    torch.manual_seed(0)
    model = build_network(recipe, TASKS, len(prepared.vocabulary), prepared.sizes)
    module = TrainingModule(model, Objective(recipe, TASKS, dict(prepared.priors)))
    optimiser = torch.optim.AdamW(parameter_groups(module, recipe))
    losses = _TrainingStep(module, module, optimiser, True, None)([data.batch([0, 1, 2])])
    assert {task.key for task in TASKS} <= losses.keys()


def test_a_gpu_adds_up_in_one_order(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    try:
        make_repeatable(torch.device("cpu"))
        assert not torch.are_deterministic_algorithms_enabled()
        make_repeatable(torch.device("cuda"))
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    finally:
        torch.use_deterministic_algorithms(False)
