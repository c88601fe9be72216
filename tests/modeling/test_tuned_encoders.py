"""Encoders that are trained with the network: what they compute, what learns, what is kept."""

import json
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from modeling.learner.batches import Packed
from modeling.learner.features.decoding import RATE
from modeling.learner.losses import Objective
from modeling.learner.networks.registry import build_network
from modeling.learner.networks.tuned_encoders import build_tuned_encoder, by_length
from modeling.learner.recipe_checks import check_encoders
from modeling.learner.recipes import Recipe, RecipeError
from modeling.learner.training import TrainingModule, _TrainingStep, parameter_groups
from modeling.learner.tuning_costs import Lengths, tuning_cost
from tests.modeling.encoder_factories import SPEECHES, TEXT, make_encoder
from tests.modeling.factories import ROOT, TASKS, dialogue, learn, packed, run, write_release

TEXTS = ("好", "坏人好", "好坏人好坏人")


def text_recipe(root, **fields):
    given = {"text_tuning": "lora", "width": 16, "dropout": 0.0, **fields}
    return Recipe(modalities=("text",), text_encoder=str(root), **given)


def padded(rows, more=0):
    longest = max(map(len, rows)) + more
    values = torch.zeros(len(rows), longest, dtype=rows[0].dtype)
    for row, place in zip(rows, values, strict=True):
        place[: len(row)] = row
    return values, torch.tensor([len(row) for row in rows])


@pytest.mark.parametrize("kind", TEXT)
@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_text_is_read_as_a_frozen_encoder_reads_it_before_it_learns(kind, tuning, tmp_path):
    make_encoder(kind, tmp_path)
    for pooling in ("auto", "first", "max"):
        recipe = text_recipe(tmp_path, text_tuning=tuning, text_pooling=pooling)
        module = build_tuned_encoder(recipe, "text").eval()
        frozen = type(module.encoder)(tmp_path, torch.device("cpu"), module.encoder.settings)
        ids = [torch.from_numpy(each) for each in module.encoder.tokens(TEXTS)]
        states, counts = module.states(*padded(ids, more=3))
        for text, state, count in zip(TEXTS, states, counts.tolist(), strict=True):
            expected = frozen.encode([text])[0]
            assert count == len(expected)
            assert np.allclose(state[:count].detach().numpy(), expected, atol=2e-5)
        vectors = module(*padded([ids[0], ids[0][:0], ids[2]]))
        assert (vectors[1] == 0).all() and (vectors[[0, 2]] != 0).any(dim=1).all()
        assert torch.allclose(vectors[0], module(*padded([ids[0]]))[0], atol=1e-5)


@pytest.mark.parametrize("kind", SPEECHES)
def test_sound_is_read_as_transformers_reads_it_whatever_is_beside_it(kind, tmp_path):
    network = make_encoder(kind, tmp_path)
    recipe = Recipe(
        modalities=("audio",), audio_encoder=str(tmp_path), audio_tuning="lora", width=16
    )
    module = build_tuned_encoder(recipe, "audio").eval()
    rng = np.random.default_rng(0)
    waves = [rng.normal(size=int(s * RATE)).astype(np.float32) / 9 for s in (1.03, 0.4, 2.5)]
    sounds = [torch.from_numpy((wave * 32767).astype(np.int16)) for wave in waves]
    with torch.inference_mode():
        states, counts = module.states(*padded(sounds, more=777))
        for sound, state, count in zip(sounds, states, counts.tolist(), strict=True):
            wave = sound.numpy() / 32767
            inputs = module.encoder.processor(wave, sampling_rate=RATE, return_tensors="pt")
            if kind == "whisper":
                plain = network.get_encoder()(inputs["input_features"]).last_hidden_state[0]
                plain = plain[: round(len(wave) / RATE * 50)]
            else:
                plain = network(inputs["input_values"]).last_hidden_state[0]
            assert count == len(plain)
            assert torch.allclose(state[:count], plain, atol=2e-4)


