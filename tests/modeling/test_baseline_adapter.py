"""Published networks as recipes: any length, any batch, every task, and what they cannot take."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from modeling.learner.batches import Packed
from modeling.learner.features.extraction import Features
from modeling.learner.networks.baselines import adapter
from modeling.learner.networks.registry import build_network
from modeling.learner.preprocessing import Preprocessing, truncated_inputs
from modeling.learner.recipe_checks import check_features
from modeling.learner.recipes import FIXED_NETWORKS, MODALITIES, RECIPES, Recipe, RecipeError
from modeling.learner.run_directory import RunDirectory, RunError
from tests.modeling.factories import (
    SIZES,
    TASKS,
    dialogue,
    learn,
    packed,
    run,
    whole,
    write_release,
)

PUBLISHED = [name for name, recipe in RECIPES.items() if recipe.network in FIXED_NETWORKS]


def made(name):
    torch.manual_seed(0)
    return build_network(RECIPES[name], TASKS, 5, SIZES)


def test_every_published_network_is_a_recipe():
    assert {RECIPES[name].network for name in PUBLISHED} == {*FIXED_NETWORKS}


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_answer_depends_on_its_utterance_alone(name):
    data: Packed = packed([dialogue("A", 3), dialogue("B", 5)], without=("vision",))
    network = made(name).eval()
    together = network(whole(data)).logits
    assert {key: scores.shape for key, scores in together.items()} == {
        "sentiment": (8, 3), "sarcasm": (8, 2),
    }  # fmt: skip
    alone = network(data.batch([1])).logits
    for key, scores in alone.items():
        assert torch.allclose(scores, together[key][3:], atol=1e-5)


@pytest.mark.parametrize("name", PUBLISHED)
def test_one_utterance_is_enough_for_a_step(name):
    network = made(name).train()
    found = network(packed([dialogue("A", 1)]).batch([0])).logits
    assert found["sentiment"].shape == (1, 3)
    sum(scores.sum() for scores in found.values()).backward()
    assert all(p.grad is not None for p in network.parameters())


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("missing", ["text", "audio", "vision"])
def test_an_answer_does_not_depend_on_what_is_missing(name, missing):
    batch = whole(packed([dialogue("A", 4), dialogue("B", 3)]))
    batch.lengths[missing][:3] = 0  # of the first three utterances alone
    network = made(name).eval()
    before = network(batch).logits["sentiment"]
    content = getattr(batch, missing)
    other = torch.ones_like(content) if missing == "text" else 1e3 * torch.ones_like(content)
    setattr(batch, missing, torch.cat([other[:3], content[3:]]))
    assert torch.equal(network(batch).logits["sentiment"], before)
    for each in {"text", "audio", "vision"} - {missing}:  # but on what is there
        frames = getattr(batch, each)
        setattr(batch, each, 5 - frames if each == "text" else frames + 1)
        after = network(batch).logits["sentiment"]
        assert (after != before)[:3].any(dim=1).all(), each
        setattr(batch, each, frames)
    network.train()(batch).logits["sentiment"].sum().backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in network.parameters())


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_modality_that_is_left_out_is_as_one_that_is_missing_everywhere(name):
    batch = whole(packed([dialogue("A", 3)]))
    recipe = replace(RECIPES[name], modalities=("text",))
    torch.manual_seed(0)
    network = build_network(recipe, TASKS, 5, {}).eval()
    before = network(batch).logits["sentiment"]
    assert torch.isfinite(before).all() and not torch.equal(before[0], before[1])
    batch.audio, batch.vision = batch.audio + 1, batch.vision + 1
    assert torch.equal(network(batch).logits["sentiment"], before)


def test_a_modality_that_no_utterance_has_is_refused(tmp_path):
    talks = [dialogue(f"D{n}", 2, s) for n, s in enumerate(["train"] * 3 + ["valid", "test"])]
    release = write_release(tmp_path / "release", talks)  # without films
    done = learn(release, tmp_path / "out", "--recipe", "mult")
    assert done.returncode == 2
    expected = "No utterance of the train split has audio or vision, which network mult would read."
    assert expected in done.stderr and "Leave it out: modalities text." in done.stderr
    features = {d.id: [Features({"audio": np.zeros((0, 3))}) for _ in d.utterances] for d in talks}
    with pytest.raises(RecipeError, match="split has audio, which network lmf would read"):
        check_features(Recipe(network="lmf", modalities=("text", "audio")), talks, features)
    with pytest.raises(RecipeError, match="network lmf has nothing to read"):
        check_features(Recipe(network="lmf", modalities=("audio",)), talks, features)


@pytest.mark.parametrize(
    ("recipe", "longest"),
    [
        (Recipe(), (96, 0, 0)),
        (Recipe(text_encoder="e", audio_steps=50), (0, 50, 0)),
        (Recipe(network="tfn"), (39, 400, 55)),
        (Recipe(network="tfn", text_steps=120, vision_steps=10), (120, 400, 10)),
    ],
)
def test_how_much_of_an_utterance_is_read(recipe, longest):
    assert tuple(recipe.longest(name) for name in MODALITIES) == longest


def test_what_is_cut_is_counted_and_not_read():
    recipe = Recipe(modalities=("text", "audio"), text_steps=5, audio_steps=3)
    turns = tuple(
        replace(u, text="好" * (4 + n)) for n, u in enumerate(dialogue("A", 4).utterances)
    )
    talk = replace(dialogue("A", 4), utterances=turns)
    frames = [np.full((n + 1, 2), n, np.float32) for n in range(4)]
    features = {"A": [Features({"audio": each}) for each in frames]}
    assert truncated_inputs(recipe, [talk], features) == {
        "text": {"read": 5, "cut": 2, "longest": 7},
        "audio": {"read": 3, "cut": 1, "longest": 4},
    }
    prepared = Preprocessing.of(recipe, [talk], features, TASKS, {})
    batch = whole(prepared.pack([talk], features, torch.device("cpu")))
    assert batch.lengths["text"].tolist() == [4, 5, 5, 5]
    assert batch.lengths["audio"].tolist() == [1, 2, 3, 3]


def test_one_is_trained_and_evaluated_by_the_same_commands(tmp_path):
    talks = [dialogue(f"D{n}", 3, s) for n, s in enumerate(["train"] * 6 + ["valid", "test"])]
    release = write_release(tmp_path / "release", talks)
    recipe = tmp_path / "r.json"
    recipe.write_text(json.dumps({**RECIPES["ef-lstm"].to_json(), "epochs": 30, "patience": 30,
                                  "learning_rate": 0.01, "modalities": ["text"]}))  # fmt: skip
    done = learn(release, tmp_path / "out", "--recipe", recipe, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tasks"]["sentiment"]["accuracy"] == 1.0
    assert json.loads(done.stdout)["truncated"] == {"text": {"read": 39, "cut": 0, "longest": 1}}
    looked = run("evaluate", release, "--out", tmp_path / "out", "--json")
    assert json.loads(looked.stdout)["tasks"]["sentiment"]["accuracy"] == 1.0


def test_a_run_of_a_version_before_a_field_was_there_goes_on(tmp_path):
    run = RunDirectory(tmp_path)
    recipe = Recipe().to_json()
    older = {key: value for key, value in recipe.items() if key != "network"}
    run.write("meta.json", {"release": "a", "recipe": older, "seed": 1})
    run.check_identity({"release": "a", "recipe": recipe, "seed": 1})
    with pytest.raises(RunError, match="another recipe"):
        run.check_identity({"release": "a", "recipe": {**recipe, "width": 32}, "seed": 1})


def test_what_is_short_stands_at_the_end():
    frames = torch.tensor([[[1.0], [2.0], [0.0], [0.0]], [[1.0], [2.0], [3.0], [4.0]]])
    moved = adapter._align_right(frames, torch.tensor([2, 4]))[..., 0]
    assert moved.tolist() == [[0.0, 0.0, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0]]
