"""Encoders of each family against the plain computation of transformers."""

import json

import numpy as np
import pytest
import torch

from modeling.learner.features.decoding import RATE
from modeling.learner.features.encoder_directory import FAMILIES, UNSAID, EncoderDirectory
from modeling.learner.features.extraction import Extractors, extract
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.pretrained import (
    EncoderSettings,
    SpeechEncoder,
    TextEncoder,
    VisionEncoder,
)
from modeling.learner.recipe_checks import check_encoders
from modeling.learner.recipes import Recipe, RecipeError
from tests.modeling.encoder_factories import PICTURES, SPEECHES, TEXT, make_encoder
from tests.modeling.factories import dialogue

CPU = torch.device("cpu")
IDS = {"好": [2, 5, 3], "坏人好": [2, 6, 7, 5, 3]}


def waves(*seconds):
    draw = np.random.default_rng(0)
    return [draw.normal(0, 0.1, int(s * RATE)).astype(np.float32) for s in seconds]


def close(a, b):
    return np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=2e-5)


@pytest.mark.parametrize("kind", TEXT)
@torch.inference_mode()
def test_text_is_what_transformers_computes_whatever_stands_beside_it(kind, tmp_path):
    network = make_encoder(kind, tmp_path)
    network = network.get_encoder() if kind == "t5" else network
    settings = {
        "tokens": EncoderSettings(pooling="tokens"),
        "mean": EncoderSettings("1", "mean"),
        "last": EncoderSettings("mean-2", "last"),
    }
    for name, setting in settings.items():
        encoder = TextEncoder(tmp_path, CPU, setting)
        together = encoder.encode(["坏人好", "", "好"])
        assert together[1].shape == (0, 16) == (0, encoder.dims)
        for text, vectors in zip(["坏人好", "好"], [together[0], together[2]], strict=True):
            plain = network(torch.tensor([IDS[text]]), output_hidden_states=True)
            states = plain.last_hidden_state[0]
            if name == "mean":
                states = plain.hidden_states[1][0].mean(dim=0, keepdim=True)
            if name == "last":
                states = torch.stack(plain.hidden_states[-2:]).mean(dim=0)[0, -1:]
            close(vectors, states)
    auto = TextEncoder(tmp_path, CPU)
    assert auto.pooling == ("last" if kind == "qwen3" else "tokens")
    assert (auto.modality, auto.name, auto.rate) == ("text", tmp_path.name, None)
    if kind == "bert":
        head = TextEncoder(tmp_path, CPU, EncoderSettings(pooling="head")).encode(["好"])[0]
        close(head, network(torch.tensor([IDS["好"]])).pooler_output)
    if kind in ("t5", "qwen3"):
        with pytest.raises(FeatureError, match="no pooling head"):
            TextEncoder(tmp_path, CPU, EncoderSettings(pooling="head")).encode(["好"])


@pytest.mark.parametrize("kind", SPEECHES)
@torch.inference_mode()
@pytest.mark.parametrize("together", [False, True])
def test_sound_is_what_transformers_computes_whatever_is_heard_beside_it(
    kind, together, tmp_path, monkeypatch
):
    network = make_encoder(kind, tmp_path)
    encoder = SpeechEncoder(tmp_path, CPU)
    if together:  # as on a GPU
        monkeypatch.setattr(encoder, "_batches", lambda order, lengths: iter([order]))
    sounds = waves(1.03, 2.5, 0.05, 1.03)
    together = encoder.encode(sounds)
    assert [len(each) for each in together] == [10, 25, 0, 10] and encoder.dims == 16
    for wave, frames in zip(sounds, together, strict=True):
        if not len(frames):
            continue  # too short for a convolution
        inputs = encoder.processor(wave, sampling_rate=RATE, return_tensors="pt")
        if kind == "whisper":
            states = network.get_encoder()(inputs["input_features"]).last_hidden_state
            states = states[:, : round(len(wave) / RATE * 50)]
        else:
            states = network(inputs["input_values"]).last_hidden_state
        pooled = torch.nn.functional.adaptive_avg_pool1d(states[0].T, len(frames)).T
        close(frames, pooled)
    first = SpeechEncoder(tmp_path, CPU, EncoderSettings(layer="1")).encode(sounds[:1])[0]
    assert first.shape == (10, 16) and not np.allclose(first, together[0])
    pieces = SpeechEncoder(tmp_path, CPU, EncoderSettings(longest=1)).encode(sounds[1:2])[0]
    assert len(pieces) == 25


