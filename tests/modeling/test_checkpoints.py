"""A run that is broken off goes on to the numbers that it would have had."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from modeling.learner import batches
from modeling.learner.checkpoints import CHECKPOINT_KEYS, begin_or_resume, write_checkpoint
from modeling.learner.run_directory import RunDirectory, RunError
from tests.modeling.factories import ROOT, dialogue, learn, packed, run, write_release
from tests.waiting import LIMIT, wait_until

RECIPE = {
    "modalities": ["text"],
    "epochs": 14,
    "patience": 14,
    "width": 16,
    "dialogues_per_batch": 2,
}


@pytest.fixture
def release(tmp_path):
    splits = ["train"] * 12 + ["valid"] * 3 + ["test"] * 3
    talks = [dialogue(f"D{n}", 2 + n % 4, split) for n, split in enumerate(splits)]
    return write_release(tmp_path / "release", talks)


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(RECIPE))
    return str(path)


def events_of(out):
    path = out / "events.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def broken_off(release, recipe, out, how, after):
    """The status of a run that is ended by a signal once it has reported `after` epochs."""
    command = [sys.executable, "-m", "tests.modeling.interrupted", str(int(how)), str(after)]
    command += ["train", str(release), "--recipe", recipe]
    command += ["--out", str(out), "--keep-every", "0"]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_killed_goes_on_exactly(release, recipe, tmp_path, how):
    straight = learn(release, tmp_path / "straight", "--recipe", recipe, "--json")
    assert straight.returncode == 0, straight.stderr
    out = tmp_path / "broken"
    assert broken_off(release, recipe, out, how, after=2) == (75 if how == signal.SIGTERM else -9)
    assert not (out / "frozen.json").exists()
    assert broken_off(release, recipe, out, how, after=5) in (75, -9)
    again = learn(release, out, "--recipe", recipe, "--json")
    assert again.returncode == 0, again.stderr
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("straight", "broken")]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert json.loads(again.stdout)["tasks"] == json.loads(straight.stdout)["tasks"]

    def curves(name):
        result = [e for e in events_of(tmp_path / name) if e["event"] == "epoch"]
        return [(e["epoch"], e["losses"], e["validation_macro_f1"]) for e in result]

    assert curves("broken") == curves("straight")
    assert not (out / "checkpoint.pt").exists()


def test_a_finished_run_is_not_trained_again_unless_asked(release, recipe, tmp_path):
    out = tmp_path / "out"
    first = learn(release, out, "--recipe", recipe, "--json")
    before = (out / "frozen.json").read_text()
    again = learn(release, out, "--recipe", recipe, "--json")
    assert json.loads(first.stdout) == json.loads(again.stdout)
    assert (out / "frozen.json").read_text() == before
    other = learn(release, out, "--recipe", recipe, "--seed", "2")
    assert other.returncode == 2 and "a run of another seed" in other.stderr
    restarted = learn(release, out, "--recipe", recipe, "--restart", "--json")
    assert json.loads(restarted.stdout)["tasks"] == json.loads(first.stdout)["tasks"]


def test_a_damaged_checkpoint_is_never_half_written(tmp_path):
    kept = RunDirectory(tmp_path)
    begin_or_resume(kept, {"release": "a", "recipe": {}, "seed": 1})
    kept.emit({"event": "one"})
    rest = dict.fromkeys(CHECKPOINT_KEYS - {"events", "progress"})
    write_checkpoint(kept, {"progress": {"step": torch.tensor(3)}, **rest})
    (tmp_path / "checkpoint.pt.partial").write_bytes(b"killed while writing")
    kept.emit({"event": "lost"})
    again = RunDirectory(tmp_path)
    state = begin_or_resume(again, {"release": "a", "recipe": {}, "seed": 1})
    assert state["progress"]["step"] == 3
    assert [e["event"] for e in events_of(tmp_path)] == ["one"]
    with pytest.raises(RunError, match="release"):
        begin_or_resume(again, {"release": "b", "recipe": {}, "seed": 1})


def test_an_order_is_its_seed_s_and_holds_every_dialogue_once():
    talks = [dialogue(f"D{n}", 1 + n * 7 % 19) for n in range(67)]
    data = packed(talks)
    orders = [data.shuffled(4, seed) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(n for part in orders[0] for n in part) == list(range(len(talks)))
    batch = data.batch([5, 2])
    assert batch.ids == [u.id for n in (5, 2) for u in talks[n].utterances]
    assert batch.index.tolist()[1][: len(talks[2].utterances)][0] == len(talks[5].utterances)


def test_features_that_do_not_fit_on_the_device_stay_and_give_the_same(monkeypatch):
    talks = [dialogue(f"D{n}", 3) for n in range(4)]
    there = packed(talks).batch([2, 0])
    monkeypatch.setattr(batches, "fits", lambda size, device: False)
    data = packed(talks)
    assert not data.resident
    assert torch.equal(data.batch([2, 0]).audio, there.audio)


def test_the_epoch_is_chosen_by_what_the_recipe_names(release, tmp_path):
    recipe = tmp_path / "named.json"
    recipe.write_text(json.dumps(RECIPE | {"stops_on": "sentiment", "epochs": 2}))
    assert learn(release, tmp_path / "a", "--recipe", recipe).returncode == 0
    recipe.write_text(json.dumps(RECIPE | {"stops_on": "sarcasm"}))  # nobody labelled it
    refused = learn(release, tmp_path / "b", "--recipe", recipe)
    assert refused.returncode == 2 and "say 'mean' or one of sentiment" in refused.stderr


def test_several_processes_learn_one_network(release, recipe, tmp_path):
    """Two processes on this machine's processors, by PyTorch's own launcher."""
    out = tmp_path / "two"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    command += ["2", "-m", "modeling.learner", "train", str(release), "--recipe", recipe]
    command += ["--out", str(out), "--json", "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    meta, results = (json.loads((out / f"{n}.json").read_text()) for n in ("meta", "results"))
    assert meta["processes"] == 2
    assert results["tasks"]["sentiment"]["accuracy"] == 1.0
    looked = run("evaluate", release, "--out", out, "--json")
    assert json.loads(looked.stdout)["tasks"]["sentiment"]["accuracy"] == 1.0


def test_two_processes_do_not_train_in_one_directory(tmp_path):
    came = []

    def second():
        with RunDirectory(tmp_path).exclusive(seconds=LIMIT):
            came.append("second")

    with RunDirectory(tmp_path).exclusive():
        with pytest.raises(RunError, match="Another process is training"):
            RunDirectory(tmp_path).exclusive(seconds=0).__enter__()
        waiting = threading.Thread(target=second)
        waiting.start()
        wait_until(lambda: open_here(tmp_path / "lock") == 2, "the second to try")
        assert came == []
    waiting.join()
    assert came == ["second"]


def open_here(path):
    """How often this process holds a file open."""
    links = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return links.count(path)
