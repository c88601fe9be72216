"""Tasks may be called as they like: as attributes of modules, with dots, in Chinese."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from modeling.learner import recipes
from modeling.learner.losses import Objective
from modeling.learner.networks.registry import build_network
from modeling.learner.networks.task_modules import ByTask, ParametersByTask, name_of
from modeling.learner.recipes import (
    FIXED_NETWORKS,
    NETWORKS,
    NO_CHAIN,
    PUBLISHED_FIELDS,
    SHARINGS,
    Recipe,
)
from modeling.learner.release import Dialogue, Task, Utterance
from modeling.learner.synthetic_data import TASKS as PLANTED
from modeling.learner.tensorboard import _tag
from tests.modeling.factories import learn, run, write_release
from tests.modeling.odd_scheme import SCHEME

TASKS = tuple(Task(task.key, task.keys, task.source, task.target) for task in SCHEME.tasks)
HARD = ("training", "_modules", "_names", "__class__", "add_module", "eval", "forward", "pop", "",
        "all", "a b", "a.b", "情感", "key-61", "-", ".", "/", "nan", "x" * 300)  # fmt: skip


def talks():
    """Dialogues whose text tells the second of the two values of every task."""
    found = []
    for number, split in enumerate(["train"] * 6 + ["valid", "test"] * 2):
        turns = tuple(
            Utterance(f"D{number}_{n}", "AB"[n % 2], "好" if n % 2 else "坏", None, None,
                      {task.key: task.classes[n % 2] for task in TASKS})
            for n in range(4)
        )  # fmt: skip
        found.append(Dialogue(f"D{number}", split, turns, None, ""))
    return found


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return write_release(tmp_path_factory.mktemp("odd") / "release", talks(), TASKS)


def test_keys_have_names_of_their_own_and_usual_ones_are_their_own():
    keys = list(dict.fromkeys([*HARD, *(task.key for task in TASKS)]))
    assert len({name_of(key) for key in keys}) == len(keys)
    assert all(name_of(key) == key for key in ("sentiment", "emotion_sentiment", "_", "0", "a-b"))
    parts = ByTask({key: torch.nn.Linear(1, 1) for key in keys})
    assert list(parts) == list(parts.keys()) == keys and "type" in parts and len(parts) == len(keys)
    assert all(parts[key] is part for key, part in parts.items())
    assert len(list(parts.parameters())) == 2 * len(keys) == len(parts.state_dict())
    numbers = ParametersByTask({key: torch.nn.Parameter(torch.zeros(())) for key in keys})
    assert len(list(numbers.parameters())) == len(keys) and numbers["type"].shape == ()
    assert parts.train().training and not parts.eval().training  # still methods


@pytest.mark.parametrize("way", [*SHARINGS, *FIXED_NETWORKS, *PUBLISHED_FIELDS])
def test_every_network_can_be_built_trained_and_loaded(way, tmp_path):
    named = {"sharing": way, "relation_chain": way not in NO_CHAIN}
    named = {"network": way} if way in NETWORKS else named
    recipe, sizes = Recipe(width=8, heads=2, **named), {"audio": 3, "vision": 3}
    torch.manual_seed(0)
    model = build_network(recipe, TASKS, 4, sizes)
    save_file(model.state_dict(), tmp_path / "m.safetensors")
    again = build_network(recipe, TASKS, 4, sizes)
    again.load_state_dict(load_file(tmp_path / "m.safetensors"))
    names = [name for name, _ in model.named_parameters()]
    assert len(set(names)) == len(names) and not any("情" in name for name in names)


@pytest.mark.parametrize("weighting", ("uncertainty", "pcgrad"))
def test_every_weighing_takes_them(weighting, release, tmp_path):
    recipe = tmp_path / "r.json"
    result = {"modalities": ["text"], "epochs": 1, "width": 8, "heads": 2, "weighting": weighting}
    recipe.write_text(json.dumps(result | {"sharing": "relgate"}))
    done = learn(release, tmp_path / "out", "--recipe", recipe)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("sharing", SHARINGS)
def test_they_are_trained_evaluated_and_predicted(sharing, release, tmp_path):
    recipe, out = tmp_path / "r.json", tmp_path / "out"
    result = {"modalities": ["text"], "epochs": 2, "width": 8, "heads": 2, "sharing": sharing,
            "stops_on": "type", "relation_chain": sharing not in NO_CHAIN}  # fmt: skip
    recipe.write_text(json.dumps(result))
    done = learn(release, out, "--recipe", recipe, "--tensorboard", "--json")
    assert done.returncode == 0, done.stderr
    keys = {task.key for task in TASKS}
    results = json.loads(done.stdout)
    assert set(results["tasks"]) == keys
    learned = results.get("learned", {})
    assert ("tables" in learned) == (sharing not in NO_CHAIN)
    assert set(learned.get("reading", keys)) == keys
    done = run("evaluate", release, "--out", out, "--latex", tmp_path / "t.tex", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["tasks"]
    assert set(found) == keys and found["type"]["n"] == 8
    done = run("predict", release, "--out", out, "--to", tmp_path / "p.jsonl")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().split("\n") if line]
    assert len(rows) == 40 and all(set(row["predicted"]) == keys for row in rows)


def test_runs_of_before_keep_the_names_of_their_weights():
    """Frozen runs are opened by the names of their weights, where usual keys stand as they are."""
    model = build_network(Recipe(width=8, heads=2, sharing="relgate"), PLANTED, 4, {}).state_dict()
    assert "sharing.own.sentiment.norm.weight" in model
    assert "sharing.strength.emotion_sentiment" in model and "heads.emotion.0.weight" in model
    objective = Objective(recipes.Recipe(), PLANTED, {}).state_dict()
    assert "balance.s.sentiment" in objective


def test_a_task_called_mean_has_a_curve_beside_the_mean():
    tags = [_tag(key) for key in ("mean", "mean-task", "type")]
    assert len({*tags, "mean"}) == 4 and tags[2] == "type"


def test_a_classical_system_and_the_table_take_them(release, tmp_path):
    done = run("train", release, "--recipe", "tf-idf", "--out", tmp_path / "b", "--json")
    assert done.returncode == 0, done.stderr
    assert {t.key for t in TASKS} == set(json.loads(done.stdout)["tasks"])
    done = run("validity", release)
    assert done.returncode == 0 and "forward: " in done.stdout
