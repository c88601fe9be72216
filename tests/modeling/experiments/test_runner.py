"""An experiment from its file to its report: nothing is done twice, nothing is lost."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from modeling.learner.experiments import runner
from modeling.learner.experiments.robustness import add_noise, remove, robustness_conditions
from modeling.learner.experiments.runner import Runner, best_trial, trial_fields
from modeling.learner.experiments.specification import Robustness, Tuning
from modeling.learner.recipes import RECIPES
from modeling.learner.run_directory import RunDirectory
from tests.modeling.experiments.factories import TINY, make_experiment, make_file, opened
from tests.modeling.factories import dialogue, packed, run

FOLDS = '[splits]\nby = "folds"\nfolds = 2\nvalidation_share = 0.3\n'
SYSTEMS = '[[systems]]\nrecipe = "hard-text"\n[[systems]]\nrecipe = "bc-lstm"\n'


def runs_of(out):
    """Directory of a run -> when its weights were written."""
    return {path.parent: path.stat().st_mtime_ns for path in out.rglob("model.safetensors")}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """An experiment of two systems, two folds and two seeds, tuned, that was interrupted once."""
    root = tmp_path_factory.mktemp("experiment")
    tuning = "[tuning]\ntrials = 2\nspace = { learning_rate = [0.01, 0.03] }\n"
    shares = "seeds = 2\ntrain_shares = [0.5, 1.0]\n"
    path = make_file(root, shares + TINY + SYSTEMS + FOLDS + tuning)
    parts = [run("experiment", path, "--out", root / "out", "--part", f"{n}/2") for n in (1, 2)]
    before = runs_of(root / "out")
    last = run("experiment", path, "--out", root / "out", "--json")
    return root, parts, before, last


def test_parts_do_all_of_it_once(done):
    root, parts, before, last = done
    assert [part.returncode for part in (*parts, last)] == [0, 0, 0], last.stderr
    out = root / "out"
    assert len(before) == 2 * 2 * (2 * 2 + 2)  # systems, folds, seeds, shares and trials
    assert runs_of(out) == before  # the third command found everything done
    for path in before:
        run_directory = RunDirectory(path)
        evaluated = 0 if path.name.startswith("trial-") else 1
        assert len(run_directory.test_evaluations()) == evaluated
        seed = run_directory.read("meta.json")["seed"]
        assert (seed == 0) == path.name.startswith("trial-")


def test_scores_are_those_of_all_folds_together(done):
    root, _, _, last = done
    report = json.loads(last.stdout)
    assert report == json.loads((root / "out/report.json").read_text("utf-8"))
    release = opened(root / "release")
    gold = {u.id: u.gold["sentiment"] for d in release.dialogues for u in d.utterances}
    for name, slug in (("hard-text", "hard-text"), ("bc-lstm", "bc-lstm")):
        scores = []
        for seed in (1, 2):
            rows = [
                json.loads(line)
                for fold in (1, 2)
                for line in (root / f"out/runs/{slug}/fold-{fold}/seed-{seed}/predictions.jsonl")
                .read_text("utf-8").splitlines()
            ]  # fmt: skip
            assert sorted(row["id"] for row in rows) == sorted(gold)  # each once
            predicted = [row["predicted"]["sentiment"] for row in rows]
            answers = [gold[row["id"]] for row in rows]
            scores.append(f1_score(answers, predicted, average="macro", zero_division=0))
        found = report["systems"][name]["metrics"]["sentiment"]["macro_f1"]
        assert found["values"] == pytest.approx(scores)
    gain = report["gains"]["bc-lstm"]["sentiment"]
    by_name = {name: row["metrics"]["sentiment"]["macro_f1"]["mean"]
               for name, row in report["systems"].items()}  # fmt: skip
    assert gain["gain"] == pytest.approx(by_name["bc-lstm"] - by_name["hard-text"])
    assert gain["p_holm"] >= gain["p"]
    majority = report["systems"]["majority class"]["metrics"]["sentiment"]["macro_f1"]["mean"]
    assert 0 < majority < 0.5


def test_the_report_has_its_tables(done):
    root, _, _, last = done
    out = root / "out"
    page = (out / "report.html").read_text("utf-8")
    for words in ("Macro-F1", "Gain over hard-text", "F1 by class: sarcasm", "By fold",
                  "Size of the training set", "Cost of a run", "2-fold cross-validation",
                  "tuned inside each fold by at most 2 trials"):  # fmt: skip
        assert words in page, words
    assert 'href="#runs-bc-lstm"' in page and 'id="runs-bc-lstm"' in page
    assert "runs/bc-lstm/fold-1/seed-1/evaluation.json" in page
    assert "<script" not in page and "http" not in page
    latex = (out / "tables.tex").read_text("utf-8")
    assert latex.count(r"\toprule") == latex.count(r"\end{table}") > 5
    rows = list(csv.DictReader((out / "results.csv").open(encoding="utf-8")))
    assert {row["train_share"] for row in rows} == {"0.5", "1.0"}
    assert {row["metric"] for row in rows} >= {"macro_f1", "auroc", "quadratic_kappa"}
    assert json.loads(last.stdout)["systems"]["bc-lstm"]["missing"] == {}


def test_a_changed_recipe_is_another_experiment(done):
    root = done[0]
    text = (root / "experiment.toml").read_text("utf-8")
    other = root / "other.toml"
    other.write_text(text.replace("epochs = 2", "epochs = 3"), "utf-8")
    refused = run("experiment", other, "--out", root / "out")
    assert refused.returncode == 2
    words = "holds runs of another recipe of hard-text and another recipe of bc-lstm."
    assert words in refused.stderr
    other.write_text(text.replace("trials = 2", "trials = 3"), "utf-8")
    refused = run("experiment", other, "--out", root / "out")
    assert "holds runs of another tuning." in refused.stderr
    other.write_text(text.replace("folds = 2", "folds = 3"), "utf-8")
    refused = run("experiment", other, "--out", root / "out")
    assert "holds runs of another release or splits." in refused.stderr


def test_a_system_that_cannot_be_trained_does_not_stop_the_others(tmp_path):
    """A network of films on a release without any."""
    systems = SYSTEMS + '[[systems]]\nrecipe = "mult"\nmodalities = ["text", "audio"]\n'
    path = make_file(tmp_path, TINY + systems)
    ended = run("experiment", path, "--out", tmp_path / "out")
    assert ended.returncode == 2
    why = "mult, official, seed 1: No utterance of the train split has audio"
    assert f"Not all runs are done: {why}" in ended.stderr
    report = json.loads((tmp_path / "out/report.json").read_text("utf-8"))
    names = ("hard-text", "bc-lstm", "mult")
    assert [bool(report["systems"][name]["seeds"]) for name in names] == [True, True, False]
    assert why in (tmp_path / "out/report.html").read_text("utf-8")


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    """The second of two systems is stopped; the next command does it alone."""
    experiment, out = make_experiment(tmp_path, TINY + SYSTEMS), tmp_path / "out"
    train, trained = runner.train, []

    def interrupted(release, root, recipe, *more):
        if recipe.name == "bc-lstm":
            raise runner.Interrupted
        trained.append(recipe.name)
        return train(release, root, recipe, *more)

    monkeypatch.setattr(runner, "train", interrupted)
    with pytest.raises(runner.Interrupted):
        Runner(experiment, out, torch.device("cpu")).run()
    monkeypatch.setattr(
        runner, "train", lambda *given: (trained.append(given[2].name), train(*given))[1]
    )
    assert Runner(experiment, out, torch.device("cpu")).run() == []
    assert trained == ["hard-text", "bc-lstm"]


def test_trials_draw_the_same_for_all_and_never_twice(tmp_path):
    experiment = make_experiment(tmp_path)
    space = {"learning_rate": (1e-3, 3e-3, 1e-2), "dropout": (0.1, 0.2)}
    experiment = replace(experiment, tuning=Tuning(5, 0, space))
    own = trial_fields(experiment, RECIPES["hard-text"])
    assert own[0] == {} and len(own) == 5 and all(set(each) == set(space) for each in own[1:])
    # at most every pair but that of the recipe itself, and for a network with its own dropout
    # every learning rate but that of the recipe
    fixed = trial_fields(experiment, RECIPES["lmf"])
    assert [sorted(each) for each in fixed] == [[], ["learning_rate"], ["learning_rate"]]
    drawn = [each["learning_rate"] for each in own[1:]]
    assert fixed[1]["learning_rate"] == next(rate for rate in drawn if rate != 1e-3)
    assert trial_fields(replace(experiment, tuning=Tuning()), RECIPES["lmf"]) == []
    trials = [
        {"fields": n, "validation_macro_f1": score} for n, score in enumerate((0.2, 0.3, 0.3))
    ]
    assert best_trial(trials)["fields"] == 1


def test_conditions_of_robustness():
    asked = Robustness(("audio", "vision"), (0.5,))
    assert list(robustness_conditions(asked, ("text", "audio"))) == ["without audio", "noise 0.5"]
    assert not robustness_conditions(asked, ("text",))
    data = packed([dialogue("A", 3), dialogue("B", 2)])
    before = {name: rows.values.clone() for name, rows in data.inputs.items()}
    add_noise(data, ["audio"], 2.0)
    difference = (data.inputs["audio"].values - before["audio"]).numpy()
    assert np.std(difference) == pytest.approx(2.0, rel=0.1)
    assert torch.equal(data.inputs["vision"].values, before["vision"])
    remove(data, "audio")
    batch = data.batch([0, 1])
    assert batch.lengths["audio"].tolist() == [0] * 5 and not batch.audio.any()
    remove(data, "text")
    assert not data.batch([0]).lengths["text"].any()


def test_robustness_is_tested_and_counted(tmp_path):
    path = make_file(tmp_path, TINY.replace('["text"]', '["text", "audio"]')
                     + SYSTEMS + '[robustness]\nmissing = ["text"]\n')  # fmt: skip
    ended = run("experiment", path, "--out", tmp_path / "out")
    assert ended.returncode == 2 and "audio" in ended.stderr  # bc-LSTM would hear films
    place = RunDirectory(tmp_path / "out/runs/hard-text/official/seed-1")
    assert [row["what"] for row in place.test_evaluations()] == ["evaluate", "robustness"]
    stored = json.loads(place.path("robustness.json").read_text("utf-8"))
    assert stored["without text"]["sentiment"]["n"] == 4
    assert "without text" in (tmp_path / "out/report.md").read_text("utf-8")
