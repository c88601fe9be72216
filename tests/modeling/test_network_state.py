"""What training changes in a network outside gradients goes on where it was interrupted."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from modeling.learner.checkpoints import Checkpointer, begin_or_resume
from modeling.learner.losses import Objective
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import RECIPES
from modeling.learner.run_directory import RunDirectory
from modeling.learner.stop_signal import Interrupted
from modeling.learner.training import TrainingModule, fit
from tests.modeling.factories import SIZES, TASKS, dialogue, packed

STATES = {"self-mm": "centres", "mmim": "memory", "lf-dnn": "running_mean"}
META = {"release": "a", "recipe": {}, "seed": 1}


def learner(name):
    torch.manual_seed(0)
    recipe = replace(RECIPES[name], width=8, epochs=4, patience=4, learning_rate=1e-2)
    network = build_network(recipe, TASKS, 5, SIZES)
    priors = {task.key: torch.zeros(len(task.classes)) for task in TASKS}
    return TrainingModule(network, Objective(recipe, TASKS, priors))


def trained(module, data, checkpointer=None, after_epoch=lambda: None):
    """All states of the module after the last epoch, buffers included."""

    def score():
        after_epoch()
        return {"sentiment": 0.5}

    fit(module, lambda epoch: data.shuffled(2, epoch), data.batch, score, lambda event: None,
        checkpointer)  # fmt: skip
    return {name: each.clone() for name, each in module.state_dict().items()}


@pytest.mark.parametrize("name", STATES)
def test_a_network_s_own_state_goes_on_exactly(tmp_path, name):
    data = packed([dialogue(f"D{n}", 2 + n % 3) for n in range(6)])
    straight = trained(learner(name), data)
    run, stop, epochs = RunDirectory(tmp_path), SimpleNamespace(received=False), []

    def stop_after_two():
        epochs.append(1)
        stop.received = len(epochs) == 2

    begin_or_resume(run, META)
    with pytest.raises(Interrupted):
        trained(learner(name), data, Checkpointer(run, stop, 1e9), stop_after_two)
    again = RunDirectory(tmp_path)
    resumed = begin_or_resume(again, META)
    assert any(STATES[name] in key for key in resumed["learner"])
    idle = SimpleNamespace(received=False)
    module = learner(name)
    torch.manual_seed(99)
    found = trained(module, data, Checkpointer(again, idle, 1e9, resumed))
    assert {*found} == {*straight}
    assert all(torch.equal(found[key], straight[key]) for key in straight)
