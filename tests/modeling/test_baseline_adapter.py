"""Published networks as recipes: any length, any batch, every task, and what they cannot take."""

import json

import pytest
import torch

from modeling.learner.batches import Packed
from modeling.learner.networks.baselines import adapter
from modeling.learner.networks.registry import build_network
from modeling.learner.recipes import NETWORKS, RECIPES, Recipe, RecipeError
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

PUBLISHED = [name for name, recipe in RECIPES.items() if recipe.network != "own"]


def made(name):
    torch.manual_seed(0)
    return build_network(RECIPES[name], TASKS, 5, SIZES)


def test_every_published_network_is_a_recipe():
    assert {RECIPES[name].network for name in PUBLISHED} == {*NETWORKS} - {"own"}
    with pytest.raises(RecipeError, match="needs text, audio, vision"):
        Recipe(network="mult", modalities=("text",))


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


def test_one_is_trained_and_evaluated_by_the_same_commands(tmp_path):
    talks = [dialogue(f"D{n}", 3, s) for n, s in enumerate(["train"] * 6 + ["valid", "test"])]
    release = write_release(tmp_path / "release", talks)
    recipe = tmp_path / "r.json"
    recipe.write_text(json.dumps({**RECIPES["ef-lstm"].to_json(), "epochs": 30, "patience": 30,
                                  "learning_rate": 0.01}))  # fmt: skip
    done = learn(release, tmp_path / "out", "--recipe", recipe, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tasks"]["sentiment"]["accuracy"] == 1.0
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
