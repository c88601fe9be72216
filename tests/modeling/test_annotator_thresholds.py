"""Relation heads that learn from each annotator's answers, and how each differs from the others."""

import json
import math
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from modeling.learner.annotator_answers import add_answers
from modeling.learner.batches import IGNORED
from modeling.learner.correlation_labels import shuffle_correlations
from modeling.learner.ordinal_regression import AnnotatorThresholds, ordinal_loss
from modeling.learner.recipes import RECIPES
from modeling.learner.release import Dialogue, Task, Utterance
from tests.modeling.factories import TASKS, learn, write_release

VALUES = ("-2", "-1", "0", "1", "2")
RELATED = Task("sentiment_sarcasm", VALUES, "sentiment", "sarcasm")
KEY = RELATED.key


def below(x):
    """Binary cross-entropy of a logit whose target is 0."""
    return math.log1p(math.exp(x))


def test_the_loss_by_hand():
    head = AnnotatorThresholds(2, 3)
    head.shifts.data = torch.tensor([[1.0, 0.0], [0.0, 0.5]])
    delta = [[0.5, -0.25], [-0.5, 0.25]]  # less their mean over annotators
    assert torch.allclose(head.delta, torch.tensor(delta))
    above = torch.tensor([[2.0, -1.0], [0.5, 0.25], [3.0, 1.0]])
    answers = torch.tensor([[1, IGNORED], [0, 2], [IGNORED, IGNORED]], dtype=torch.int8)
    gold = torch.tensor([2, IGNORED, IGNORED])  # the third has neither
    first = (below(-(2.0 - 0.5)) + below(-1.0 + 0.25)) / 2
    second = (below(0.5 - 0.5) + below(0.25 + 0.25)) / 2
    third = (below(-(0.5 + 0.5)) + below(-(0.25 - 0.25))) / 2
    expected = (first + (second + third) / 2) / 2
    assert head(above, answers, gold).item() == pytest.approx(expected)


def test_gold_counts_where_nobody_s_answer_is_known():
    above, gold = torch.tensor([[0.3, -0.2], [1.0, 0.5]]), torch.tensor([1, 2])
    nobody = torch.full((2, 3), IGNORED, dtype=torch.int8)
    assert torch.allclose(AnnotatorThresholds(3, 3)(above, nobody, gold), ordinal_loss(above, gold))


def test_it_finds_who_answers_high_and_who_low():
    """Three people see the same score; one answers a value higher, one a value lower."""
    torch.manual_seed(0)
    truth = torch.randint(1, 4, (400,))
    answers = torch.stack([truth, truth + 1, truth - 1], dim=1)
    head = AnnotatorThresholds(3, 5)
    score = torch.nn.Parameter(torch.zeros(400))
    thresholds = torch.tensor([-3.0, -1.0, 1.0, 3.0])
    optimiser = torch.optim.Adam([*head.parameters(), score], lr=0.1)
    gold = torch.full((400,), IGNORED)
    for _ in range(150):
        optimiser.zero_grad()
        head(score[:, None] - thresholds, answers, gold).backward()
        optimiser.step()
    same, high, low = head.delta.mean(dim=1).tolist()
    assert high < -0.5 < 0.5 < low and abs(same) < 0.5
    expected = score.detach()
    assert expected[truth == 1].max() < expected[truth == 3].min()


def talk(name, split="train"):
    turns = tuple(
        Utterance(f"{name}_{n}", "AB"[n % 2], "好坏"[n % 2], None, None,
                  {"sentiment": ("negative", "positive")[n % 2], "sarcasm": ("no", "yes")[n % 2],
                   KEY: VALUES[n % 5]})
        for n in range(5)
    )  # fmt: skip
    return Dialogue(name, split, turns, None, "")


def judged(tmp_path, rows):
    talks = [talk(f"D{n}", split) for n, split in enumerate(["train"] * 4 + ["valid", "test"])]
    root = write_release(tmp_path / "release", talks, (*TASKS, RELATED))
    lines = [
        {"utterance": u, "annotator": who, "round": when, "task": task, "value": value}
        for u, who, when, task, value in rows
    ]
    (root / "judgements.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (root / "rounds.json").write_text(json.dumps([{"name": "one"}, {"name": "two"}]))
    return root, talks


def test_the_answer_of_the_later_round_counts(tmp_path):
    root, talks = judged(tmp_path, [
        ("D0_0", "A-x", "two", KEY, "2"), ("D0_0", "A-x", "one", KEY, "-2"),
        ("D0_0", "A-y", "one", KEY, "0"), ("D0_0", "A-z", "one", KEY, None),
        ("D0_0", "A-x", "one", "sentiment", "positive"), ("D5_0", "A-x", "one", KEY, "1"),
    ])  # fmt: skip
    found = add_answers(talks[:2], root, (*TASKS, RELATED))
    assert found[0].utterances[0].answers == {KEY: {"A-x": "2", "A-y": "0"}}
    assert all(not u.answers for u in [*found[0].utterances[1:], *found[1].utterances])
    assert talks[0].utterances[0].without_labels().answers == {}


def test_shuffled_relations_take_their_answers_along():
    turns = tuple(
        Utterance(f"D_{n}", "A", "好", None, None, {KEY: value} if value else {},
                  answers={KEY: {"A-x": value or "1"}})
        for n, value in enumerate([*VALUES, None, None])
    )  # fmt: skip
    (dealt,) = shuffle_correlations([Dialogue("D", "train", turns, None, "")], [RELATED], seed=1)
    assert [u.gold for u in dealt.utterances] != [u.gold for u in turns]
    for u in dealt.utterances:
        assert u.answers[KEY] == {"A-x": u.gold.get(KEY, "1")}


def test_a_run_learns_from_answers_and_predicts_without_them(tmp_path):
    people = [("A-x", 0), ("A-y", 1)]
    rows = [(f"D{d}_{n}", who, "one", KEY, VALUES[(n + more) % 5])
            for d in range(4) for n in range(5) for who, more in people]  # fmt: skip
    root, _ = judged(tmp_path, rows)
    recipe = replace(RECIPES["soft-text"], width=8, heads=2, epochs=2, annotator_thresholds=True)
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.to_json()))
    gold = replace(recipe, annotator_thresholds=False)
    (tmp_path / "gold.json").write_text(json.dumps(gold.to_json()))
    weights = {}
    for name in ("recipe", "gold"):
        done = learn(root, tmp_path / name, "--recipe", tmp_path / f"{name}.json")
        assert done.returncode == 0, done.stderr
        weights[name] = load_file(tmp_path / name / "model.safetensors")
    assert weights["recipe"].keys() == weights["gold"].keys()  # delta is no part of the model
    pairs = [(weights["recipe"][key], weights["gold"][key]) for key in weights["gold"]]
    assert not all(torch.equal(one, other) for one, other in pairs)


def test_a_release_without_single_answers_is_refused(tmp_path):
    root, _ = judged(tmp_path, [("D0_0", "A-x", "one", "sentiment", "positive")])
    recipe = replace(RECIPES["soft-text"], annotator_thresholds=True)
    (tmp_path / "recipe.json").write_text(json.dumps(recipe.to_json()))
    done = learn(root, tmp_path / "run", "--recipe", tmp_path / "recipe.json")
    assert done.returncode == 2
    assert "the release has none about a correlation in its train split" in done.stderr


def test_it_is_for_relation_gates_alone():
    assert "annotator_thresholds" in RECIPES["hard-small"].unused
    assert "annotator_thresholds" in RECIPES["bc-lstm"].unused
    assert "annotator_thresholds" not in RECIPES["soft-small"].unused
