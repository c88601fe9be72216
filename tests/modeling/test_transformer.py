"""Transformer layers in encoders and fusion, and the learning rate that they are trained with."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from modeling.learner.features import audio, vision
from modeling.learner.networks.dialogue_model import DialogueModel
from modeling.learner.networks.encoders import SequenceEncoder
from modeling.learner.networks.fusion import AttentionFusion
from modeling.learner.networks.transformer import TransformerLayer, positions
from modeling.learner.recipes import BASE, RECIPES, Recipe
from modeling.learner.synthetic_data import TASKS
from modeling.learner.training import rate_share


def reference(layer, width, heads):
    """PyTorch's own pre-norm layer with the same weights."""
    own = nn.TransformerEncoderLayer(
        width, heads, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    ).eval()
    own.self_attn.in_proj_weight.data = layer.qkv.weight.data
    own.self_attn.in_proj_bias.data = layer.qkv.bias.data
    own.self_attn.out_proj.load_state_dict(layer.out.state_dict())
    own.norm1.load_state_dict(layer.before.state_dict())
    own.norm2.load_state_dict(layer.feed[0].state_dict())
    own.linear1.load_state_dict(layer.feed[1].state_dict())
    own.linear2.load_state_dict(layer.feed[3].state_dict())
    return own


def test_a_layer_computes_what_pytorch_s_does():
    torch.manual_seed(0)
    layer = TransformerLayer(8, 2, 0.0).eval()
    tokens = torch.randn(3, 5, 8)
    inside = torch.arange(5)[None] < torch.tensor([5, 2, 3])[:, None]
    expected = reference(layer, 8, 2)(tokens, src_key_padding_mask=~inside)
    assert torch.allclose(layer(tokens, inside)[inside], expected[inside], atol=1e-5)


def test_positions_differ_and_begin_with_none():
    found = positions(6, 4, torch.device("cpu"))
    assert found.shape == (6, 4) and found[0].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert torch.allclose(found[3, :2], torch.tensor([3.0]).sin().new_tensor([0.14112, -0.98999]))
    assert len({tuple(row) for row in found.tolist()}) == 6


def test_an_encoder_with_layers_is_the_same_in_any_batch():
    torch.manual_seed(0)
    encoder = SequenceEncoder(3, 8, 0.0, layers=2, heads=2).eval()
    frames, lengths = torch.randn(3, 7, 3), torch.tensor([7, 4, 0])
    together = encoder(frames, lengths)
    alone = encoder(frames[1:2, :4], lengths[1:2])
    assert torch.allclose(together[1:2], alone, atol=1e-5)
    changed = frames.clone()
    changed[1, 4:] = 1e3
    assert torch.equal(encoder(changed, lengths), together)
    assert together[2].tolist() == [0.0] * 8  # nothing there
    turned = frames.flip(1)
    assert not torch.allclose(encoder(turned, torch.tensor([7, 7, 7]))[0], together[0], atol=1e-3)


@pytest.mark.parametrize("layers", [0, 2])
def test_a_missing_modality_cannot_matter_in_the_fusion(layers):
    torch.manual_seed(0)
    fusion = AttentionFusion(3, 8, 2, 0.0, layers).eval()
    tokens = torch.randn(4, 3, 8)
    present = torch.tensor([[True] * 3, [True, False, True], [False, True, False], [False] * 3])
    before = fusion(tokens, present)
    tokens[~present] = 1e3
    assert torch.equal(fusion(tokens, present), before) and before.isfinite().all()


def test_base_recipes_are_as_wide_and_deep_as_specified():
    names = [name for name in RECIPES if name.endswith("-base")]
    assert names == ["hard-base", "reading-base", "soft-base"]
    assert (BASE.width, BASE.heads, BASE.encoder_layers, BASE.fusion_layers) == (128, 4, 1, 2)
    assert "fusion_layers" in RECIPES["reading-base"].unused
    assert "fusion_layers" in replace(BASE, fusion=False).unused
    assert "fusion_layers" not in RECIPES["hard-base"].unused


def test_the_learning_rate_rises_and_falls():
    recipe = Recipe(epochs=10, learning_rate=0.1, warmup=0.2, schedule="cosine")
    rates = [
        recipe.learning_rate * rate_share(recipe, epoch, step, 5)
        for epoch in range(1, 11)
        for step in range(5)
    ]
    assert rates[:10] == pytest.approx([0.01 * n for n in range(1, 11)])
    assert rates[10:] == sorted(rates[10:], reverse=True) and rates[30] == pytest.approx(0.05)
    assert 0 < rates[-1] < 0.001
    flat = replace(recipe, schedule="constant", warmup=0.0)
    assert {flat.learning_rate * rate_share(flat, epoch, 0, 5) for epoch in range(1, 11)} == {0.1}
    kept = replace(recipe, schedule="constant")
    assert rate_share(kept, 9, 0, 5) == 1 and rate_share(kept, 1, 0, 5) < 0.2


def test_parameters_are_those_of_the_documentation():
    written = (Path(__file__).parents[2] / "docs" / "learner.md").read_text()
    sizes = {"audio": audio.DIMS, "vision": vision.DIMS}
    for sharing in ("hard", "reading", "soft"):
        counts = [
            sum(p.numel() for p in DialogueModel(RECIPES[name], TASKS, 3000, sizes).parameters())
            for name in (f"{sharing}-small", f"{sharing}-base")
        ]
        row = next(line for line in written.splitlines() if line.startswith(f"| `{sharing}`"))
        assert row.split("|")[2:4] == [f" {count:,} " for count in counts], counts
