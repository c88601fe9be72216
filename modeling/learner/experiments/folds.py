"""What is trained and tested on: releases in memory with other splits than their own.

official  the splits of the release, or those of `release` with the test set of `test_release`
folds     whole dialogues dealt into so many parts by the seed; each is tested on once
source    each source (a series, a film) with enough labelled utterances is tested on once
speaker   each speaker with enough labelled utterances: the dialogues in which they speak are not
          trained on, and their own utterances alone are scored

Of the labelled dialogues that are not tested on a share, drawn by the seed, is the validation set;
dialogues without a label stay in the training set. Nothing of a test set is ever part of training
or tuning in its fold.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from modeling.learner.error_messages import display_value, suggest_name
from modeling.learner.experiments.specification import Experiment, ExperimentError, Splitting
from modeling.learner.release import Dialogue, Release, Task, Utterance

FEWEST_DIALOGUES = 2  # that are left to train and to validate on
Key = tuple[str, ...]


@dataclass(frozen=True)
class Fold:
    """A release whose split test is tested on, all labels read; `slug` names its directory."""

    name: str
    slug: str
    release: Release


def make_folds(
    experiment: Experiment, release: Release, other: Release | None = None
) -> list[Fold]:
    """The folds of an experiment on a `release`, and with the test set of the `other`; both with
    all their labels. Raises ExperimentError where the release cannot be divided so.
    """
    release = choose_tasks(release, experiment.tasks)
    splits = experiment.splits
    if other is not None:
        return [Fold(f"{release.corpus} to {other.corpus}", "cross-corpus",
                     _crossed(release, other, experiment.labels))]  # fmt: skip
    if splits.by == "official":
        if not release.of_split(release.held_out):
            raise ExperimentError(f"The release has no dialogue in its split {release.held_out}.")
        return [Fold("official", "official", release)]
    if splits.by == "folds":
        return _dealt(release, splits)
    return _left_out(release, splits)


def choose_tasks(release: Release, keys: Sequence[str]) -> Release:
    """The release with these tasks alone, all of them for none.

    Raises ExperimentError for a task that does not exist, or for a correlation without its tasks.
    """
    if not keys:
        return release
    known = {task.key: task for task in release.tasks}
    for key in keys:
        if key not in known:
            hint = suggest_name(key, known)
            raise ExperimentError(f"The release has no task {display_value(key)}; {hint}")
        parents = {known[key].source, known[key].target} - {""}
        if not parents <= set(keys):
            words = f"tasks has {display_value(key)} and not both tasks that it relates:"
            raise ExperimentError(f"{words} {', '.join(sorted(parents))}.")
    return _derived(
        replace(release, tasks=tuple(task for task in release.tasks if task.key in keys)),
        {"tasks": [task.key for task in release.tasks if task.key in keys]},
    )


def shrink(fold: Fold, share: float, seed: int) -> Release:
    """The release of a fold with a share of its training dialogues, at least one; a smaller share
    of the same seed is part of a larger one.
    """
    if share >= 1:
        return fold.release
    training = [d.id for d in fold.release.of_split("train")]
    random.Random(seed).shuffle(training)
    left = set(training[max(1, round(share * len(training))) :])
    dialogues = tuple(d for d in fold.release.dialogues if d.id not in left)
    kept = sorted(d.id for d in dialogues if d.split == "train")
    return _derived(replace(fold.release, dialogues=dialogues), {"train": kept})


def _derived(release: Release, change: Mapping[str, object]) -> Release:
    """A changed release under a digest of its own, so that no run is taken for another."""
    described = json.dumps([release.digest, change], sort_keys=True)
    return replace(release, digest=hashlib.sha256(described.encode()).hexdigest())


def _divide(
    release: Release,
    tested: Callable[[Dialogue], bool],
    scored: Callable[[Dialogue, Utterance], bool],
    share: float,
    seed: int,
) -> Release:
    """The release with a test set, a validation set drawn from the rest, and the rest."""
    rest = [d.id for d in release.dialogues if _is_labelled(d, release.tasks) and not tested(d)]
    if len(rest) < FEWEST_DIALOGUES:
        raise ExperimentError("Too few labelled dialogues are left to train and to validate on.")
    drawn = random.Random(seed).sample(rest, max(1, round(share * len(rest))))
    validation = set(drawn[: len(rest) - 1])
    names = {d.id: "test" if tested(d) else "valid" if d.id in validation else "train"
             for d in release.dialogues}  # fmt: skip

    def placed(dialogue: Dialogue) -> Dialogue:
        turns = tuple(
            u if names[dialogue.id] != "test" or scored(dialogue, u) else u.without_labels()
            for u in dialogue.utterances
        )
        return replace(dialogue, split=names[dialogue.id], utterances=turns)

    return _derived(
        replace(release, dialogues=tuple(placed(d) for d in release.dialogues)),
        {"splits": names, "scored": sum(u.gold != {} for d in release.dialogues if tested(d)
                                        for u in d.utterances if scored(d, u))},
    )  # fmt: skip


def _is_labelled(dialogue: Dialogue, tasks: Sequence[Task]) -> bool:
    return any(task.key in u.gold for u in dialogue.utterances for task in tasks)


def _everything(dialogue: Dialogue, utterance: Utterance) -> bool:
    return True


def _dealt(release: Release, splits: Splitting) -> list[Fold]:
    ids = [d.id for d in release.dialogues if _is_labelled(d, release.tasks)]
    if len(ids) < splits.folds:
        raise ExperimentError(
            f"{splits.folds} folds need as many labelled dialogues, and the release has {len(ids)}."
        )
    random.Random(splits.seed).shuffle(ids)
    folds = []
    for number in range(splits.folds):
        part = set(ids[number :: splits.folds])
        divided = _divide(
            release, lambda d, part=part: d.id in part, _everything,  # type: ignore[misc]
            splits.validation_share, splits.seed + number,
        )  # fmt: skip
        folds.append(Fold(f"fold {number + 1}", f"fold-{number + 1}", divided))
    return folds


def _left_out(release: Release, splits: Splitting) -> list[Fold]:
    """A fold of each source, or of each speaker of a source, with enough labelled utterances."""

    def key_of(dialogue: Dialogue, utterance: Utterance) -> Key:
        if splits.by == "source":
            return (dialogue.source,)
        return (dialogue.source, utterance.speaker)

    keys = {tasks.key for tasks in release.tasks}
    counts = Counter(
        key_of(d, u) for d in release.dialogues for u in d.utterances if keys & set(u.gold)
    )
    chosen = sorted(key for key, n in counts.items() if n >= splits.least and key[-1])
    if len(chosen) < 2:
        raise ExperimentError(
            f"{len(chosen)} {splits.by}s of the release have {splits.least} labelled utterances or"
            " more, and two are needed; lower splits.least, or divide it by folds."
        )
    folds = []
    for number, key in enumerate(chosen, 1):

        def is_tested(dialogue: Dialogue, key: Key = key) -> bool:
            return any(key_of(dialogue, u) == key for u in dialogue.utterances)

        def is_scored(dialogue: Dialogue, utterance: Utterance, key: Key = key) -> bool:
            return key_of(dialogue, utterance) == key

        divided = _divide(
            release, is_tested, is_scored, splits.validation_share, splits.seed + number
        )
        folds.append(Fold(" · ".join(filter(None, key)), f"{splits.by}-{number:03}", divided))
    return folds


def _crossed(release: Release, other: Release, labels: Mapping[str, Mapping[str, str]]) -> Release:
    """The training and validation sets of a release with the test set of another.

    A value of the other one is that of `labels`, or the same word; where the release has no such
    value, the utterance has no label of the task.
    """
    theirs = {task.key: task for task in other.tasks}
    tasks = tuple(task for task in release.tasks if task.key in theirs)
    if not tasks:
        raise ExperimentError("The two releases have no task in common.")
    for key, table in labels.items():
        _check_labels(key, table, {task.key: task for task in tasks}, theirs)
    known = {task.key: set(task.classes) for task in tasks}

    def mapped(task: str, value: str) -> str | None:
        value = labels.get(task, {}).get(value, value)
        return value if value in known[task] else None

    def moved(dialogue: Dialogue) -> Dialogue:
        turns = tuple(
            replace(
                u,
                id=f"{other.corpus}/{u.id}",
                soft={},
                gold={task: new for task, value in u.gold.items()
                      if task in known and (new := mapped(task, value)) is not None},
            )
            for u in dialogue.utterances
        )  # fmt: skip
        return replace(dialogue, id=f"{other.corpus}/{dialogue.id}", split="test", utterances=turns)

    tested = [moved(d) for d in other.of_split(other.held_out)]
    if not any(u.gold for d in tested for u in d.utterances):
        raise ExperimentError(
            "No label of the test release is a value of the release that is trained on; say what"
            " its values mean under [labels]."
        )
    kept = [d for d in release.dialogues if d.split != release.held_out]
    return _derived(
        replace(release, tasks=tasks, dialogues=(*kept, *tested)),
        {"test": other.digest, "labels": {key: dict(table) for key, table in labels.items()}},
    )


def _check_labels(
    key: str, table: Mapping[str, str], tasks: Mapping[str, Task], theirs: Mapping[str, Task]
) -> None:
    if key not in tasks:
        raise ExperimentError(f"labels.{key}: both releases need the task {display_value(key)}.")
    for value, meant in table.items():
        if value not in theirs[key].classes:
            hint = suggest_name(value, theirs[key].classes)
            words = f"the test release has no value {display_value(value)}"
            raise ExperimentError(f"labels.{key}: {words}; {hint}")
        if meant not in tasks[key].classes:
            hint = suggest_name(meant, tasks[key].classes)
            words = f"the release has no value {display_value(meant)}"
            raise ExperimentError(f"labels.{key}: {words}; {hint}")
