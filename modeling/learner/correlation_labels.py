"""The stated correlations of a training set: how strong they are, and shuffled as a control."""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from modeling.learner.release import Dialogue, Task


def correlation_strengths(dialogues: Sequence[Dialogue], tasks: Sequence[Task]) -> dict[str, float]:
    """Correlation -> its mean absolute strength, 0 to 1; nothing where it has no label."""
    strengths = {}
    for task in (task for task in tasks if task.is_correlation):
        middle = (len(task.classes) - 1) / 2
        values = [
            abs(task.classes.index(utterance.gold[task.key]) - middle) / middle
            for dialogue in dialogues
            for utterance in dialogue.utterances
            if task.key in utterance.gold
        ]
        if values:
            strengths[task.key] = float(np.mean(values))
    return strengths


def shuffle_correlations(
    dialogues: Sequence[Dialogue], tasks: Sequence[Task], seed: int
) -> list[Dialogue]:
    """The dialogues with the gold of each correlation shuffled among the utterances that have it:
    only the frequencies of its values are left.
    """
    gold = [[dict(u.gold) for u in dialogue.utterances] for dialogue in dialogues]
    rng = random.Random(seed)
    for task in (task for task in tasks if task.is_correlation):
        holders = [row for rows in gold for row in rows if task.key in row]
        values = [row[task.key] for row in holders]
        rng.shuffle(values)
        for row, value in zip(holders, values, strict=True):
            row[task.key] = value
    return [
        replace(
            dialogue,
            utterances=tuple(replace(u, gold=row) for u, row in zip(dialogue.utterances, rows)),
        )
        for dialogue, rows in zip(dialogues, gold, strict=True)
    ]
