"""LF-DNN's summaries."""

from dataclasses import replace

import torch

from modeling.learner.networks.published.lf_dnn import Averages, LastState
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import RECIPES
from tests.modeling.factories import SIZES, TASKS, dialogue, packed, whole


def test_the_text_is_its_last_state():
    torch.manual_seed(0)
    part, frames = LastState(3, 4, 0.0), torch.randn(2, 5, 3)
    found = part(frames, torch.tensor([5, 2]))
    for row, length in ((0, 5), (1, 2)):
        states, _ = part.run(frames[row : row + 1, :length])
        assert torch.allclose(found[row], part.linear(states[0, -1]), atol=1e-6)


def test_frames_are_averaged_up_to_their_end():
    torch.manual_seed(0)
    part, frames = Averages(3, 4, 0.0).eval(), torch.randn(2, 5, 3)
    frames[1, 2:] = 0
    mean = torch.stack([frames[0].mean(0), frames[1, :2].mean(0)])
    rows = part.norm(mean)
    for layer in part.layers:
        rows = torch.relu(layer(rows))
    assert torch.allclose(part(frames, torch.tensor([5, 2])), rows, atol=1e-6)


def test_missing_modalities_are_not_in_the_norm():
    torch.manual_seed(0)
    network = build_network(replace(RECIPES["lf-dnn"], width=16), TASKS, 5, SIZES).train()
    batch = whole(packed([dialogue("A", 4)]))
    batch.lengths["audio"][1:] = 0
    norm = network.body.parts["audio"].norm
    before = norm.running_mean.clone()
    network(batch)
    assert torch.equal(norm.running_mean, before)  # one utterance has no variance
    batch.lengths["audio"][1] = 1
    network(batch)
    assert not torch.equal(norm.running_mean, before)
