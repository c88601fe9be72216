"""What is predicted, what is most probable, and that calibration is of what is reported."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score

from modeling import model_card
from modeling.learner import calibration, evaluation_tables
from modeling.learner.evaluation import task_results
from modeling.learner.inference import Outputs, decide
from modeling.learner.pipeline import fit_calibration
from modeling.learner.recipes import Recipe
from modeling.learner.release import Task
from modeling.learner.run_directory import RunDirectory
from tests.modeling.factories import TASKS, dialogue, learn, run, write_release

THREE = Task("sentiment", ("negative", "neutral", "positive"))
TWO = Task("sarcasm", ("no", "yes"))


def answered(task, logits, gold=None, ordinal=()):
    rows = torch.tensor(logits)
    result = torch.tensor(gold if gold is not None else [0] * len(rows))
    ids = [f"u{n}" for n in range(len(rows))]
    return Outputs(ids, {task.key: rows}, {task.key: result}, frozenset(ordinal), {})


def test_a_worked_example_of_logit_adjustment():
    """Scores 1.0, 0.9, 1.2; classes are 0.7, 0.2, 0.1 of training; temperature 2. The third has the
    highest score; (1.0 + ln 0.7) / 2 = 0.3217, (0.9 + ln 0.2) / 2 = -0.3547 and
    (1.2 + ln 0.1) / 2 = -0.5513 are 0.519, 0.264 and 0.217 after the softmax: the first is most
    probable.
    """
    prior, fitted = torch.tensor([0.7, 0.2, 0.1]).log(), {"temperature": 2.0, "threshold": None}
    found = decide(THREE, answered(THREE, [[1.0, 0.9, 1.2]]), prior, Recipe(), fitted)
    assert found.predicted.tolist() == [2] and found.most_probable.tolist() == [0]
    assert found.probabilities[0].tolist() == pytest.approx(
        [0.519165, 0.263971, 0.216864], abs=2e-6
    )
    plain = Recipe(logit_adjustment=0.0)  # nothing is favoured: the highest score is most probable
    found = decide(THREE, answered(THREE, [[1.0, 0.9, 1.2]]), prior, plain, fitted)
    assert found.predicted.tolist() == found.most_probable.tolist() == [2]
    scores = answered(THREE, [[1.0, 0.9, 1.2]], ordinal=["sentiment"])  # an ordinal head neither
    found = decide(THREE, scores, prior, Recipe(), fitted)
    assert found.predicted.tolist() == found.most_probable.tolist() == [2]


def test_a_worked_example_of_a_threshold():
    """Scores 0 and 0.3 are 0.426 and 0.574: "yes" is most probable, and above 0.5 predicted."""
    plain, prior = Recipe(logit_adjustment=0.0), torch.tensor([0.5, 0.5]).log()
    for cut, expected in ((0.6, 0), (0.5, 1), (0.574443, 0)):  # above, so not where it is equal
        fitted = {"temperature": 1.0, "threshold": cut}
        found = decide(TWO, answered(TWO, [[0.0, 0.3]]), prior, plain, fitted)
        assert found.predicted.tolist() == [expected] and found.most_probable.tolist() == [1]
        assert found.probabilities[0].tolist() == pytest.approx([0.425557, 0.574443], abs=2e-6)


def test_a_worked_example_of_calibration():
    """Four utterances in four bins. Most probable: confidence 0.9, 0.5, 0.7, 0.6, right 1, 0, 1, 1.
    Predicted is the same but for the second, whose third class is predicted with 0.2, and right.
    """
    chances = [[0.9, 0.05, 0.05], [0.5, 0.3, 0.2], [0.1, 0.7, 0.2], [0.2, 0.2, 0.6]]
    gold, predicted = [0, 2, 1, 2], [0, 2, 1, 2]
    found = calibration.calibration_report(chances, gold, predicted)
    assert found["ece"] == pytest.approx((0.1 + 0.5 + 0.3 + 0.4) / 4)
    assert found["ece_predicted"] == pytest.approx((0.1 + 0.8 + 0.3 + 0.4) / 4)
    assert [b["confidence"] for b in found["reliability"]] == pytest.approx([0.5, 0.6, 0.7, 0.9])
    assert [b["accuracy"] for b in found["reliability"]] == [0, 1, 1, 1]
    own = [b["confidence"] for b in found["reliability_predicted"]]
    assert own == pytest.approx([0.2, 0.6, 0.7, 0.9])
    assert [b["accuracy"] for b in found["reliability_predicted"]] == [1, 1, 1, 1]
    assert found["brier"] == pytest.approx((0.015 + 0.98 + 0.14 + 0.24) / 4)
    likely = {"differ": 1, "accuracy": 0.75, "macro_f1": (2 / 3 + 1 + 2 / 3) / 3}
    assert found["most_probable"] == pytest.approx(likely)


def test_calibration_equals_scikit_learn():
    rng = np.random.default_rng(3)
    of_yes = np.round(rng.permutation(np.linspace(0.01, 0.99, 150)), 6)
    gold = (rng.random(150) < of_yes**1.5).astype(int)
    chances, predicted = np.stack([1 - of_yes, of_yes], 1), (of_yes > 0.3).astype(int)
    found = calibration.calibration_report(chances.tolist(), gold.tolist(), predicted.tolist())
    assert found["brier"] == pytest.approx(2 * brier_score_loss(gold, of_yes))
    likely = chances.argmax(1)
    for name, chosen in (("ece", likely), ("ece_predicted", predicted)):
        confidence = chances[np.arange(150), chosen]
        true, mean = calibration_curve(
            chosen == gold, confidence, n_bins=calibration.BINS, strategy="quantile"
        )
        assert len(true) == calibration.BINS  # as many rows in each: means need no weights
        assert found[name] == pytest.approx(np.abs(true - mean).mean())
    assert found["most_probable"] == {
        "differ": int((likely != predicted).sum()),
        "accuracy": pytest.approx(accuracy_score(gold, likely)),
        "macro_f1": pytest.approx(f1_score(gold, likely, average="macro")),
    }


def test_a_class_that_training_never_has_is_named_and_counts():
    fitted = {"sentiment": {"temperature": 1.0, "threshold": None, "learned": [5, 0, 3]}}
    prior = {"sentiment": torch.tensor([6 / 11, 1 / 11, 4 / 11]).log()}
    found = answered(THREE, [[2.0, 0, 0], [2.0, 0, 0], [0, 0, 2.0]], [0, 1, 2])
    result = task_results(found, [THREE], prior, Recipe(), fitted, [dialogue("a", 4)])["sentiment"]
    assert result["unseen"] == {"neutral": 1}
    assert [row["train"] for row in result["classes"]] == [5, 0, 3]
    assert result["confusion"] == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert result["macro_f1"] == pytest.approx((2 / 3 + 0 + 1) / 3)  # it counts all the same
    notes = evaluation_tables.evaluation_notes({"sentiment": result})
    assert "'neutral' is gold 1 time(s) here and never in training" in notes[-1]


def test_without_a_label_nothing_is_calibrated_and_that_is_said():
    prior = torch.tensor([0.7, 0.3]).log()
    prepared = type("Prepared", (), {"priors": {"sarcasm": prior}})
    found = answered(TWO, [[0.0, 0.3]], [-100])
    own = fit_calibration(TWO, found, prepared, Recipe(), [])
    assert own["temperature"] == 1.0 and own["fitted_on"] == 0
    row = {"n": 3, "fitted_on": 0}
    assert evaluation_tables.evaluation_notes({"sarcasm": row}) == [
        "sarcasm: no label chose its temperature or threshold: it is not calibrated"
    ]


# a run


def labelled(name, split, change=0):
    """Sarcasm is rare and half guessed from the words; `change` gives other labels."""
    talk = dialogue(name, 6, split)
    number = int(name[1:])
    turns = []
    for n, turn in enumerate(talk.utterances):
        yes = (number + n) % 5 == change
        text = "好" if yes and n % 2 else "坏人"[n % 2]
        mood = ("negative", "positive", "neutral")[(number * n) % 7 // 3]
        gold = {"sarcasm": "yes" if yes else "no", "sentiment": mood}
        turns.append(replace(turn, gold=gold, text=text))
    return replace(talk, utterances=tuple(turns))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("decisions")
    (root / "r.json").write_text('{"modalities": ["text"], "epochs": 3, "width": 16}')
    splits = ["train"] * 12 + ["valid"] * 6 + ["test"] * 6
    for name, change in (("release", 0), ("other", 3)):
        talks = [labelled(f"D{n}", split, change if split == "test" else 0)
                 for n, split in enumerate(splits)]  # fmt: skip
        write_release(root / name, talks)
        done = learn(root / name, root / f"run-{name}", "--recipe", root / "r.json")
        assert done.returncode == 0, done.stderr
    return root


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_test_labels_choose_neither_threshold_nor_temperature(place):
    one, other = (RunDirectory(place / f"run-{name}") for name in ("release", "other"))
    assert one.read_frozen()["calibration"] == other.read_frozen()["calibration"]
    assert one.read_frozen()["weights"] == other.read_frozen()["weights"]


def test_whoever_reads_predictions_finds_every_decision_and_figure_again(place):
    out = place / "run-release"
    result = json.loads(run("evaluate", place / "release", "--out", out, "--json").stdout)
    rows, fitted = read(out / "predictions.jsonl"), RunDirectory(out).read_frozen()["calibration"]
    gold = {row["id"]: row["gold"] for row in read(place / "release" / "utterances.jsonl")}
    priors = json.loads((out / "prepared.json").read_text())["priors"]
    apart = Counter()
    for row in rows:
        for task in TASKS:
            chances = row["probabilities"][task.key]
            assert row["most_probable"][task.key] == max(chances, key=chances.get)
            assert sum(chances.values()) == pytest.approx(1, abs=1e-8)
            apart[task.key] += row["most_probable"][task.key] != row["predicted"][task.key]
        yes = row["probabilities"]["sarcasm"]["yes"] > fitted["sarcasm"]["threshold"]
        assert row["predicted"]["sarcasm"] == ("yes" if yes else "no")
        heat, chances = fitted["sentiment"]["temperature"], row["probabilities"]["sentiment"]
        scores = heat * np.log(list(chances.values())) - priors["sentiment"]
        assert row["predicted"]["sentiment"] == list(chances)[int(scores.argmax())]
    assert sum(apart.values())  # or this has tried nothing
    for task in TASKS:
        kept = [(row, gold[row["id"]][task.key]) for row in rows]
        chances = [list(row["probabilities"][task.key].values()) for row, _ in kept]
        codes = [task.classes.index(value) for _, value in kept]
        predicted = [task.classes.index(row["predicted"][task.key]) for row, _ in kept]
        again = calibration.calibration_report(chances, codes, predicted)
        assert {name: result["tasks"][task.key][name] for name in again} == again
        assert result["tasks"][task.key]["most_probable"]["differ"] == apart[task.key]
        assert result["tasks"][task.key]["accuracy"] == accuracy_score(codes, predicted)
        assert result["tasks"][task.key]["fitted_on"] == 36


def test_commands_say_which_is_which(place):
    release, out = place / "release", place / "run-release"
    result = run("evaluate", release, "--out", out, "--split", "valid").stdout
    assert "ECE pred" in result and "all other figures are of the predicted class" in result
    assert "predicted is not the most probable class in" in result
    to = place / "p.jsonl"
    done = run("predict", release, "--out", out, "--to", to, "--split", "valid", "--json")
    apart = json.loads(done.stdout)["apart"]
    rows = read(to)
    assert apart == {
        task.key: sum(row["predicted"][task.key] != row["most_probable"][task.key] for row in rows)
        for task in TASKS
    }
    words = run("predict", release, "--out", out, "--to", to, "--split", "valid").stdout
    assert all(
        f"{task}: predicted is not the most probable" in words for task, n in apart.items() if n
    )
    assert "most_probable: the highest of probabilities" in words


def test_a_model_card_says_which_is_which(place):
    results = RunDirectory(place / "run-release").read("results.json")
    text = model_card.render("m", "", "", {}, results, None)
    assert "**Predicted** is the decision" in text and "**most probable**" in text
    cut = results["tasks"]["sarcasm"]["threshold"]
    assert f"- sarcasm: the second class is predicted above a probability of {cut:.3f}" in text
    assert "- sentiment: predicted is not the most probable class in" in text