def test_rows_of_like_lengths_are_worked_on_together():
    lengths = torch.tensor([3, 40, 0, *[10] * 9, 38, 9, *[2] * 8, 0])
    parts = by_length(lengths)
    assert sorted(torch.cat(parts).tolist()) == (lengths > 0).nonzero().flatten().tolist()
    found = [sorted(lengths[part].tolist(), reverse=True) for part in parts]
    assert found == [[40, 38], [*[10] * 9, 9], [3], [2] * 8]
    assert by_length(torch.zeros(3, dtype=torch.long)) == [] and len(by_length(lengths[:1])) == 1


def test_lora_learns_its_adapters_and_full_all_by_layers(tmp_path):
    make_encoder("bert", tmp_path / "bert")
    make_encoder("wav2vec2", tmp_path / "speech")
    recipe = text_recipe(tmp_path / "bert", lora_rank=4)
    module = build_tuned_encoder(recipe, "text")
    learns = {name for name, each in module.network.named_parameters() if each.requires_grad}
    assert len(learns) == 2 * 2 * 2 and all("lora_" in name for name in learns)
    assert {rate for rate, _ in module.learning_rates(0.1)} == {2e-4}
    recipe = Recipe(
        modalities=("text", "audio"), text_encoder=str(tmp_path / "bert"), text_tuning="full",
        audio_encoder=str(tmp_path / "speech"), audio_tuning="full", audio_learning_rate=1e-5,
        layer_decay=0.5, width=16,
    )  # fmt: skip
    model = build_network(recipe, TASKS, 0, {})
    groups = parameter_groups(TrainingModule(model, Objective(recipe, TASKS, {})), recipe)
    assert groups[0]["lr"] == recipe.learning_rate
    grouped = [id(p) for group in groups for p in group["params"]]
    wanted = [id(p) for p in model.parameters() if p.requires_grad]
    assert {*wanted} <= {*grouped} and len(grouped) == len({*grouped})
    rates = {
        name: {g["lr"] for g in groups[1:] if any(p is each for each in g["params"])}
        for name, p in model.encoders["text"].network.named_parameters()
    }
    assert rates["pooler.dense.weight"] == rates["encoder.layer.1.output.dense.weight"] == {2e-5}
    assert rates["encoder.layer.0.output.dense.bias"] == {1e-5}
    assert rates["embeddings.word_embeddings.weight"] == {5e-6}
    assert {g["weight_decay"] for g in groups} == {0.0, 0.01}
    no_decay = [p for g in groups if not g["weight_decay"] for p in g["params"]]
    assert all(p.dim() == 1 for p in no_decay)
    convolutions = model.encoders["audio"].network.feature_extractor
    assert not any(p.requires_grad for p in convolutions.parameters())


@pytest.mark.parametrize("fields, said", [
    ({"text_encoder": ""}, "text_tuning lora tunes an encoder"),
    ({"text_tuning": "some"}, "text_tuning must be one of frozen, lora, full"),
    ({"modalities": ("text", "audio", "vision"), "network": "tfn"}, "for our own networks"),
    ({"accumulation": 2, "weighting": "pcgrad"}, "accumulation is for one loss"),
    ({"layer_decay": 0.0}, "layer_decay must be from 0.1 to 1"),
    ({"lora_rank": 0}, "lora_rank must be from 1 to 256"),
])  # fmt: skip
def test_impossible_tunings_are_refused(fields, said):
    with pytest.raises(RecipeError, match=said):
        Recipe(**{"modalities": ("text",), "text_encoder": "x", "text_tuning": "lora", **fields})


def test_what_is_not_used_is_said():
    frozen = Recipe(modalities=("text",), text_encoder="x")
    assert {"text_learning_rate", "lora_rank", "layer_decay", "audio_tuning"} <= frozen.unused
    assert "text_tuning" not in frozen.unused and "text_tuning" in Recipe().unused
    lora = text_recipe("x")
    assert {"layer_decay", "encoder_precision"} <= lora.unused
    assert not {"lora_rank", "text_learning_rate", "gradient_checkpointing"} & lora.unused


