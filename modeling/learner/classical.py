"""The baseline that asks nothing of anybody: TF-IDF of characters and logistic regression.

One to three characters of the utterance and, apart from these, of two turns before and after it
(Pedregosa et al. 2011 for the parts); C is chosen by macro-F1 on the dialogues that select, as an
epoch is elsewhere. Only then the sealed split is looked at, once and counted: until then its labels
are not read.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from modeling.learner import calibration, ceiling
from modeling.learner.evaluation import counts_of, heading, learned
from modeling.learner.metrics import macro_f1, report
from modeling.learner.release import Dialogue, Release, ReleaseError, Splits, Task
from modeling.learner.rundir import RunDirectory

NAME = "tf-idf"
STRENGTHS = (0.1, 1.0, 10.0)  # of C, the inverse of regularisation
NEAR = 2  # turns before and after
Codes = NDArray[np.int64]


def evaluate(release: Release, root: Path, out: Path, seed: int = 1) -> dict[str, Any]:
    """Fit, choose, look; what evaluation.json says, and the files of a run beside it."""
    release = release.without_labels()
    splits = Splits.of(release, seed)
    if not splits.sealed:
        raise ReleaseError(
            f"{root}: the release has no dialogue in its split {splits.sealed_name!r}."
        )
    tables = _features((splits.train, splits.selection, splits.sealed))
    run = RunDirectory(out)
    meta = {"release": release.digest, "recipe": {"name": NAME}, "seed": seed,
            "selection": splits.selection_name, "sealed": splits.sealed_name}  # fmt: skip
    run.begin(meta)
    chosen = {
        task.key: _chosen(task, (splits.train, splits.selection), tables) for task in release.tasks
    }
    run.look(release.digest, splits.sealed_name, "evaluate")
    splits = Splits.of(release.with_labels(), seed)
    parts = (splits.train, splits.selection, splits.sealed)
    people = ceiling.of(root, release.tasks, {u.id for d in splits.sealed for u in d.utterances})
    tasks: dict[str, Any] = {}
    said: list[dict[str, Any]] = [
        {"predicted": {}, "most_probable": {}, "probabilities": {}}
        for d in splits.sealed
        for _ in d.utterances
    ]
    for task in release.tasks:
        model = chosen[task.key]
        tasks[task.key] = row = None if model is None else _told(task, model, parts, tables, said)
        if row is not None:
            row["human"] = people[task.key]
    evaluation = {
        **heading(release, release.digest),
        "run": {"recipe": NAME, "seed": seed, "weights": "", "best_epoch": 0,
                "parameters": int(tables[0].shape[1])},
        "split": splits.sealed_name,
        "sealed": True,
        "looks": len(run.looks()),
        "dialogues": len(splits.sealed),
        "utterances": len(said),
        "missing": {"of": len(said), "modalities": {}, "failures": []},
        "classes": {task.key: list(task.classes) for task in release.tasks},
        "tasks": tasks,
    }  # fmt: skip
    rows = [(d, u) for d in splits.sealed for u in d.utterances]
    lines = (
        {"id": u.id, "dialogue": d.id, "split": d.split, **told}
        for (d, u), told in zip(rows, said, strict=True)
    )
    run.write_lines("predictions.jsonl", lines)
    run.write("evaluation.json", evaluation)
    return evaluation


def _features(parts: Sequence[Sequence[Dialogue]]) -> list[csr_matrix]:
    """Of train, selection and sealed (utterances, terms); the terms are those of train.

    Raises ReleaseError where train has too few words for a single term.
    """
    own = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    near = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    found = []
    for number, dialogues in enumerate(parts):
        texts = [u.text for d in dialogues for u in d.utterances]
        around = [
            " ".join(u.text for j, u in enumerate(d.utterances) if j != i and abs(j - i) <= NEAR)
            for d in dialogues
            for i in range(len(d.utterances))
        ]
        if number == 0:
            try:
                own.fit(texts)
                near.fit(around)
            except ValueError as error:  # no term is left
                raise ReleaseError(
                    "The train split has too little text for this baseline: no character or pair"
                    " of them occurs in two utterances."
                ) from error
        found.append(csr_matrix(hstack([own.transform(texts), near.transform(around)])))
    return found


def _golds(task: Task, parts: Sequence[Sequence[Dialogue]]) -> list[NDArray[np.int64]]:
    """Of each part the class of every utterance, -1 where nobody said it."""
    number = {value: i for i, value in enumerate(task.classes)}
    return [
        np.array([number.get(u.gold.get(task.key, ""), -1) for d in part for u in d.utterances])
        for part in parts
    ]


def _chosen(
    task: Task, parts: Sequence[Sequence[Dialogue]], tables: Sequence[csr_matrix]
) -> LogisticRegression | DummyClassifier | None:
    """Of the regressions by C, fitted on train, the one with the highest macro-F1 on what selects;
    the first of equals. None where train has no label of the task.
    """
    golds = _golds(task, parts)
    kept = [gold >= 0 for gold in golds]
    x, y = tables[0][kept[0]], golds[0][kept[0]]
    if not len(y):
        return None
    if len(set(y.tolist())) == 1:  # nothing to tell apart: always that class
        return DummyClassifier().fit(x, y)
    selection, gold = tables[1][kept[1]], golds[1][kept[1]].tolist()
    best: tuple[float, LogisticRegression] | None = None
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, class_weight="balanced", max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline may stop early
            model.fit(x, y)
        score = macro_f1(gold, model.predict(selection).tolist()) if gold else 0.0
        if best is None or score > best[0]:
            best = score, model
    assert best is not None
    return best[1]


def _told(
    task: Task,
    model: LogisticRegression | DummyClassifier,
    parts: Sequence[Sequence[Dialogue]],
    tables: Sequence[csr_matrix],
    said: list[dict[str, Any]],
) -> dict[str, Any] | None:
    """The figures of a task on the sealed split; what is said of each utterance goes to `said`.

    Probabilities are those of a regression in which classes weigh the same; what is predicted is
    the most probable class. A class that training never has gets none.
    """
    train, _, sealed = _golds(task, parts)
    kept = sealed >= 0
    chances = np.zeros((tables[2].shape[0], len(task.classes)))
    chances[:, model.classes_] = model.predict_proba(tables[2])
    chances = chances.round(calibration.PLACES)
    guess = chances.argmax(1)
    for row, value, each in zip(said, guess, chances.tolist(), strict=True):
        row["predicted"][task.key] = row["most_probable"][task.key] = task.classes[value]
        row["probabilities"][task.key] = dict(zip(task.classes, each, strict=True))
    gold, own, predicted = sealed[kept].tolist(), chances[kept].tolist(), guess[kept].tolist()
    y = train[train >= 0].tolist()
    told = report(y, gold, predicted, len(task.classes), own, task.is_correlation)
    if told is not None:
        told |= calibration.report(own, gold, predicted)
        learned(told, task, counts_of(task, parts[0]))
    return told
