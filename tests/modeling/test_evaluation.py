"""The sealed split, figures beside people and baseline, and how sure a difference is."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.stats import t as student
from sklearn.metrics import f1_score
from statsmodels.stats.multitest import multipletests
from torch.nn.functional import cross_entropy

from modeling import learner, model_card
from modeling.learner import (
    ablation,
    calibration,
    confusion_metrics,
    evaluation_tables,
    human_performance,
    seed_statistics,
    significance,
)
from modeling.learner.evaluation_tables import latex_table
from modeling.learner.metrics import accuracy, macro_f1
from modeling.learner.recipes import RECIPES, Recipe
from modeling.learner.release import Dialogue, Release, Task, Utterance, load_release
from modeling.learner.run_directory import RunDirectory, RunError
from tests.modeling.factories import TASKS, dialogue, learn, refrozen, run, write_release

SCHEMA = json.loads((Path(learner.__file__).parent / "evaluation.schema.json").read_text())


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Sentiment can be read off the character; sarcasm is a coin; two of three people judged it."""
    splits = ["train"] * 20 + ["valid"] * 12 + ["test"] * 12
    talks = [dialogue(f"D{n}", 4, split) for n, split in enumerate(splits)]
    rng = np.random.default_rng(0)
    for talk in talks:
        for utterance in talk.utterances:
            utterance.gold["sarcasm"] = ("no", "yes")[rng.integers(0, 2)]
    root = write_release(tmp_path_factory.mktemp("evaluation") / "release", talks)
    rows = [
        {"utterance": u.id, "annotator": who, "round": "r", "task": "sentiment",
         "value": u.gold["sentiment"] if who != "C" else "neutral"}
        for talk in talks
        for u in talk.utterances
        for who in "ABC"
    ]  # fmt: skip
    (root / "judgements.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return root


@pytest.fixture(scope="module")
def trained(release, tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    recipe = root / "recipe.json"
    recipe.write_text(
        json.dumps({"modalities": ["text"], "epochs": 20, "patience": 20, "width": 16})
    )
    for seeds, out in ((2, "seeds"), (0, "one")):
        more = ("--seeds", str(seeds)) if seeds else ()
        done = learn(release, root / out, "--recipe", recipe, *more)
        assert done.returncode == 0, done.stderr
    return root


def test_nothing_is_looked_at_before_a_run_is_frozen(release, trained, tmp_path):
    assert not (trained / "one" / "test_evaluations.jsonl").exists()
    assert json.loads((trained / "one" / "results.json").read_text())["held_out"] == "test"
    assert not (trained / "one" / "predictions.jsonl").exists()
    refused = run("evaluate", release, "--out", tmp_path)
    assert refused.returncode == 2 and "holds no run" in refused.stderr
    (tmp_path / "meta.json").write_text("{}")
    refused = run("evaluate", release, "--out", tmp_path)
    assert refused.returncode == 2 and "train it to its end first" in refused.stderr


def test_every_look_at_the_held_out_split_is_counted_and_others_are_not(release, trained, tmp_path):
    out = trained / "one"
    chosen = json.loads(run("evaluate", release, "--out", out, "--split", "valid", "--json").stdout)
    assert not chosen["held_out"] and chosen["test_evaluations"] == 0 and chosen["split"] == "valid"
    first = json.loads(run("evaluate", release, "--out", out, "--json").stdout)
    again = json.loads(run("evaluate", release, "--out", out, "--json").stdout)
    assert (first["test_evaluations"], again["test_evaluations"]) == (1, 2) and first[
        "tasks"
    ] == again["tasks"]
    jsonschema.Draft202012Validator(SCHEMA).validate(again)
    assert again["tasks"]["sentiment"]["accuracy"] == 1.0
    assert again["tasks"]["sentiment"]["human"]["n"] == 3 * 48 - 2 * 48  # A and B: the others tie
    valid = out.parent / "valid.jsonl"
    run("predict", release, "--out", out, "--to", valid, "--split", "valid")
    assert len(RunDirectory(out).test_evaluations()) == 2
    everything = tmp_path / "all.jsonl"
    done = run("predict", release, "--out", out, "--to", everything, "--json")
    assert json.loads(done.stdout)["utterances"] == 44 * 4
    assert [look["what"] for look in RunDirectory(out).test_evaluations()] == [
        "evaluate", "evaluate", "predict",
    ]  # fmt: skip
    row = json.loads(everything.read_text().splitlines()[0])
    assert sum(row["probabilities"]["sentiment"].values()) == pytest.approx(1, abs=1e-5)
    assert row["predicted"]["sentiment"] == "negative"


def test_another_release_can_be_predicted_and_asking_it_is_a_look(trained, tmp_path):
    talks = [dialogue(f"N{n}", 3, "train" if n else "test") for n in range(4)]
    other = write_release(tmp_path / "other", talks)
    before = len(RunDirectory(trained / "one").test_evaluations())
    done = run("predict", other, "--out", trained / "one", "--to", tmp_path / "p.jsonl")
    assert done.returncode == 0 and len(RunDirectory(trained / "one").test_evaluations()) == before
    result = json.loads(run("evaluate", other, "--out", trained / "one", "--json").stdout)
    assert result["held_out"] and result["test_evaluations"] == before + 1
    assert result["release"]["digest"] != result["release"]["trained_on"]
    scheme = json.loads((other / "scheme.json").read_text())
    scheme["tasks"][0]["values"] = [{"key": "good"}, {"key": "bad"}]
    rows = (other / "utterances.jsonl").read_text().replace("positive", "good")
    (other / "scheme.json").write_text(json.dumps(scheme))
    (other / "utterances.jsonl").write_text(rows.replace("negative", "bad"))
    refused = run("evaluate", refrozen(other), "--out", trained / "one")
    assert refused.returncode == 2 and "another scheme" in refused.stderr


def test_seeds_are_reported_with_intervals_and_a_table_for_a_paper(release, trained, tmp_path):
    table = tmp_path / "table.tex"
    done = run("evaluate", release, "--out", trained / "seeds", "--latex", table)
    assert "2 seeds, macro-F1 of each" in done.stdout and " / " in done.stdout
    assert "an interval needs 3 seeds and 10 dialogues" in done.stdout and "95 %" not in done.stdout
    result = table.read_text()
    assert "task & macro-F1 & weighted F1 & bal. acc." in result
    assert r"\quad one annotator" in result and "mean of 2 seeds" in result
    assert "intervals need 3" in result and "[" not in result.split(r"\midrule")[1]
    three = [json.loads((trained / f"seeds/seed-{n}/evaluation.json").read_text()) for n in (1, 2)]
    result = latex_table([*three, three[0]])
    assert "mean of 3 seeds with 95 \\% intervals" in result
    assert "[" in result.split(r"\midrule")[1]
    for more in ((), ("--validation",)):
        same = run("compare", release, trained / "seeds", trained / "seeds", *more)
        assert "sentiment: +0.0 points" in same.stdout and "; weighted F1 +0.0" in same.stdout
        assert "no difference shown" in same.stdout
    assert "on valid (12 dialogues)" in same.stdout


def test_a_baseline_is_a_run_that_can_be_compared(release, trained, tmp_path):
    assert not learn(release, tmp_path / "tfidf", "--recipe", "tf-idf").returncode
    assert not (tmp_path / "tfidf" / "test_evaluations.jsonl").exists()
    done = run("evaluate", release, "--out", tmp_path / "tfidf", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(result)
    assert result["tasks"]["sentiment"]["accuracy"] == 1.0 and result["test_evaluations"] == 1
    run("evaluate", release, "--out", trained / "seeds")
    done = run("compare", release, trained / "seeds", tmp_path / "tfidf", "--json")
    found = json.loads(done.stdout)
    assert found["seeds"] == [1, 2] and found["dialogues"] == 12
    assert set(found["tasks"]) == {"sentiment", "sarcasm"}
    assert all(0 < row["macro_f1"]["p_holm"] <= 1 for row in found["tasks"].values())


def test_the_ablation_is_one_command_that_goes_on_where_it_was(release, tmp_path):
    recipe, out = tmp_path / "r.json", tmp_path / "ablation"
    recipe.write_text(json.dumps({"modalities": ["text"], "epochs": 2, "width": 16}))
    done = run("ablate", release, "--recipe", recipe, "--out", out)
    assert done.returncode == 0, done.stderr
    for name in ("as it is", "without context", "relation gates", "MMoE", "single-task"):
        assert f"| {name} |" in done.stdout
    frozen = sorted(out.glob("*/seed-1/frozen.json"))
    assert len(frozen) == len(ablation.variants(Recipe(modalities=("text",)))) == 9
    before = [path.read_text() for path in frozen]
    again = run("ablate", release, "--recipe", recipe, "--out", out)
    assert again.stdout == done.stdout and [path.read_text() for path in frozen] == before
    assert not list(out.glob("*/seed-1/test_evaluations.jsonl"))


def test_every_part_of_a_recipe_is_switched_off_once():
    names = list(ablation.variants(RECIPES["soft-small"]))
    for part in ("without context", "without fusion by attention", "without text", "without audio",
                 "without vision", "relations not supervised", "relations shuffled",
                 "relations teaching their heads alone", "hard sharing"):  # fmt: skip
        assert part in names
    found = ablation.variants(RECIPES["reading-small"])
    for part in ("without vision", "relations left out", "relations shuffled", "hard sharing",
                 "without relation chain", "hard sharing with relation chain"):  # fmt: skip
        assert part in found
    assert "without fusion by attention" not in found
    assert not found["hard sharing"].relation_chain and not found["single-task"].relation_chain
    assert found["hard sharing with relation chain"].sharing == "hard"


def test_temperature_is_where_the_likelihood_is_highest():
    torch.manual_seed(0)
    gold = torch.randint(0, 3, (400,))
    logits = 6 * (torch.randn(400, 3) + torch.nn.functional.one_hot(gold, 3))
    found = calibration.fit_temperature(logits, gold)
    best = minimize_scalar(
        lambda t: cross_entropy(logits.double() / t, gold).item(), bounds=(0.05, 20),
        method="bounded",
    )  # fmt: skip
    assert found == pytest.approx(best.x, rel=1e-2) and found > 3
    assert calibration.fit_temperature(logits, torch.full((400,), -100)) == 1.0


def test_thresholds_calibration_and_brier_by_hand():
    assert calibration.fit_threshold([0.1, 0.2, 0.3, 0.9], [0, 0, 1, 1], 0.5) == pytest.approx(0.25)
    assert calibration.fit_threshold([0.1, 0.9], [1, 1], 0.4) == 0.4
    assert calibration.fit_threshold([0.1, 0.9], [0, 1], 0.5) == 0.5  # already best
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    gold = np.array([0, 1, 1, 1])
    right = p.argmax(axis=1) == gold
    error, bins = calibration.expected_calibration_error(p.max(axis=1), right)
    assert error == pytest.approx((0.1 + 0.8 + 0.3 + 0.4) / 4) and len(bins) == 4
    expected = (2 * 0.1**2 + 2 * 0.8**2 + 2 * 0.3**2 + 2 * 0.4**2) / 4
    assert calibration.brier_score(p, gold) == pytest.approx(expected)


def test_the_ceiling_by_hand(tmp_path):
    said = {"u1": "aab", "u2": "ab", "u3": "aaa", "u4": "b"}
    rows = [
        {"utterance": u, "task": "x", "value": v, "annotator": str(n)}
        for u, values in said.items()
        for n, v in enumerate(values)
    ]
    (tmp_path / "judgements.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = human_performance.annotator_performance(
        tmp_path, [Task("x", ("a", "b")), Task("y", ("a", "b"))], said
    )
    # u1: b against a and a (a against a and b ties); u2: each against the other; u3: three right
    assert found["x"]["n"] == 6 and found["x"]["accuracy"] == pytest.approx(3 / 6)
    assert found["y"] is None
    assert (
        human_performance.annotator_performance(tmp_path / "none", [Task("x", ("a", "b"))], said)[
            "x"
        ]
        is None
    )


def test_figures_of_confusions_equal_those_of_rows():
    rng = np.random.default_rng(0)
    gold, said = rng.integers(0, 4, 200), rng.integers(0, 3, 200)
    found = confusion_metrics.confusion_counts(gold, said, np.arange(200) // 5, 4)
    assert found.shape == (40, 4, 4)
    assert confusion_metrics.confusion_macro_f1(found.sum(0)) == pytest.approx(macro_f1(gold, said))
    assert confusion_metrics.confusion_accuracy(found.sum(0)) == pytest.approx(accuracy(gold, said))
    expected = f1_score(gold, said, average="weighted")
    assert confusion_metrics.confusion_weighted_f1(found.sum(0)) == pytest.approx(expected)


def test_a_paired_bootstrap_over_dialogues():
    rng = np.random.default_rng(0)
    owner, gold = np.arange(600) // 6, rng.integers(0, 2, 600)
    worse = np.where(rng.random(600) < 0.6, gold, 1 - gold)
    better = np.where(rng.random(600) < 0.5, gold, worse)
    a, b = (confusion_metrics.confusion_counts(gold, said, owner, 2) for said in (better, worse))
    found = significance.paired_bootstrap([a, a], [b, b])["accuracy"]
    assert found["gain"] == pytest.approx((better == gold).mean() - (worse == gold).mean())
    assert 0 < found["low"] < found["gain"] < found["high"] and found["p"] < 0.01
    by_dialogue = ((better == gold) * 1.0 - (worse == gold)).reshape(-1, 6).mean(1)
    error = by_dialogue.std(ddof=1) / 10
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * error, rel=0.1)
    same = significance.paired_bootstrap([a], [a])["macro_f1"]
    assert same["gain"] == same["low"] == same["high"] == 0 and same["p"] == 1


def test_the_gain_in_the_mean_of_tasks_draws_the_same_dialogues_for_all():
    rng = np.random.default_rng(3)
    a, b, c = (rng.integers(0, 5, (30, 2, 2)).astype(float) for _ in range(3))
    alone = significance.paired_bootstrap([a, c], [b, b])["macro_f1"]
    twice = significance.mean_gain({"one": ([a, c], [b, b]), "two": ([a, c], [b, b])})
    assert twice == pytest.approx(alone)
    apart = significance.mean_gain({"one": ([a], [b]), "two": ([b], [a])})
    assert apart["gain"] == pytest.approx(0) and apart["low"] <= 0 <= apart["high"]


def test_holm_and_student_equal_the_libraries():
    p = [0.01, 0.04, 0.03, 0.005]
    assert significance.holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    values = [0.5, 0.52, 0.47, 0.55, 0.51]
    found = seed_statistics.mean_interval(values)
    error = np.std(values, ddof=1) / 5**0.5
    low, high = student.interval(0.95, 4, loc=np.mean(values), scale=error)
    assert (found["low"], found["high"]) == pytest.approx((low, high))
    for degrees in (1, 2, 4, 9, 20, 21, 30, 99):
        expected = pytest.approx(student.ppf(0.975, degrees), abs=2e-5)
        assert seed_statistics.student_quantile(degrees) == expected


def test_too_few_seeds_have_points_and_no_interval():
    for values in ([0.5], [0.222, 0.18]):
        found = seed_statistics.mean_interval(values)
        assert found["low"] is found["high"] is found["sd"] is None
        assert found["values"] == values and found["mean"] == pytest.approx(np.mean(values))
        assert found["why"] == "seeds"
    enough = [0.222, 0.18, 0.2]
    assert seed_statistics.mean_interval(enough)["low"] is not None
    assert seed_statistics.mean_interval(enough, dialogues=10)["why"] == ""
    few = seed_statistics.mean_interval(enough, dialogues=9)
    assert few["low"] is None and few["why"] == "dialogues" and few["values"] == enough


def test_no_interval_leaves_the_bounds_of_its_metric():
    high = seed_statistics.mean_interval([0.95, 0.99, 1.0])
    low = seed_statistics.mean_interval([0.0, 0.01, 0.05])
    assert high["high"] == 1.0 and high["low"] < 0.95
    assert low["low"] == 0.0 and low["high"] > 0.05
    difference = seed_statistics.mean_interval([-0.9, -0.5, 0.1], seed_statistics.DIFFERENCE)
    assert difference["low"] == -1.0
    tasks = [{"tasks": {"x": {"mae": mae, "quadratic_kappa": -kappa, "macro_f1": kappa}}}
             for mae, kappa in ((1.5, 0.9), (2.5, 0.95), (1.9, 1.0))]  # fmt: skip
    row = seed_statistics.seed_summary(tasks)["x"]
    assert row["mae"]["high"] > 1 and row["quadratic_kappa"]["low"] == -1.0
    assert row["quadratic_kappa"]["high"] < 0 and row["macro_f1"]["high"] == 1.0


def test_a_p_value_is_never_zero():
    assert significance.p_text(0.0001) == "p < 0.001"
    assert significance.p_text(0.04) == "p = 0.040"


def test_runs_that_cannot_be_paired_are_refused(release, tmp_path):
    named = load_release(release)
    for name, digest, seed in (
        ("a", named.digest, 1), ("b", "0" * 64, 1), ("c", named.digest, 7), ("d", named.digest, 2),
    ):  # fmt: skip
        made = RunDirectory(tmp_path / name)
        made.root.mkdir()
        made.write("meta.json", {"release": digest, "recipe": {}, "seed": seed})
        result = {"release": {"digest": digest}, "split": "test", "classes": {}}
        made.write("evaluation.json", result)
        (made.root / "predictions.jsonl").write_text("")
    a, b, c, d = (RunDirectory(tmp_path / name) for name in "abcd")
    with pytest.raises(RunError, match="same split"):
        significance.compare_runs(named, [a], [b])
    with pytest.raises(RunError, match="another release"):
        significance.compare_runs(named, [b], [b])
    with pytest.raises(RunError, match="seeds differ"):
        significance.compare_runs(named, [a, c], [a, d])


def test_few_dialogues_tell_nothing(tmp_path):
    few = {"split": "test", "seeds": [1], "dialogues": 3,
           "tasks": {"x": {"macro_f1": {"gain": 0.1, "p": None}}}}  # fmt: skip
    assert "too few dialogues to tell" in significance.comparison_text(few, "a", "b")


def test_dialogues_without_a_label_of_a_task_do_not_count_for_it(tmp_path):
    tasks = (Task("often", ("no", "yes")), Task("rare", ("no", "yes")))

    def made_dialogue(number):
        gold = {"often": "yes" if number % 2 else "no"} | ({"rare": "no"} if number < 4 else {})
        utterance = Utterance(f"{number}_1", "A", "嗯", 0.0, 1.0, gold)
        return Dialogue(f"{number}", "test", (utterance,), None, "")

    named = Release("corpus", "1", "d" * 64, tasks, tuple(made_dialogue(n) for n in range(12)))
    sides = []
    for name, says in (("a", "yes"), ("b", "no")):
        made = RunDirectory(tmp_path / name)
        made.root.mkdir()
        made.write("meta.json", {"release": named.digest, "recipe": {}, "seed": 1})
        result = {"release": {"digest": named.digest}, "split": "test", "classes": {}}
        made.write("evaluation.json", result)
        rows = [{"id": f"{n}_1", "predicted": {"often": says, "rare": says}} for n in range(12)]
        made.write_lines("predictions.jsonl", rows)
        sides.append([made])
    found = significance.compare_runs(named, *sides)
    assert found["dialogues"] == 12
    often, rare = (found["tasks"][task.key]["macro_f1"] for task in tasks)
    assert often["low"] is not None and often["p_holm"] == often["p"]  # one test, not two
    assert rare["gain"] == -1.0 and rare["low"] is rare["p"] is rare["p_holm"] is None


def test_weighted_f1_stands_beside_macro_f1():
    row = {"macro_f1": 0.41, "majority_macro_f1": 0.2, "weighted_f1": 0.67,
           "balanced_accuracy": 0.4,
           "majority_weighted_f1": 0.55, "accuracy": 0.7, "majority_accuracy": 0.6, "ece": 0.05,
           "ece_predicted": 0.07, "n": 90,
           "human": {"n": 80, "accuracy": 0.8, "macro_f1": 0.62, "weighted_f1": 0.73,
                     "balanced_accuracy": 0.6}}  # fmt: skip
    result = {"split": "test", "looks": 1, "run": {"recipe": "r"}, "tasks": {"x": row},
            "release": {"corpus": "c", "version": "1", "digest": "0" * 64}}  # fmt: skip
    cells = evaluation_tables.evaluation_text(result).splitlines()[2].split()
    assert cells == ["x", "0.410", "0.200", "0.620", "0.670", "0.550", "0.730", "0.700", "0.600",
                     "0.050", "0.070", "90"]  # fmt: skip
    line = "| x | 0.410 | 0.200 | 0.620 | 0.670 | 0.550 | 0.730 | 0.400 | 0.700 | 0.050 | 0.070 |"
    assert line in model_card.render("m", "", "", {}, result, result)
    # what was written before weighted F1 was there is still opened
    old = {name: value for name, value in row.items() if "weighted" not in name} | {"human": None}
    result = result | {"tasks": {"x": old}}
    assert evaluation_tables.evaluation_text(result).splitlines()[2].split()[4:7] == ["–", "–", "–"]
    assert "x & 41.0 & -- & 40.0" in evaluation_tables.latex_table([result])
    assert "| 0.410 | 0.200 |  |  |  |  | 0.400 |" in model_card.render(
        "m", "", "", {}, result, None
    )


def test_latex_takes_any_words():
    assert evaluation_tables.escape_latex("a_b & 5 % {x} \\ ~") == (
        r"a\_b \& 5 \% \{x\} \textbackslash{} \textasciitilde{}"
    )


def test_the_schema_names_what_it_checks():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"format": 2}, SCHEMA)
    assert {task.key for task in TASKS} == {"sentiment", "sarcasm"}