@pytest.mark.parametrize("kind", PICTURES)
@torch.inference_mode()
def test_pictures_are_what_transformers_computes(kind, tmp_path):
    network = make_encoder(kind, tmp_path)
    network = getattr(network, "vision_model", network) if "both" in kind else network
    network = network.vision_model if kind == "chinese_clip" else network
    encoder = VisionEncoder(tmp_path, CPU)
    assert (encoder.side, encoder.dims) == (32, 16)
    draw = np.random.default_rng(0)
    seen = [draw.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(3)]
    vectors = encoder.encode(seen)
    mean, std = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.4])
    for picture, vector in zip(seen, vectors, strict=True):
        pixels = ((torch.tensor(picture) / 255 - mean) / std).permute(2, 0, 1)[None]
        plain = network(pixel_values=pixels)
        own = plain.pooler_output if "vit" not in kind and kind != "dinov2" else None
        close(vector, (plain.last_hidden_state[:, 0] if own is None else own)[0])
    averaged = VisionEncoder(tmp_path, CPU, EncoderSettings(pooling="mean")).encode(seen[:1])[0]
    close(averaged, network(pixel_values=((torch.tensor(seen[0]) / 255 - mean) / std)
                            .permute(2, 0, 1)[None]).last_hidden_state[0].mean(dim=0))  # fmt: skip


