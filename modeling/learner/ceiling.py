"""How well people do: what one annotator said against what most of the others said."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from modeling.learner.metrics import (
    accuracy,
    balanced_accuracy,
    by_class,
    confusion,
    macro_f1,
    weighted_f1,
)
from modeling.learner.release import Task


def of(root: Path, tasks: Sequence[Task], utterances: Collection[str]) -> dict[str, Any]:
    """Task -> figures over these utterances; None where fewer than two people judged any.

    Each judgement counts once, against the majority of the other judgements of its utterance; where
    the others tie, it counts for nothing. A network is held against gold that everybody made, so a
    person's figure here is, if anything, a little too low to be its ceiling.
    """
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in _judgements(root):
        if row["utterance"] in utterances and row["value"] is not None:
            said[row["task"]][row["utterance"]].append(row["value"])
    return {task.key: _figures(task, said[task.key].values()) for task in tasks}


def _judgements(root: Path) -> Iterator[dict[str, Any]]:
    path = root / "judgements.jsonl"
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _figures(task: Task, rows: Collection[Sequence[str]]) -> dict[str, Any] | None:
    number = {value: i for i, value in enumerate(task.classes)}
    pairs = []
    for values in rows:
        counts = Counter(number[value] for value in values if value in number)
        for mine, times in counts.items():
            others = counts.copy()
            others[mine] -= 1
            ranked = others.most_common(2)
            if ranked[0][1] and (len(ranked) == 1 or ranked[0][1] > ranked[1][1]):
                pairs += [(ranked[0][0], mine)] * times
    if not pairs:
        return None
    gold, own = [g for g, _ in pairs], [m for _, m in pairs]
    table = by_class(confusion(gold, own, len(task.classes)))
    return {
        "n": len(pairs),
        "accuracy": accuracy(gold, own),
        "macro_f1": macro_f1(gold, own),
        "weighted_f1": weighted_f1(table),
        "balanced_accuracy": balanced_accuracy(table),
    }
