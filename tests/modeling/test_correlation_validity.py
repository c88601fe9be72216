"""The report on correlations, against scikit-learn, SciPy, and correlations that are known."""

import json
import random

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import normalized_mutual_info_score

from modeling.learner.command_line import main
from modeling.learner.correlation_validity import (
    REASONS,
    intraclass_correlation,
    jensen_shannon_divergence,
    normalised_mutual_information,
    validity_report,
    validity_text,
)
from modeling.learner.release import Dialogue, Release, Utterance
from modeling.learner.synthetic_data import TASKS


def release(relation, splits=("train",) * 40 + ("test",) * 20, size=8, seed=1):
    """Dialogues whose emotion→sentiment is what `relation(rng, emotion, sentiment, split)` says."""
    rng, dialogues = random.Random(seed), []
    sentiments, emotions = TASKS[0].classes, TASKS[1].classes
    for number, split in enumerate(splits):
        turns = []
        for turn in range(size):
            emotion, sentiment = rng.choice(emotions), rng.choice(sentiments)
            said = relation(rng, emotion, sentiment, split)
            gold = {"emotion": emotion, "sentiment": sentiment, "emotion_sentiment": said}
            turns.append(Utterance(f"{number}_{turn}", "A", "好", None, None, gold))
        dialogues.append(Dialogue(f"D{number}", split, tuple(turns), None, ""))
    return Release("c", "1.0.0", "d", (TASKS[0], TASKS[1], TASKS[4]), tuple(dialogues))


def certificate(root, value):
    row = {"task": "emotion_sentiment", "value": value, "low": value, "high": value}
    (root / "agreement.json").write_text(json.dumps({"tasks": [row]}))
    return root


def related(rng, emotion, sentiment, split):
    same = (emotion == "joy") == (sentiment == "positive")
    return rng.choice(["1", "2"] if same else ["-1", "-2"])


def verdict(found, root):
    row = validity_report(found, root)["emotion_sentiment"]
    return row["verdict"], " ".join(REASONS[why["why"]].format(**why) for why in row["because"])


def test_green_amber_and_red(tmp_path):
    whole = release(related)
    assert verdict(whole, certificate(tmp_path, 0.8)) == ("green", "")
    assert verdict(whole, certificate(tmp_path, 0.4)) == (
        "amber",
        "annotators agree on it with an alpha of 0.4 only",
    )
    at_random = release(lambda rng, *_: rng.choice(["-2", "-1", "0", "1", "2"]))
    colour, why = verdict(at_random, certificate(tmp_path, 0.9))
    assert colour == "red" and "dealt at random" in why
    drifting = release(
        lambda rng, e, s, split: related(rng, e, s, split) if split == "train" else "0"
    )
    colour, why = verdict(drifting, certificate(tmp_path, 0.9))
    assert colour == "red" and "from train to test" in why
    none = Release(
        "c", "1", "d", whole.tasks, tuple(d for d in whole.dialogues if d.split == "test")
    )
    assert verdict(none, tmp_path)[0] == "red"
    assert "RED" in validity_text(validity_report(at_random, tmp_path))


def test_few_utterances_drift_by_chance_and_are_not_blamed(tmp_path):
    few = release(related, splits=("train",) * 30 + ("test",), size=4, seed=3)
    row = validity_report(few, certificate(tmp_path, 0.9))["emotion_sentiment"]
    assert row["verdict"] == "green", row["because"]


def test_a_few_utterances_of_training_are_called_few(tmp_path):
    few = release(related, splits=("train",) * 3, size=4)
    colour, why = verdict(few, certificate(tmp_path, 0.9))
    assert colour == "amber"
    assert why == "training holds 12 such correlations with both labels only, too few to tell"


def test_measures_equal_the_reference():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 5, 300), rng.integers(0, 9, 300)
    expected = normalized_mutual_info_score(one, other)
    assert normalised_mutual_information(one, other) == pytest.approx(expected)
    assert normalised_mutual_information(one, np.zeros(300, int)) == 0
    p, q = [3, 1, 6], [1, 4, 5]
    assert jensen_shannon_divergence(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2)
    # Shrout & Fleiss (1979), table 2: ICC(1,1) = .17
    ratings = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    )
    groups = np.repeat(np.arange(6), 4)
    assert intraclass_correlation(ratings.ravel(), groups) == pytest.approx(0.17, abs=0.005)
    assert intraclass_correlation(np.array([1, 2]), np.array([0, 1])) is None


def test_as_a_command(tmp_path, capsys):
    assert main(["validity", str(tmp_path)]) == 2
    assert "not a release directory" in capsys.readouterr().err