@pytest.mark.parametrize("kind, change, fields, said", [
    ("wav2vec2", {"model_type": "data2vec-audio"}, {"audio_tuning": "full"}, "can only be frozen"),
    ("hubert", {}, {"audio_tuning": "lora"}, None),
])  # fmt: skip
def test_what_cannot_be_tuned_is_refused_before_any_work(kind, change, fields, said, tmp_path):
    make_encoder(kind, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, **change}))
    recipe = Recipe(modalities=("audio",), audio_encoder=str(tmp_path), **fields)
    talk = [dialogue("a", 2, clip=tmp_path / "config.json")]
    if said is None:
        return check_encoders(recipe, talk)
    with pytest.raises(RecipeError, match=said):
        check_encoders(recipe, talk)


def gradients(recipe, batches):
    torch.manual_seed(0)
    model = build_network(recipe, TASKS, 9, {})
    priors = {task.key: torch.zeros(len(task.classes)) for task in TASKS}
    module = TrainingModule(model, Objective(recipe, TASKS, priors))
    step = _TrainingStep(module, module, torch.optim.SGD(module.parameters(), 0.0), False, None)
    step.optimiser.step = lambda: None
    step(batches)
    return {n: p.grad for n, p in module.named_parameters() if p.grad is not None}


def test_accumulated_gradients_are_the_mean_of_those_of_the_batches(monkeypatch):
    monkeypatch.setattr("modeling.learner.training.MAX_GRADIENT_NORM", 1e9)
    recipe = Recipe(modalities=("text",), width=16, dropout=0.0, weighting="equal")
    data: Packed = packed([dialogue("a", 3), dialogue("b", 5)])
    one, other = data.batch([0]), data.batch([1])
    both, first, second = (gradients(recipe, each) for each in ([one, other], [one], [other]))
    assert all(torch.allclose(both[n], (first[n] + second[n]) / 2, atol=1e-6) for n in both)
    alone = gradients(recipe, [one])
    assert all(torch.equal(alone[n], first[n]) for n in first)


def test_gradient_checkpointing_changes_no_gradient(tmp_path):
    make_encoder("bert", tmp_path)
    found = []
    for keeps in (False, True):
        torch.manual_seed(0)
        recipe = text_recipe(tmp_path, text_tuning="full", gradient_checkpointing=keeps)
        module = build_tuned_encoder(recipe, "text").train()
        for part in module.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        ids = [torch.from_numpy(each) for each in module.encoder.tokens(TEXTS)]
        module(*padded(ids)).square().sum().backward()
        assert module.network.is_activation_checkpointing == keeps
        found.append({n: p.grad for n, p in module.named_parameters() if p.grad is not None})
    assert found[0].keys() == found[1].keys() and len(found[0]) > 30
    assert all(torch.allclose(found[0][n], found[1][n], atol=1e-6) for n in found[0])


@pytest.fixture
def release(tmp_path):
    splits = ["train"] * 8 + ["valid"] * 3 + ["test"] * 3
    talks = [dialogue(f"D{n}", 2 + n % 4, split) for n, split in enumerate(splits)]
    return write_release(tmp_path / "release", talks)


def tuned_recipe(tmp_path, **fields):
    make_encoder("bert", tmp_path / "bert")
    path = tmp_path / "recipe.json"
    path.write_text(
        json.dumps(
            {
                "modalities": ["text"],
                "text_encoder": str(tmp_path / "bert"),
                "epochs": 5,
                "width": 16,
                "dialogues_per_batch": 2,
                "accumulation": 2,
                **fields,
            }
        )  # fmt: skip
    )
    return str(path)


