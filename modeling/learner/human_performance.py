"""How well people do: one annotator's answers against the majority of the others'."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from modeling.learner.metrics import accuracy, balanced_accuracy, macro_f1, weighted_f1
from modeling.learner.release import Task


def annotator_performance(
    root: Path, tasks: Sequence[Task], utterances: Collection[str]
) -> dict[str, Any]:
    """Task -> metrics over these utterances of the release in `root`; None where fewer than two
    people annotated any.

    Each answer counts once, against the majority of the other answers to its utterance; where the
    others tie, it does not count. A network is compared with gold that all annotators made, so
    these figures are, if anything, a little too low to be its ceiling.
    """
    answers: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in read_judgements(root):
        if row["utterance"] in utterances and row["value"] is not None:
            answers[row["task"]][row["utterance"]].append(row["value"])
    return {task.key: _task_performance(task, answers[task.key].values()) for task in tasks}


def read_judgements(root: Path) -> Iterator[dict[str, Any]]:
    """The rows of judgements.jsonl; none where a release has no such file."""
    path = root / "judgements.jsonl"
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _task_performance(task: Task, rows: Collection[Sequence[str]]) -> dict[str, Any] | None:
    number = {value: i for i, value in enumerate(task.classes)}
    pairs = []
    for values in rows:
        counts = Counter(number[value] for value in values if value in number)
        for answer, times in counts.items():
            others = counts.copy()
            others[answer] -= 1
            ranked = others.most_common(2)
            if ranked[0][1] and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]):
                pairs += [(ranked[0][0], answer)] * times
    if not pairs:
        return None
    majority, answered = [m for m, _ in pairs], [a for _, a in pairs]
    return {
        "n": len(pairs),
        "accuracy": accuracy(majority, answered),
        "macro_f1": macro_f1(majority, answered),
        "weighted_f1": weighted_f1(majority, answered),
        "balanced_accuracy": balanced_accuracy(majority, answered),
    }
