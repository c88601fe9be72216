"""Derived relations and splits of published text: nothing of a test label in either."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.real_corpora import (
    Corpus,
    Relation,
    gold_labels,
    hold_back,
    read_cped,
    read_meld,
    usual_values,
    write_release,
)
from corpus.formats import Row
from modeling.learner.features.extraction import Extractors, extract
from modeling.learner.recipes import Recipe
from modeling.learner.release import load_release

SENTIMENTS = ("negative", "neutral", "positive")
RELATION = Relation("emotion_sentiment", "emotion", "sentiment")


def make_row(dialogue: str, turn: int, emotion: str, sentiment: str) -> Row:
    labels = {"emotion": emotion, "sentiment": sentiment}
    return Row(turn, dialogue, f"{dialogue}_{turn}", "A", f"{emotion} {turn}", None, None, labels)


def make_corpus() -> Corpus:
    rows = [
        make_row("a", 0, "joy", "positive"),
        make_row("a", 1, "joy", "positive"),
        make_row("a", 2, "joy", "negative"),
        make_row("a", 3, "anger", "negative"),
        make_row("b", 0, "joy", "neutral"),
        make_row("c", 0, "joy", "negative"),
        make_row("c", 1, "joy", "negative"),
        make_row("c", 2, "joy", "negative"),
    ]
    tasks = {"emotion": ("joy", "anger"), "sentiment": SENTIMENTS}
    return Corpus("made", tasks, [RELATION], rows, {"a": "train", "b": "valid", "c": "test"})


def test_relations_come_from_training_labels_and_go_to_training_rows_alone():
    corpus = make_corpus()
    values = [gold.get("emotion_sentiment") for gold in gold_labels(corpus)]
    assert values == ["0", "0", "-2", "0", None, None, None, None]
    other = [
        replace(row, labels={"emotion": "joy", "sentiment": "neutral"})
        if corpus.split[row.dialogue] != "train"
        else row
        for row in corpus.rows
    ]
    changed = gold_labels(replace(corpus, rows=other))
    assert [gold.get("emotion_sentiment") for gold in changed] == values


def test_equal_counts_take_the_first_class():
    rows = [make_row("a", 0, "joy", "positive"), make_row("a", 1, "joy", "neutral")]
    assert usual_values(rows, RELATION, SENTIMENTS) == {"joy": 1}


def test_whole_groups_are_held_back():
    groups = {f"d{number}": f"e{number // 4}" for number in range(40)}
    held = hold_back(groups, dict.fromkeys(groups, 5))
    assert len(held) == 4
    assert len({groups[dialogue] for dialogue in held}) == 1


def test_the_learner_reads_the_release_with_a_vector_an_utterance(tmp_path):
    corpus = make_corpus()
    vectors = np.linspace(-1, 1, 8 * 3, dtype=np.float32).reshape(8, 3)
    write_release(corpus, tmp_path / "made", vectors, "made-vectors")
    release = load_release(tmp_path / "made", labels=True)
    assert [len(release.of_split(name)) for name in ("train", "valid", "test")] == [1, 1, 1]
    recipe = Recipe(modalities=("text", "audio"))
    features, failures = extract(release.dialogues[0], tmp_path / "cache", Extractors.of(recipe))
    assert not failures
    read = np.concatenate([each["audio"] for each in features])
    assert read.shape == (4, 3)
    assert np.allclose(read, np.round(127 * vectors[:4]))
    manifest = json.loads((tmp_path / "made" / "manifest.json").read_text())
    assert len(manifest["files"]) == 3


@pytest.mark.parametrize("read", [read_meld, read_cped])
def test_published_splits_share_no_dialogue_and_no_series(test_data, read):
    corpus = read(test_data)
    assert set(corpus.split.values()) == {"train", "valid", "test"}
    assert {row.dialogue for row in corpus.rows} == set(corpus.split)
    if corpus.name == "cped":
        series = {(dialogue.split("_")[0], split) for dialogue, split in corpus.split.items()}
        assert len(series) == len({name for name, _ in series})
    golds = gold_labels(corpus)
    for row, gold in zip(corpus.rows, golds, strict=True):
        assert ("emotion_sentiment" in gold) == (corpus.split[row.dialogue] == "train")