@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_a_run_with_a_tuned_encoder_resumes_exactly_and_predicts(release, tuning, tmp_path):
    fields = {"text_tuning": tuning, "gradient_checkpointing": True}
    recipe = tuned_recipe(tmp_path, **fields)
    straight = learn(release, tmp_path / "straight", "--recipe", recipe, "--json")
    assert straight.returncode == 0, straight.stderr
    command = [sys.executable, "-m", "tests.modeling.interrupted", str(int(signal.SIGTERM)), "2"]
    command += ["train", str(release), "--recipe", recipe, "--keep-every", "0"]
    command += ["--out", str(tmp_path / "broken")]
    assert subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode == 75
    again = learn(release, tmp_path / "broken", "--recipe", recipe, "--json")
    assert again.returncode == 0, again.stderr
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("straight", "broken")]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    adapters = {name for name in weights[0] if "lora_" in name}
    base = {name for name in weights[0] if ".network." in name and "lora_" not in name}
    assert (len(adapters), len(base)) == ((8, 0) if tuning == "lora" else (0, len(base)))
    assert any(weights[0][name].abs().max() > 0 for name in adapters if "lora_B" in name) or base
    results = json.loads(straight.stdout)
    assert results["trained_parameters"] < results["parameters"] or tuning == "full"
    predict = "predict", release, "--out", tmp_path / "broken", "--to", tmp_path / "said.jsonl"
    said = run(*predict)
    assert said.returncode == 0, said.stderr
    assert len((tmp_path / "said.jsonl").read_text().splitlines()) > 20
    (tmp_path / "bert" / "README.md").write_text("# another one")
    said = run(*predict)
    assert said.returncode == 2 and "another text_encoder" in said.stderr


def test_memory_and_operations_are_those_of_the_weights(tmp_path):
    network = make_encoder("bert", tmp_path / "bert")
    lengths = Lengths(utterances=8, tokens=10, seconds=2)
    recipe = text_recipe(tmp_path / "bert", lora_rank=4)
    cost = tuning_cost(recipe, "text", lengths)
    assert cost.parameters == sum(p.numel() for p in network.parameters())
    module = build_tuned_encoder(recipe, "text")
    adapters = [p for p in module.network.parameters() if p.requires_grad]
    assert cost.learned == sum(p.numel() for p in adapters)
    full = replace(recipe, text_tuning="full")
    dear = tuning_cost(full, "text", lengths)
    assert dear.learned == dear.parameters and dear.operations == 1.5 * cost.operations
    kept = tuning_cost(replace(full, gradient_checkpointing=True), "text", lengths)
    assert kept.memory < dear.memory and kept.operations > dear.operations
    make_encoder("wav2vec2", tmp_path / "speech")
    sound = Recipe(
        modalities=("audio",), audio_encoder=str(tmp_path / "speech"), audio_tuning="full"
    )
    heard = tuning_cost(sound, "audio", lengths)
    assert tuning_cost(sound, "audio", replace(lengths, seconds=4)).operations > heard.operations
    assert heard.learned < heard.parameters  # convolutions over samples stay


def test_sound_is_heard_and_tuned(film, tmp_path):
    from modeling.learner.features.extraction import Extractors, extract
    from modeling.learner.preprocessing import Preprocessing

    make_encoder("wav2vec2", tmp_path / "speech")
    recipe = Recipe(
        modalities=("audio",), audio_encoder=str(tmp_path / "speech"), audio_tuning="full",
        audio_seconds=1.0, width=16,
    )  # fmt: skip
    extractors = Extractors.of(recipe)
    assert extractors.keys["audio"].endswith("-1s-tuned")
    talk = dialogue("a", 3, clip=film)
    found, failures = extract(talk, tmp_path / "cache", extractors)
    assert failures == [] and not (tmp_path / "cache").exists()
    assert [(f["audio"].dtype, f["audio"].shape) for f in found] == [(np.int16, (RATE,))] * 3
    features = {"a": found}
    prepared = Preprocessing.of(recipe, [talk], features, TASKS, extractors.keys)
    prepared.save(tmp_path / "prepared.json")
    prepared = Preprocessing.load(tmp_path / "prepared.json")
    assert prepared.raw == ("audio",) and prepared.sizes == {}
    data = prepared.pack([talk], features, torch.device("cpu"))
    model = build_network(recipe, TASKS, len(prepared.vocabulary), prepared.sizes)
    module = TrainingModule(model, Objective(recipe, TASKS, dict(prepared.priors)))
    total, _ = module(data.batch([0]))
    total.backward()
    layer = model.encoders["audio"].network.encoder.layers[0].attention.q_proj
    assert layer.weight.grad.abs().sum() > 0
