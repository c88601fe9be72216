"""Published networks: equal to MMSA's with its parameters, and right where MMSA's are not."""

from copy import deepcopy

import pytest
import torch
from MMSA.config import get_config_regression
from MMSA.models.singleTask.EF_LSTM import EF_LSTM
from MMSA.models.singleTask.LMF import LMF
from MMSA.models.singleTask.MFN import MFN
from MMSA.models.singleTask.MULT import MULT
from MMSA.models.singleTask.TFN import TFN
from MMSA.models.subNets import AlignSubNet

from modeling.learner.networks.baselines.mmsa import convert_state
from modeling.learner.networks.baselines.recurrent import align
from modeling.learner.networks.baselines.registry import BASELINES, build_baseline
from modeling.learner.networks.dropout import Dropout
from modeling.learner.networks.lstm import LSTM

DIMS, STEPS = (12, 7, 9), 8
LENGTHS = (8, 30, 12)
THEIRS = {"ef_lstm": EF_LSTM, "lmf": LMF, "tfn": TFN, "mfn": MFN, "mult": MULT}


def theirs(name):
    """MMSA's network with its published settings for CH-SIMS, and our dimensions."""
    args = get_config_regression(name, "sims")
    args.update(
        feature_dims=list(DIMS), seq_lens=[STEPS, 30, 12], train_mode="regression",
        attn_mask=True, use_bert=False,
    )  # fmt: skip
    if name in ("ef_lstm", "mfn"):
        args["seq_lens"] = STEPS
    return THEIRS[name](args)


def sequences(size=6, seed=0):
    made = torch.Generator().manual_seed(seed)
    return [torch.randn(size, n, d, generator=made) for n, d in zip(LENGTHS, DIMS, strict=True)]


@pytest.mark.parametrize("name", BASELINES)
def test_a_network_of_mmsa_gives_the_same_with_its_parameters(name):
    torch.manual_seed(0)
    reference, network = theirs(name), build_baseline(name, DIMS, STEPS, 1)
    if name == "tfn":
        reference.post_fusion_layer_1.weight.data *= 30  # so that its sigmoid is not flat
    network.load_state_dict(convert_state(name, reference.state_dict()))
    text, audio, vision = sequences()
    result = [text, audio, vision]
    if name in ("lmf", "tfn"):
        result = [text, audio.mean(1, keepdim=True), vision.mean(1, keepdim=True)]
    if name in ("ef_lstm", "mfn"):
        result = [align(x, STEPS) for x in result]
    expected = reference.eval()(*result)["M"]
    found = network.eval()(text, audio, vision)
    assert found.shape == (6, 1) and torch.allclose(found, expected, atol=1e-5)
    # and learns the same: gradients of what both are trained on, dropout off
    for each in (reference, network):
        each.zero_grad()
    (reference(*result)["M"] - 1).abs().mean().backward()
    (network(text, audio, vision) - 1).abs().mean().backward()
    wanted = {k: p.grad for k, p in reference.named_parameters() if p.grad is not None}
    wanted = convert_state(name, wanted)
    own = {k: p.grad for k, p in network.named_parameters() if p.grad is not None}
    for key, gradient in own.items():
        assert torch.allclose(gradient, wanted[key], atol=1e-5), key


def test_alignment_is_that_of_mmsa():
    class Args(dict):
        feature_dims, seq_lens = DIMS, (STEPS, 30, 12)

    expected = AlignSubNet(Args(), "avg_pool")(*sequences())
    for x, wanted in zip(sequences(), expected, strict=True):
        assert torch.allclose(align(x, STEPS), wanted, atol=1e-6)


@pytest.mark.parametrize("layers", [1, 3])
def test_the_lstm_is_the_library_s(layers):
    torch.manual_seed(0)
    reference, network = torch.nn.LSTM(5, 4, layers).double(), LSTM(5, 4, layers).double()
    network.load_state_dict(reference.state_dict())
    mine = torch.randn(7, 3, 5, dtype=torch.float64, requires_grad=True)
    yours = mine.detach().clone().requires_grad_()
    (hidden, cells), (wanted, (_, last)) = network(mine.transpose(0, 1)), reference(yours)
    assert torch.allclose(hidden, wanted) and torch.allclose(cells[-1], last[-1])
    weights = torch.randn_like(hidden)
    ((hidden * weights).sum() + cells[-1].sin().sum()).backward()
    ((wanted * weights).sum() + last[-1].sin().sum()).backward()
    assert torch.allclose(mine.grad, yours.grad)
    for own, other in zip(network.parameters(), reference.parameters(), strict=True):
        assert torch.allclose(own.grad, other.grad)


def test_a_scale_and_a_shift_are_folded_in():
    torch.manual_seed(0)
    network = LSTM(5, 4).double()
    x = torch.randn(3, 7, 5, dtype=torch.float64)
    scale, shift = torch.randn(2, 7, dtype=torch.float64)
    hidden, _ = network(x, scale, shift)
    assert torch.allclose(hidden, network(scale[:, None] * x + shift[:, None])[0])


def test_gradients_through_every_cell():
    torch.manual_seed(0)
    network = LSTM(2, 3).double()
    x = torch.randn(4, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: network(x), x)


def test_dropout_keeps_the_mean_and_falls_as_often_as_it_says():
    torch.manual_seed(0)
    drop, x = Dropout(0.3), torch.ones(1_000_003, requires_grad=True)
    dropped = drop(x)
    assert (dropped == 0).float().mean().item() == pytest.approx(77 / 256, abs=2e-3)
    assert dropped.mean().item() == pytest.approx(1.0, abs=5e-3)
    dropped.sum().backward()
    assert torch.equal(x.grad, dropped.detach())
    assert drop.eval()(x) is x and Dropout(0.0)(x) is x
    over = torch.ones(8, requires_grad=True)
    doubled = over * 2
    assert Dropout(0.5, inplace=True)(doubled) is doubled
    doubled.sum().backward()
    assert torch.equal(over.grad * 1.0, doubled.detach())
    with pytest.raises(ValueError):
        Dropout(1.0)
    torch.manual_seed(1)
    one = Dropout(0.5)(torch.ones(9))
    torch.manual_seed(1)
    assert torch.equal(one, Dropout(0.5)(torch.ones(9)))


def test_padding_changes_nothing_in_our_multimodal_transformer():
    """MMSA's reads the last padded step and attends to padding."""
    torch.manual_seed(0)
    network = build_baseline("mult", DIMS, STEPS, 1).eval()
    lengths = torch.tensor([[8, 6, 5], [30, 17, 9], [12, 12, 4]])
    inputs = sequences(3)
    padded = deepcopy(inputs)
    for x, own in zip(padded, lengths, strict=True):
        for row, n in enumerate(own):
            x[row, n:] = 1e3
    together = network(*padded, lengths)
    for row in range(3):
        alone = [x[row : row + 1, : own[row]] for x, own in zip(inputs, lengths, strict=True)]
        assert torch.allclose(network(*alone)[0], together[row], atol=1e-5)
    full = torch.tensor([[8] * 3, [30] * 3, [12] * 3])
    assert torch.allclose(network(*inputs, full), network(*inputs), atol=1e-5)
