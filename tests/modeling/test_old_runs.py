"""Run directories of earlier versions, whose files and keys had other names, are still used."""

import json

import pytest

from modeling.learner.run_directory import OLD_FILES, OLD_KEYS, RunDirectory, current_keys
from tests.modeling.factories import dialogue, learn, run, write_release

RECIPE = {"modalities": ["text"], "epochs": 3, "width": 16}
FORMER = {new: old for old, new in OLD_KEYS.items()}


@pytest.fixture
def release(tmp_path):
    splits = ["train"] * 8 + ["valid"] * 4 + ["test"] * 4
    return write_release(
        tmp_path / "release", [dialogue(f"D{n}", 4, split) for n, split in enumerate(splits)]
    )


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(RECIPE))
    return path


def age(out):
    """Give the files and keys of a run the names that they had before."""

    def old(value):
        return {FORMER.get(key, key): each for key, each in value.items()}

    for name in ("meta.json", "results.json", "evaluation.json"):
        path = out / name
        if path.exists():
            path.write_text(json.dumps(old(json.loads(path.read_text()))))
    events = (out / "events.jsonl").read_text().splitlines()
    (out / "events.jsonl").write_text(
        "".join(json.dumps(old(json.loads(e))) + "\n" for e in events)
    )
    for new, former in OLD_FILES.items():
        if (out / new).exists():
            (out / new).rename(out / former)


def test_a_frozen_run_is_opened_evaluated_and_compared(release, recipe, tmp_path):
    out, twin = tmp_path / "old", tmp_path / "new"
    for place in (out, twin):
        assert learn(release, place, "--recipe", recipe).returncode == 0
        assert run("evaluate", release, "--out", place).returncode == 0
    age(out)
    assert "sealed" in json.loads((out / "meta.json").read_text())
    assert (out / "looks.jsonl").exists() and (out / "selection.jsonl").exists()
    same = json.loads(learn(release, out, "--recipe", recipe, "--json").stdout)
    assert same == RunDirectory(twin).read("results.json") | {"seconds": same["seconds"]}
    for split in ("held-out", "sealed"):  # the former name of the option is taken, too
        done = run("evaluate", release, "--out", out, "--split", split, "--json")
        assert done.returncode == 0, done.stderr
    evaluation = json.loads(done.stdout)
    assert evaluation["test_evaluations"] == 3 and evaluation["held_out"]  # one was counted before
    assert len((out / "looks.jsonl").read_text().splitlines()) == 3
    assert not (out / "test_evaluations.jsonl").exists()
    for more in ((), ("--validation",), ("--selection",)):
        done = run("compare", release, out, twin, *more, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["tasks"]["sentiment"]["macro_f1"]["gain"] == 0


def test_a_run_that_was_broken_off_goes_on(release, recipe, tmp_path, monkeypatch):
    straight, out = tmp_path / "straight", tmp_path / "broken"
    assert learn(release, straight, "--recipe", recipe).returncode == 0
    emit = RunDirectory.emit

    def stops(self, event):
        emit(self, event)
        if event.get("epoch") == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(RunDirectory, "emit", stops)
    assert learn(release, out, "--recipe", recipe, "--keep-every", 0).returncode == 130
    monkeypatch.undo()
    age(out)
    assert (out / "checkpoint.pt").exists()
    again = learn(release, out, "--recipe", recipe)
    assert again.returncode == 0, again.stderr
    assert "epoch 1/3" not in again.stdout and "epoch 3/3" in again.stdout
    for name in ("results.json", "frozen.json"):
        one, other = (json.loads((place / name).read_text()) for place in (straight, out))
        assert {**one, "at": "", "seconds": 0} == {**other, "at": "", "seconds": 0}


def test_keys_of_today_stay_and_those_of_tasks_are_no_keys(tmp_path):
    assert current_keys({"sealed": "test", "epoch": 1}) == {"held_out": "test", "epoch": 1}
    made = RunDirectory(tmp_path)
    made.write("relations.json", {"looks": {"verdict": "red"}})  # a correlation may be called so
    assert made.read("relations.json") == {"looks": {"verdict": "red"}}
