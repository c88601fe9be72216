"""The baseline without a network: TF-IDF of characters and logistic regression.

One to three characters of the utterance and, apart from these, of two turns before and after it
(Pedregosa et al. 2011 for the parts); C is chosen by macro-F1 on the validation set, as an epoch is
elsewhere. Only then it is evaluated on the held-out test set, once and counted: until then the
labels of that are not read.
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

from modeling.learner import calibration, human_performance
from modeling.learner.evaluation import add_training_counts, class_counts, evaluation_header
from modeling.learner.metrics import classification_report, macro_f1
from modeling.learner.release import Dialogue, Release, ReleaseError, Splits, Task
from modeling.learner.run_directory import PREDICTION_FILES, RunDirectory

NAME = "tf-idf"
INVERSE_REGULARISATION = (0.1, 1.0, 10.0)  # values of C that are tried
CONTEXT_TURNS = 2  # before and after
Codes = NDArray[np.int64]


def evaluate_baseline(release: Release, root: Path, out: Path, seed: int = 1) -> dict[str, Any]:
    """Fit, choose C, evaluate; what evaluation.json says, and the files of a run beside it.

    Raises ReleaseError where the release has no held-out split or too little text.
    """
    release = release.without_labels()
    splits = Splits.of(release, seed)
    if not splits.held_out:
        raise ReleaseError(
            f"{root}: the release has no dialogue in its split {splits.held_out_name!r}."
        )
    tables = _features((splits.train, splits.validation, splits.held_out))
    run = RunDirectory(out)
    meta = {"release": release.digest, "recipe": {"name": NAME}, "seed": seed,
            "validation": splits.validation_name, "held_out": splits.held_out_name}  # fmt: skip
    run.begin(meta)
    models = {
        task.key: _select_model(task, (splits.train, splits.validation), tables)
        for task in release.tasks
    }
    run.record_test_evaluation(release.digest, splits.held_out_name, "evaluate")
    splits = Splits.of(release.with_labels(), seed)
    parts = (splits.train, splits.validation, splits.held_out)
    evaluated = [(d, u) for d in splits.held_out for u in d.utterances]
    people = human_performance.annotator_performance(
        root, release.tasks, {u.id for _, u in evaluated}
    )
    rows: list[dict[str, Any]] = [
        {"id": u.id, "dialogue": d.id, "split": d.split, "predicted": {}, "most_probable": {},
         "probabilities": {}}
        for d, u in evaluated
    ]  # fmt: skip
    results: dict[str, Any] = {}
    for task in release.tasks:
        model = models[task.key]
        result = None if model is None else _evaluate_task(task, model, parts, tables, rows)
        results[task.key] = result
        if result is not None:
            result["human"] = people[task.key]
    evaluation = {
        **evaluation_header(release, release.digest),
        "run": {"recipe": NAME, "seed": seed, "weights": "", "best_epoch": 0,
                "parameters": int(tables[0].shape[1])},
        "split": splits.held_out_name,
        "held_out": True,
        "test_evaluations": len(run.test_evaluations()),
        "dialogues": len(splits.held_out),
        "utterances": len(rows),
        "missing": {"of": len(rows), "modalities": {}, "failures": []},
        "classes": {task.key: list(task.classes) for task in release.tasks},
        "tasks": results,
    }  # fmt: skip
    run.write_lines(PREDICTION_FILES["held_out"], rows)
    run.write("evaluation.json", evaluation)
    return evaluation


def _features(parts: Sequence[Sequence[Dialogue]]) -> list[csr_matrix]:
    """Of train, validation and test set (utterances, terms); the terms are those of train.

    Raises ReleaseError where train has too few words for a single term.
    """
    own = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    context = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    tables = []
    for number, dialogues in enumerate(parts):
        texts = [u.text for d in dialogues for u in d.utterances]
        around = [
            " ".join(
                u.text for j, u in enumerate(d.utterances) if j != i and abs(j - i) <= CONTEXT_TURNS
            )
            for d in dialogues
            for i in range(len(d.utterances))
        ]
        if number == 0:
            try:
                own.fit(texts)
                context.fit(around)
            except ValueError as error:  # no term is left
                raise ReleaseError(
                    "The train split has too little text for this baseline: no character or pair"
                    " of them occurs in two utterances."
                ) from error
        tables.append(csr_matrix(hstack([own.transform(texts), context.transform(around)])))
    return tables


def _gold_classes(task: Task, parts: Sequence[Sequence[Dialogue]]) -> list[Codes]:
    """Of each part the class of every utterance, -1 where it has no label."""
    number = {value: i for i, value in enumerate(task.classes)}
    return [
        np.array([number.get(u.gold.get(task.key, ""), -1) for d in part for u in d.utterances])
        for part in parts
    ]


def _select_model(
    task: Task, parts: Sequence[Sequence[Dialogue]], tables: Sequence[csr_matrix]
) -> LogisticRegression | DummyClassifier | None:
    """Of the regressions by C, fitted on train, the one with the highest macro-F1 on the validation
    set; the first of equals. None where train has no label of the task.
    """
    golds = _gold_classes(task, parts)
    labelled = [gold >= 0 for gold in golds]
    x, y = tables[0][labelled[0]], golds[0][labelled[0]]
    if not len(y):
        return None
    if len(set(y.tolist())) == 1:  # nothing to tell apart: always that class
        return DummyClassifier().fit(x, y)
    validation, gold = tables[1][labelled[1]], golds[1][labelled[1]].tolist()
    best: tuple[float, LogisticRegression] | None = None
    for c in INVERSE_REGULARISATION:
        model = LogisticRegression(C=c, class_weight="balanced", max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline may stop early
            model.fit(x, y)
        score = macro_f1(gold, model.predict(validation).tolist()) if gold else 0.0
        if best is None or score > best[0]:
            best = score, model
    assert best is not None
    return best[1]


def _evaluate_task(
    task: Task,
    model: LogisticRegression | DummyClassifier,
    parts: Sequence[Sequence[Dialogue]],
    tables: Sequence[csr_matrix],
    rows: list[dict[str, Any]],
) -> dict[str, Any] | None:
    """The metrics of a task on the test set; what is predicted of each utterance goes into `rows`.

    Probabilities are those of a regression in which classes weigh the same; what is predicted is
    the most probable class. A class that training never has gets probability 0.
    """
    train, _, test = _gold_classes(task, parts)
    labelled = test >= 0
    probabilities = np.zeros((tables[2].shape[0], len(task.classes)))
    probabilities[:, model.classes_] = model.predict_proba(tables[2])
    probabilities = probabilities.round(calibration.DECIMALS)
    most_probable = probabilities.argmax(1)
    for row, value, each in zip(rows, most_probable, probabilities.tolist(), strict=True):
        row["predicted"][task.key] = row["most_probable"][task.key] = task.classes[value]
        row["probabilities"][task.key] = dict(zip(task.classes, each, strict=True))
    gold, predicted = test[labelled].tolist(), most_probable[labelled].tolist()
    scores = probabilities[labelled].tolist()
    y = train[train >= 0].tolist()
    result = classification_report(
        y, gold, predicted, len(task.classes), scores, task.is_correlation
    )
    if result is not None:
        result |= calibration.calibration_report(scores, gold, predicted)
        add_training_counts(result, task, class_counts(task, parts[0]))
    return result
