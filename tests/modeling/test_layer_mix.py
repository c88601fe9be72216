"""All layers of an encoder, weighted as training learns."""

import json

import numpy as np
import pytest
import torch

from modeling.charts import mix_charts
from modeling.learner.features.extraction import Extractors, extract
from modeling.learner.features.pretrained import (
    EncoderSettings,
    SpeechEncoder,
    TextEncoder,
    VisionEncoder,
)
from modeling.learner.networks.layer_mix import SPEED, LayerMix
from modeling.learner.networks.registry import build_network
from modeling.learner.networks.tuned_encoders import build_tuned_encoder
from modeling.learner.preprocessing import Preprocessing
from modeling.learner.recipe_checks import check_encoders
from modeling.learner.recipes import Recipe, RecipeError
from modeling.learner.tuning_costs import Lengths, mixed_bytes
from tests.modeling.encoder_factories import make_encoder
from tests.modeling.factories import TASKS, dialogue, learn, write_release

CPU = torch.device("cpu")
MIXED = EncoderSettings("mix")


def text_recipe(root, **fields):
    given = {"text_layer": "mix", "width": 16, "heads": 2, "dropout": 0.0, **fields}
    return Recipe(modalities=("text",), text_encoder=str(root), **given)


def test_a_mix_is_a_scaled_mean_weighted_by_a_softmax():
    mix = LayerMix(3)
    layers = torch.randn(5, 3, 4)
    assert torch.allclose(mix(layers.flatten(1)), layers.mean(dim=1), atol=1e-6)
    with torch.no_grad():
        mix.weight.copy_(torch.tensor([0.0, 0.1, -0.1]))
        mix.scale.fill_(2.0)
    shares = torch.softmax(SPEED * mix.weight, 0)
    wanted = 2 * sum(shares[k] * layers[:, k] for k in range(3))
    assert torch.allclose(mix(layers.flatten(1)), wanted, atol=1e-5)
    assert sum(mix.learned()["shares"]) == pytest.approx(1, abs=1e-3)
    assert mix.learned()["scale"] == 2


@pytest.mark.parametrize("kind", ["bert", "qwen3", "mt5"])
@torch.inference_mode()
def test_all_layers_of_a_text_are_kept_side_by_side(kind, tmp_path):
    network = make_encoder(kind, tmp_path)
    encoder = TextEncoder(tmp_path, CPU, MIXED)
    single = [TextEncoder(tmp_path, CPU, EncoderSettings(str(n))) for n in range(3)]
    [vectors], layers = encoder.encode(["坏人好"]), [each.encode(["坏人好"])[0] for each in single]
    assert vectors.shape[1] == encoder.dims == 48
    assert np.allclose(vectors, np.concatenate(layers, axis=1), atol=1e-6)
    assert "layer-mix" in encoder.key and network.config.hidden_size == 16


def test_all_layers_of_sound_and_pictures_are_kept(tmp_path):
    wave = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    for kind in ("hubert", "whisper"):
        make_encoder(kind, tmp_path / kind)
        [frames] = SpeechEncoder(tmp_path / kind, CPU, MIXED).encode([wave])
        assert frames.shape == (10, 48)
    for kind in ("vit", "clip", "siglip"):
        make_encoder(kind, tmp_path / kind)
        encoder = VisionEncoder(tmp_path / kind, CPU, MIXED)
        assert encoder.encode([np.zeros((32, 32, 3), np.uint8)])[0].shape == (48,)
        one = VisionEncoder(tmp_path / kind, CPU, EncoderSettings("1"))
        assert one.pooling == ("mean" if kind == "siglip" else "first")  # never a head unasked


@pytest.mark.parametrize("sharing", ["hard", "single"])
def test_weights_are_learned_with_the_network_and_kept(sharing, tmp_path):
    make_encoder("bert", tmp_path / "bert")
    talks = [dialogue(f"d{n}", 2) for n in range(3)]
    recipe = text_recipe(tmp_path / "bert", sharing=sharing)
    extractors = Extractors.of(recipe)
    features = {each.id: extract(each, tmp_path / "c", extractors)[0] for each in talks}
    sizes = {"text": features["d0"][0]["text"].shape[1]}
    network = build_network(recipe, TASKS, 0, sizes)
    rows = network.learned()["layers"]
    assert len(rows) == (1 if sharing == "hard" else len(TASKS))
    assert rows[0]["shares"] == [0.3333] * 3 and sizes["text"] == 48
    mixes = [m for m in network.modules() if isinstance(m, LayerMix)]
    prepared = Preprocessing.of(recipe, talks, features, TASKS, extractors.keys)
    output = network(prepared.pack(talks, features, CPU).batch([0, 1, 2]))
    sum(each.square().sum() for each in output.logits.values()).backward()
    assert all(mix.weight.grad.abs().sum() > 0 and mix.scale.grad.abs() > 0 for mix in mixes)


def test_a_tuned_encoder_mixes_its_layers_too(tmp_path):
    make_encoder("bert", tmp_path)
    recipe = text_recipe(tmp_path, text_tuning="full")
    module = build_tuned_encoder(recipe, "text")
    ids = [torch.from_numpy(each) for each in module.encoder.tokens(["坏人好"])]
    module(torch.stack(ids), torch.tensor([len(ids[0])])).square().sum().backward()
    assert module.mix.weight.grad.abs().sum() > 0
    assert module.norm.weight.shape == (16,)


def test_a_run_says_what_it_learned_of_the_layers(tmp_path):
    make_encoder("bert", tmp_path / "bert")
    write_release(tmp_path / "release", [dialogue(f"d{n}", 2) for n in range(6)])
    recipe = text_recipe(tmp_path / "bert", epochs=1)
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.to_json()))
    done = learn(tmp_path / "release", tmp_path / "run", "--recipe", tmp_path / "recipe.json")
    assert done.returncode == 0, done.stderr
    [row] = json.loads((tmp_path / "run" / "results.json").read_text())["learned"]["layers"]
    assert row["modality"] == "text" and len(row["shares"]) == 3
    [(_name, scale, chart)] = mix_charts({}, [row])
    assert chart.kind == "bars" and chart.places == ["0", "1", "2"] and scale == row["scale"]


def test_what_cannot_be_mixed_is_refused_and_the_size_is_said_before(tmp_path):
    make_encoder("bert", tmp_path)
    for fields, said in (
        ({"text_pooling": "head"}, "head reads the last layer alone"),
        ({"network": "lmf"}, "mix is learned in our own networks"),
    ):
        with pytest.raises(RecipeError, match=said):
            text_recipe(tmp_path, **fields)
    check_encoders(text_recipe(tmp_path), [dialogue("a", 2)])
    lengths = Lengths(utterances=4, tokens=10, seconds=2)
    assert mixed_bytes(text_recipe(tmp_path), "text", lengths) == 4 * 10 * 16 * 3
    pooled = text_recipe(tmp_path, text_pooling="mean")
    assert mixed_bytes(pooled, "text", lengths) == 4 * 16 * 3
