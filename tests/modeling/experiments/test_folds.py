"""Folds of a release: what is tested on is never trained on, and everything is tested once."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeling.learner.experiments.folds import Fold, make_folds, shrink
from modeling.learner.experiments.specification import (
    Experiment,
    ExperimentError,
    Splitting,
    System,
)
from modeling.learner.recipes import RECIPES
from modeling.learner.release import Release, Splits
from tests.modeling.experiments.factories import TASKS, make_release, opened, talk

SYSTEM = System("hard", "hard", RECIPES["hard-text"])


def experiment(path=None, **fields):
    splits = Splitting(
        **{key: fields.pop(key) for key in ("by", "folds", "least") if key in fields}
    )
    return Experiment("e", path, (SYSTEM,), SYSTEM, splits=splits, **fields)


def release(dialogues):
    return Release("c", "1.0.0", "d" * 64, TASKS, tuple(dialogues))


def of(fold, split):
    return {d.id for d in fold.release.of_split(split)}


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 30), st.integers(0, 5), st.integers(2, 6), st.integers(0, 99))
def test_each_labelled_dialogue_is_tested_once(labelled, unlabelled, folds, seed):
    talks = [talk(f"D{n}") for n in range(labelled)]
    blank = [talk(f"U{n}", labelled=False) for n in range(unlabelled)]
    asked = experiment(by="folds", folds=folds)
    asked = replace(asked, splits=replace(asked.splits, seed=seed))
    if labelled < folds:
        with pytest.raises(ExperimentError, match="folds need as many labelled dialogues"):
            make_folds(asked, release([*talks, *blank]))
        return
    try:
        found = make_folds(asked, release([*talks, *blank]))
    except ExperimentError as error:
        assert "Too few labelled dialogues" in str(error) and labelled - labelled // folds < 3
        return
    tested = [d for fold in found for d in of(fold, "test")]
    assert sorted(tested) == sorted(d.id for d in talks)
    for fold in found:
        train, valid, test = (of(fold, name) for name in ("train", "valid", "test"))
        assert train and valid and not (train & valid | train & test | valid & test)
        assert train | valid | test == {d.id for d in [*talks, *blank]}
        assert {d.id for d in blank} <= train
        splits = Splits.of(fold.release.without_labels(), seed=1)
        assert not any(u.gold for d in splits.held_out for u in d.utterances)
    assert len({fold.release.digest for fold in found}) == folds
    again = make_folds(asked, release([*talks, *blank]))
    assert [fold.release for fold in again] == [fold.release for fold in found]


def test_a_source_is_left_out():
    talks = [talk(f"D{n}", source="ABC"[n % 3]) for n in range(9)] + [
        talk("E", source="D", turns=2)
    ]
    found = make_folds(experiment(by="source", least=10), release(talks))
    assert [fold.name for fold in found] == ["A", "B", "C"]
    assert of(found[1], "test") == {"D1", "D4", "D7"} and "E" in of(found[1], "train") | of(
        found[1], "valid"
    )
    with pytest.raises(ExperimentError, match="0 sources of the release have 99 labelled"):
        make_folds(experiment(by="source", least=99), release(talks))


def test_a_speaker_is_not_heard_in_training_and_is_scored_alone():
    talks = [talk("D0", speakers="AB"), talk("D1", speakers="BC"), talk("D2", speakers="CD"),
             talk("D3", speakers="DE"), talk("D4", speakers="EA", source="T")]  # fmt: skip
    found = make_folds(experiment(by="speaker", least=4), release(talks))
    assert [fold.name for fold in found] == ["S · B", "S · C", "S · D"]  # two of "A": not one
    fold = found[0]
    assert of(fold, "test") == {"D0", "D1"}
    scored = {u.speaker for d in fold.release.of_split("test") for u in d.utterances if u.gold}
    assert scored == {"B"}
    assert all(u.gold for d in fold.release.of_split("train") for u in d.utterances)


def test_official_splits_and_chosen_tasks(tmp_path):
    whole = opened(make_release(tmp_path / "release"))
    (fold,) = make_folds(experiment(), whole)
    assert fold.release is whole
    (fold,) = make_folds(experiment(tasks=("sarcasm", "sentiment")), whole)
    assert [t.key for t in fold.release.tasks] == ["sentiment", "sarcasm"]
    assert fold.release.digest != whole.digest
    with pytest.raises(ExperimentError, match="no task \"sarcas\"; did you mean 'sarcasm'"):
        make_folds(experiment(tasks=("sarcas",)), whole)
    with pytest.raises(ExperimentError, match="not both tasks that it relates"):
        make_folds(experiment(tasks=("sarcasm", "sentiment_sarcasm")), whole)
    nothing = release([d for d in whole.dialogues if d.split == "train"])
    with pytest.raises(ExperimentError, match="no dialogue in its split"):
        make_folds(experiment(), nothing)


def test_another_release_is_tested_on():
    own = release([talk("D0"), talk("D1"), talk("D2", "valid"), talk("D3", "test")])
    words = {"negative": "bad", "neutral": "neutral", "positive": "odd"}
    theirs = replace(
        own,
        corpus="other",
        digest="e" * 64,
        tasks=(replace(TASKS[0], classes=("bad", "neutral", "odd")),),
        dialogues=tuple(
            replace(d, utterances=tuple(
                replace(u, gold={"sentiment": words[u.gold["sentiment"]]}) for u in d.utterances
            ))
            for d in own.dialogues
        ),
    )  # fmt: skip
    asked = experiment(labels={"sentiment": {"bad": "negative"}})
    (fold,) = make_folds(asked, own, theirs)
    assert fold.name == "c to other" and [t.key for t in fold.release.tasks] == ["sentiment"]
    assert of(fold, "train") == {"D0", "D1"} and of(fold, "test") == {"other/D3"}
    (tested,) = fold.release.of_split("test")
    assert [u.gold for u in tested.utterances] == [
        {"sentiment": "negative"}, {"sentiment": "neutral"}, {}, {"sentiment": "negative"},
    ]  # fmt: skip
    for labels, message in (
        ({"sentiment": {"bat": "negative"}}, 'the test release has no value "bat"; did you mean'),
        ({"sentiment": {"bad": "negativ"}}, 'the release has no value "negativ"; did you mean'),
        ({"humor": {}}, 'both releases need the task "humor"'),
    ):
        with pytest.raises(ExperimentError, match=message):
            make_folds(experiment(labels=labels), own, theirs)
    with pytest.raises(ExperimentError, match="no task in common"):
        make_folds(asked, own, replace(theirs, tasks=(replace(TASKS[1], key="irony"),)))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.floats(0.01, 1), st.floats(0.01, 1), st.integers(0, 9))
def test_a_smaller_share_is_part_of_a_larger_one(size, one, other, seed):
    whole = release([*(talk(f"D{n}") for n in range(size)), talk("V", "valid"), talk("T", "test")])
    fold = Fold("f", "f", whole)
    less, more = (shrink(fold, share, seed) for share in sorted((one, other)))
    train = [{d.id for d in each.of_split("train")} for each in (less, more)]
    assert train[0] <= train[1] and len(train[0]) >= 1
    assert len(train[1]) == max(1, round(max(one, other) * size))
    assert [d.id for d in less.of_split("valid")] == ["V"]
    assert shrink(fold, 1.0, seed) is whole
