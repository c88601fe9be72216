"""The learner on release directories, without Django."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from modeling.learner import recipes
from modeling.learner.batches import IGNORED
from modeling.learner.confusion_metrics import confusion_weighted_f1
from modeling.learner.features import audio, vision
from modeling.learner.features.audio import LogMel
from modeling.learner.features.extraction import Extractors, extract
from modeling.learner.features.feature_error import FeatureError
from modeling.learner.features.text import UNKNOWN, Vocabulary
from modeling.learner.features.vision import ColourAndMotion
from modeling.learner.losses import task_losses
from modeling.learner.metrics import accuracy, classification_report, macro_f1, majority_class
from modeling.learner.networks.dialogue_model import DialogueModel
from modeling.learner.networks.encoders import SequenceEncoder
from modeling.learner.preprocessing import log_priors
from modeling.learner.recipes import RECIPES, Recipe, RecipeError
from modeling.learner.release import ReleaseError, Splits, load_release
from modeling.models import Recipes
from tests.modeling.factories import (
    ROOT,
    SIZES,
    TASKS,
    dialogue,
    learn,
    packed,
    whole,
    write_release,
)
from tests.waiting import LIMIT, wait_until


def model(**recipe):
    torch.manual_seed(0)
    return DialogueModel(Recipe(width=16, heads=2, **recipe), TASKS, 4, SIZES).eval()


@pytest.fixture
def release(tmp_path):
    splits = ["train"] * 12 + ["valid"] * 3 + ["test"] * 3
    return write_release(
        tmp_path / "release", [dialogue(f"D{n}", 4, split) for n, split in enumerate(splits)]
    )


def test_a_batch_of_one_equals_its_row_in_a_larger_batch():
    talks = [dialogue("a", 3), dialogue("b", 6), dialogue("c", 1)]
    data, network = packed(talks), model()
    together = network(whole(data)).logits
    for task in together:
        alone = torch.cat([network(data.batch([n])).logits[task] for n in range(3)])
        assert torch.allclose(together[task], alone, atol=1e-5)


def test_a_missing_modality_is_masked_and_its_content_cannot_matter():
    talks = [dialogue("a", 4)]
    network, batch = model(), whole(packed(talks, without=("vision",)))
    before = network(batch).logits
    batch.vision = torch.randn(4, 5, vision.DIMS) * 100
    for task, logits in network(batch).logits.items():
        assert torch.allclose(logits, before[task], atol=1e-6)
    silent = whole(packed(talks, without=("audio", "vision")))
    assert all(torch.isfinite(logits).all() for logits in network(silent).logits.values())


def test_context_reaches_other_turns_and_can_be_switched_off():
    talks = [dialogue("a", 4)]
    data = packed(talks)
    for context, changes in ((True, True), (False, False)):
        network = model(context=context)
        before = network(whole(data)).logits["sentiment"]
        batch = whole(data)
        batch.text[0] = UNKNOWN
        after = network(batch).logits["sentiment"]
        assert not torch.allclose(before[0], after[0])
        assert torch.allclose(before[3], after[3], atol=1e-7) != changes


def test_a_missing_label_gives_no_loss_and_no_gradient():
    logits = {"a": torch.randn(3, 2, requires_grad=True), "b": torch.randn(3, 2)}
    gold = {"a": torch.tensor([1, IGNORED, 0]), "b": torch.full((3,), IGNORED)}
    priors = {task: torch.zeros(2) for task in logits}
    losses = task_losses(logits, gold, priors, adjustment=1.0)
    assert set(losses) == {"a"}
    losses["a"].backward()
    assert logits["a"].grad[1].abs().sum() == 0 and logits["a"].grad[0].abs().sum() > 0


def test_priors_are_those_of_training():
    priors = log_priors([dialogue("a", 5)], TASKS)
    assert torch.allclose(priors["sentiment"].exp(), torch.tensor([4, 1, 3]) / 8)


def test_metrics_equal_scikit_learn():
    rng = np.random.default_rng(0)
    for classes in (2, 5):
        gold, guess = (rng.integers(0, classes, 50).tolist() for _ in "ab")
        assert accuracy(gold, guess) == pytest.approx(accuracy_score(gold, guess))
        assert macro_f1(gold, guess) == pytest.approx(f1_score(gold, guess, average="macro"))
    assert majority_class([2, 1, 1, 2]) == 1
    found = classification_report([1, 1, 0], [0, 1, 1], [0, 1, 0], 2)
    assert found["majority_accuracy"] == pytest.approx(2 / 3)
    assert found["majority_macro_f1"] == pytest.approx(0.4)
    assert (
        classification_report([], [1], [1], 2) is None
        and classification_report([1], [], [], 2) is None
    )


@pytest.mark.parametrize(
    ("gold", "guess", "classes"),
    [
        ([0, 0, 1], [0, 0, 0], 3),  # a class is never said, another is nowhere
        ([0, 0, 0], [0, 1, 2], 3),  # classes that are said and never gold weigh nothing
        ([1, 1, 1], [2, 2, 2], 4),  # nothing is right
        ([2], [2], 3),
        ([0, 1, 2, 2], [0, 1, 2, 2], 3),
        ([4, 4, 0, 0, 1], [4, 0, 0, 1, 1], 6),
    ],
)
def test_weighted_f1_equals_scikit_learn_where_classes_are_absent(gold, guess, classes):
    expected = f1_score(gold, guess, average="weighted", zero_division=0)
    found = classification_report([0, *gold], gold, guess, classes)
    assert found["weighted_f1"] == pytest.approx(expected)
    constant = [majority_class([0, *gold])] * len(gold)
    expected = f1_score(gold, constant, average="weighted", zero_division=0)
    assert found["majority_weighted_f1"] == pytest.approx(expected)
    table = np.array(found["confusion"], float)
    assert confusion_weighted_f1(table) == pytest.approx(found["weighted_f1"])
    macro = f1_score(gold, guess, average="macro", zero_division=0)
    assert found["macro_f1"] == pytest.approx(macro)


def test_the_whole_report_equals_scikit_learn():
    rng = np.random.default_rng(1)
    for classes in (2, 5):
        gold, guess = (rng.integers(0, classes, 80).tolist() for _ in "ab")
        scores = rng.integers(0, 6, (80, classes)) / 5  # with ties
        found = classification_report(gold, gold, guess, classes, scores.tolist(), ordinal=True)
        assert found["weighted_f1"] == pytest.approx(f1_score(gold, guess, average="weighted"))
        assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(gold, guess))
        assert found["confusion"] == confusion_matrix(gold, guess).tolist()
        kappa = cohen_kappa_score(gold, guess, weights="quadratic")
        assert found["quadratic_kappa"] == pytest.approx(kappa)
        assert found["mae"] == pytest.approx(np.abs(np.subtract(gold, guess)).mean())
        table = precision_recall_fscore_support(gold, guess)
        for place, name in enumerate(("precision", "recall", "f1", "n")):
            assert [row[name] for row in found["classes"]] == pytest.approx(list(table[place]))
        if classes == 2:
            assert found["auroc"] == pytest.approx(roc_auc_score(gold, scores[:, 1]))
            assert found["ap"] == pytest.approx(average_precision_score(gold, scores[:, 1]))
    alone = classification_report([0], [0, 0], [0, 0], 2, [[1.0, 0.0]] * 2, ordinal=True)
    assert alone["auroc"] is None and alone["ap"] is None and alone["quadratic_kappa"] is None


def test_log_mel_frames_show_the_pitch(film):
    frames = LogMel().of_clip(film)
    assert frames.shape == (pytest.approx(200, abs=3), audio.DIMS)
    centres = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), audio.MELS + 2)[1:-1]
    expected = np.abs(centres - 2595 * np.log10(1 + 440 / 700)).argmin()
    assert abs(int(frames[:, : audio.MELS].mean(axis=0).argmax()) - expected) <= 1


def test_pictures_become_colour_and_motion(film):
    frames = ColourAndMotion().of_clip(film)
    assert frames.shape == (50, vision.DIMS)
    assert frames.min() >= 0 and frames.max() <= 1 and frames[1:, -36:].mean() > 0


def test_a_clip_is_decoded_once_and_a_broken_one_is_named(film, tmp_path, monkeypatch):
    talk, measured = dialogue("a", 3, clip=film), Extractors.of(Recipe())
    first, failures = extract(talk, tmp_path, measured)
    monkeypatch.setattr(LogMel, "of_clip", lambda self, clip: 1 / 0)
    again, _ = extract(talk, tmp_path, measured)
    assert all((a["audio"] == b["audio"]).all() for a, b in zip(first, again, strict=True))
    monkeypatch.undo()
    assert [len(f["audio"]) for f in first] == [20, 20, 20] and len(first[0]["vision"]) == 5
    assert failures == []
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    with pytest.raises(FeatureError, match="broken.mp4"):
        LogMel().of_clip(broken)


def test_the_vocabulary_comes_from_training_alone():
    vocabulary = Vocabulary.of(["你好你好", "你"])
    assert vocabulary.encode("你好吗") == [2, 3, UNKNOWN]
    assert vocabulary.encode("") == [] and len(vocabulary) == 4


def test_recipes_are_checked(tmp_path):
    assert Recipe.from_json(Recipe().to_json()) == Recipe()
    assert set(RECIPES) == set(Recipes.values)
    for wrong in ({"colour": 1}, {"modalities": ["smell"]}, {"epochs": 0}, {"dropout": 1.0},
                  {"width": 10, "heads": 4}, {"sharing": "none"}):  # fmt: skip
        with pytest.raises(RecipeError):
            Recipe.from_json(wrong)
    path = tmp_path / "mine.json"
    path.write_text('{"epochs": 3}')
    assert recipes.load_recipe(str(path)).epochs == 3
    path.write_text("{")
    for name in (str(path), "nothing"):
        with pytest.raises(RecipeError):
            recipes.load_recipe(name)


def test_without_a_test_split_nothing_reported_was_selected_on(tmp_path):
    talks = [dialogue(f"D{n}", 2, "train" if n < 10 else "valid") for n in range(13)]
    splits = Splits.of(load_release(write_release(tmp_path / "r", talks)), seed=1)
    assert splits.held_out_name == "valid" and len(splits.validation) == 1
    names = [{d.id for d in part} for part in (splits.train, splits.validation, splits.held_out)]
    assert not (names[0] & names[1]) and not (names[1] & names[2]) and not (names[0] & names[2])


def test_it_learns_what_can_be_learned_and_says_what_decided(release, tmp_path):
    recipe = tmp_path / "r.json"
    recipe.write_text(
        json.dumps({"modalities": ["text"], "epochs": 25, "patience": 25, "width": 16})
    )
    out = tmp_path / "out"
    done = learn(release, out, "--recipe", str(recipe), "--seed", "3", "--json")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert results["split"] == "valid" and results["tasks"]["sarcasm"] is None
    assert results["tasks"]["sentiment"]["accuracy"] == 1.0
    assert results["tasks"]["sentiment"]["majority_accuracy"] == 0.5
    meta = json.loads((out / "meta.json").read_text())
    assert (meta["seed"], meta["release"]) == (3, load_release(release).digest)
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    losses = [event["loss"] for event in events if event["event"] == "epoch"]
    assert losses[-1] < losses[0] and events[-1]["event"] == "done"
    twin = learn(release, tmp_path / "twin", "--recipe", str(recipe), "--seed", "3", "--json")
    assert json.loads(twin.stdout)["tasks"] == results["tasks"]
    weights = [(p / "model.safetensors").read_bytes() for p in (out, tmp_path / "twin")]
    assert weights[0] == weights[1]


def test_what_cannot_be_trained_on_is_refused_with_a_sentence(tmp_path, release):
    done = learn(tmp_path / "nowhere", tmp_path / "out")
    assert done.returncode == 2 and "not a release directory" in done.stderr
    assert "Traceback" not in done.stderr
    done = learn(release, tmp_path / "out", "--recipe", "nothing")
    assert done.returncode == 2 and "hard-small" in done.stderr
    with pytest.raises(ReleaseError, match="train split"):
        load_release(write_release(tmp_path / "x", [dialogue("a", 2, "test")]))


@pytest.mark.parametrize("how", ["signal", "leash"])
def test_it_ends_when_asked_and_when_its_parent_is_gone(release, tmp_path, how):
    recipe = tmp_path / "r.json"
    recipe.write_text(json.dumps({"modalities": ["text"], "epochs": 100000, "patience": 100000}))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "modeling.learner", "train", str(release), "--leashed"]
    command += ["--recipe", str(recipe), "--out", str(out)]
    learner = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    events = out / "events.jsonl"
    wait_until(lambda: events.exists() and "epoch" in events.read_text(), "the first epoch")
    if how == "signal":
        os.kill(learner.pid, signal.SIGTERM)
    else:
        learner.stdin.close()
    assert learner.wait(LIMIT) == 75
    if how == "signal":
        assert json.loads(events.read_text().splitlines()[-1]) == {"event": "stopped"}


def test_frames_end_to_end_equal_a_padded_reference():
    torch.manual_seed(0)
    encoder = SequenceEncoder(5, 8, 0.0)
    lengths = torch.tensor([4, 0, 1, 7])
    frames = torch.randn(4, 7, 5)
    inside = torch.arange(7) < lengths[:, None]
    projected = encoder.project(frames) * inside[..., None]
    mixed = encoder.convolve(projected.transpose(1, 2)).transpose(1, 2)
    result = encoder.norm(projected + torch.nn.functional.gelu(mixed))
    scores = encoder.pool.score(result)[..., 0].masked_fill(~inside, float("-inf"))
    weights = torch.softmax(scores, dim=1).nan_to_num()  # a row without frames
    expected = (weights[..., None] * result).sum(1)
    assert torch.allclose(encoder(frames, lengths), expected, atol=1e-6)
    frames[~inside] = 1e6  # what lies behind the end of an utterance is never read
    assert torch.allclose(encoder(frames, lengths), expected, atol=1e-6)