@torch.inference_mode()
def test_weights_in_shards_and_of_pytorch_are_read_and_code_in_them_is_not(tmp_path):
    plain, shards, pickled = (tmp_path / name for name in ("plain", "shards", "pickled"))
    network = make_encoder("bert", plain)
    make_encoder("bert", shards, max_shard_size="4KB")
    make_encoder("bert", pickled)
    (pickled / "model.safetensors").unlink()
    torch.save(network.state_dict(), pickled / "pytorch_model.bin")
    expected = TextEncoder(plain, CPU).encode(["好"])[0]
    found = EncoderDirectory(shards)
    assert len(found.weights) > 2 and found.digest != EncoderDirectory(plain).digest
    close(TextEncoder(shards, CPU).encode(["好"])[0], expected)
    close(TextEncoder(pickled, CPU).encode(["好"])[0], expected)
    next(shards.glob("model-*.safetensors")).unlink()
    with pytest.raises(FeatureError, match="lacks 1 of"):
        EncoderDirectory(shards)

    class Evil:
        def __reduce__(self):
            return (exec, ("raise SystemExit('code was run')",))

    torch.save({"embeddings": Evil()}, pickled / "pytorch_model.bin")
    with pytest.raises(FeatureError, match="holds more than numbers"):
        TextEncoder(pickled, CPU).encode(["好"])


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm", "bert"])
def test_checkpoints_with_the_names_of_before_give_the_same(kind, tmp_path):
    """Most published ones: weights below the name of the model, older names of norms."""
    from safetensors.torch import load_file

    make_encoder(kind, tmp_path)

    def vectors():
        if kind == "bert":
            return TextEncoder(tmp_path, CPU).encode(["好"])[0]
        return SpeechEncoder(tmp_path, CPU).encode(waves(1))[0]

    expected, path = vectors(), tmp_path / "model.safetensors"
    before = {
        "parametrizations.weight.original0": "weight_g",
        "parametrizations.weight.original1": "weight_v",
        "LayerNorm.weight": "LayerNorm.gamma",
        "LayerNorm.bias": "LayerNorm.beta",
    }
    old = {"masked.head": torch.zeros(2)}
    for name, weight in load_file(path).items():
        for new, former in before.items() if kind == "bert" or "pos_conv" in name else ():
            name = name.replace(new, former)
        old[f"{kind}.{name}"] = weight
    old.pop(f"{kind}.masked_spec_embed", None)
    path.unlink()
    torch.save(old, tmp_path / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    close(vectors(), expected)


def test_what_would_be_drawn_at_random_is_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    make_encoder("bert", tmp_path)
    path = tmp_path / "model.safetensors"
    weights = load_file(path)
    save_file({k: v for k, v in weights.items() if "pooler" not in k}, path, {"format": "pt"})
    assert TextEncoder(tmp_path, CPU).encode(["好"])[0].shape == (3, 16)
    with pytest.raises(FeatureError, match="lacks weights that are used.*another pooling"):
        TextEncoder(tmp_path, CPU, EncoderSettings(pooling="head")).encode(["好"])
    save_file({k: v for k, v in weights.items() if "layer.1" not in k}, path, {"format": "pt"})
    with pytest.raises(FeatureError, match="lacks weights that are used"):
        TextEncoder(tmp_path, CPU).encode(["好"])


def test_the_key_names_all_that_decides_the_vectors(tmp_path):
    for kind in ("bert", "wav2vec2", "siglip"):
        make_encoder(kind, tmp_path / kind)
    digest = EncoderDirectory(tmp_path / "bert").digest
    keys = {
        f"text-{digest}": EncoderSettings(),
        f"text-{digest}-layer-1-mean": EncoderSettings("1", "mean"),
        f"text-{digest}-layer-mean-2-64tokens-bf16": EncoderSettings(
            "mean-2", "tokens", 64, "bf16"
        ),
    }
    for key, settings in keys.items():
        assert TextEncoder(tmp_path / "bert", CPU, settings).key == key
    low = TextEncoder(tmp_path / "bert", CPU, EncoderSettings(precision="bf16")).encode(["好"])[0]
    full = TextEncoder(tmp_path / "bert", CPU).encode(["好"])[0]
    assert low.dtype == np.float32 and 0 < np.abs(low - full).max() < 0.1
    speech = EncoderDirectory(tmp_path / "wav2vec2").digest
    heard = SpeechEncoder(tmp_path / "wav2vec2", CPU, EncoderSettings(longest=10.0))
    assert heard.key == f"speech-{speech}-10s" and heard.rate == 10
    assert VisionEncoder(tmp_path / "siglip", CPU).key.endswith("-head")
    (tmp_path / "bert" / "encoder.json").write_text(json.dumps({"licence": "mit", "repo": "a/b"}))
    again = EncoderDirectory(tmp_path / "bert")
    assert (again.digest, again.licence) == (digest, "mit")
    (tmp_path / "bert" / "encoder.json").unlink()
    (tmp_path / "bert" / "README.md").write_text("---\nlanguage: zh\nlicense: apache-2.0\n---\n# x")
    assert EncoderDirectory(tmp_path / "bert").licence == "apache-2.0"


@pytest.mark.parametrize("fields, said", [
    ({"text_layer": "3"}, "text_layer cannot be 3: .* has 2 layers"),
    ({"text_layer": "mean-9"}, "text_layer cannot be mean-9"),
    ({"text_layer": "first"}, '"last", the number of a layer'),
    ({"text_layer": "1", "text_pooling": "head"}, "text_pooling head reads the last layer alone"),
    ({"audio_pooling": "first"}, "audio_pooling must be one of auto, frames, mean, max"),
    ({"text_tokens": 4}, "text_tokens must be from 8 to 32,768"),
    ({"text_tokens": 1000}, "text_tokens cannot be 1000: .* reads 512"),
    ({"encoder_precision": "fp8"}, "encoder_precision must be one of fp32, bf16"),
])  # fmt: skip
def test_impossible_settings_are_refused_before_any_work(fields, said, tmp_path):
    make_encoder("bert", tmp_path)
    with pytest.raises(RecipeError, match=said):
        recipe = Recipe(modalities=("text",), text_encoder=str(tmp_path), **fields)
        check_encoders(recipe, [dialogue("a", 2)])


def test_an_encoder_of_something_else_is_refused(tmp_path):
    make_encoder("bert", tmp_path)
    with pytest.raises(FeatureError, match="reads text"):
        SpeechEncoder(tmp_path, CPU)
    (tmp_path / "config.json").write_text('{"model_type": "gpt-7"}')
    with pytest.raises(FeatureError, match="'gpt-7', of no family"):
        EncoderDirectory(tmp_path)
    assert "text_layer" in Recipe().unused and "encoder_precision" in Recipe().unused
    assert not {"text_layer", "text_tokens"} & Recipe(text_encoder="x").unused


def test_clips_of_utterances_are_heard_and_seen_together_and_pooled(film, tmp_path):
    from dataclasses import replace

    make_encoder("wav2vec2-layered", tmp_path / "speech")
    make_encoder("vit", tmp_path / "vit")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    talk = dialogue("a", 4)
    clips = [film, broken, film, film]
    utterances = tuple(
        replace(u, clip=clip, clip_sha256=str(n) * 64)
        for n, (u, clip) in enumerate(zip(talk.utterances, clips, strict=True))
    )
    talk = replace(talk, utterances=utterances)
    recipe = Recipe(audio_encoder=str(tmp_path / "speech"), vision_encoder=str(tmp_path / "vit"))
    extractors = Extractors.of(recipe)
    calls = []
    network = extractors.clips["vision"].network()
    network.register_forward_hook(lambda module, *_: calls.append(module))
    found, failures = extract(talk, tmp_path / "cache", extractors)
    assert [(f.clip, f.modality) for f in failures] == [
        ("broken.mp4", "audio"), ("broken.mp4", "vision"),
    ]  # fmt: skip
    alone = extractors.clips["audio"].of_clip(film)
    assert len(found[0]["audio"]) == len(alone) and len(found[1]["audio"]) == 0
    close(found[3]["audio"], alone)
    pictures = sum(len(each["vision"]) for each in found)
    assert len(calls) == -(-pictures // 32)  # batches over clips
    pooled = Extractors.of(
        Recipe(audio_encoder=str(tmp_path / "speech"), audio_pooling="mean", modalities=("audio",))
    )
    again, _ = extract(talk, tmp_path / "cache", pooled)
    close(again[0]["audio"], alone.mean(axis=0, keepdims=True))
    assert again[1]["audio"].shape == (0, 16)


def test_unsaid_numbers_are_those_of_transformers():
    from transformers import ChineseCLIPVisionConfig, CLIPVisionConfig, SiglipVisionConfig

    for config in (CLIPVisionConfig(), SiglipVisionConfig(), ChineseCLIPVisionConfig()):
        assert all(getattr(config, name) == value for name, value in UNSAID.items())
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    assert set(FAMILIES) <= set(CONFIG_MAPPING_NAMES)
