"""The stated correlations of a training set: how strong they are, and shuffled as a control."""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

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
    """The dialogues with the labels of each correlation shuffled among the utterances that have
    one, gold together with the annotators' answers: only the frequencies of its values are left.
    """
    utterances = [u for dialogue in dialogues for u in dialogue.utterances]
    labels: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (dict(u.gold), dict(u.answers)) for u in utterances
    ]
    rng = random.Random(seed)
    for task in (task for task in tasks if task.is_correlation):
        holders = [pair for pair in labels if any(task.key in each for each in pair)]
        values = [tuple(each.pop(task.key, None) for each in pair) for pair in holders]
        rng.shuffle(values)
        for pair, moved in zip(holders, values, strict=True):
            for each, value in zip(pair, moved, strict=True):
                if value is not None:
                    each[task.key] = value
    shuffled = iter(
        replace(u, gold=gold, answers=answers)
        for u, (gold, answers) in zip(utterances, labels, strict=True)
    )
    return [
        replace(dialogue, utterances=tuple(islice(shuffled, len(dialogue.utterances))))
        for dialogue in dialogues
    ]
