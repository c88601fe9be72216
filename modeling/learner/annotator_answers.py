"""What single annotators answered about correlations, from judgements.jsonl of a release."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from modeling.learner.human_performance import read_judgements
from modeling.learner.release import Dialogue, Task


def add_answers(dialogues: Sequence[Dialogue], root: Path, tasks: Sequence[Task]) -> list[Dialogue]:
    """The dialogues with every annotator's answers about the correlations among the `tasks`.

    Of an annotator who answered in several rounds the answer of the round that stands later in
    rounds.json counts, as in the certificate; that one cannot tell is no answer. Nothing of other
    dialogues is kept.
    """
    classes = {task.key: frozenset(task.classes) for task in tasks if task.is_correlation}
    wanted = {u.id for dialogue in dialogues for u in dialogue.utterances}
    order = _round_order(root)
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    latest: dict[tuple[str, str, str], int] = {}
    for row in read_judgements(root):
        utterance, task, annotator = row["utterance"], row["task"], row["annotator"]
        if utterance not in wanted or row["value"] not in classes.get(task, ()):
            continue
        place = order.get(row.get("round", ""), -1)
        if place >= latest.get((utterance, task, annotator), -1):
            latest[utterance, task, annotator] = place
            found[utterance][task][annotator] = row["value"]
    return [
        replace(
            dialogue,
            utterances=tuple(
                replace(u, answers={task: dict(each) for task, each in found[u.id].items()})
                for u in dialogue.utterances
            ),
        )
        for dialogue in dialogues
    ]


def _round_order(root: Path) -> dict[str, int]:
    """Name of a round -> its place in rounds.json."""
    path = root / "rounds.json"
    rows = json.loads(path.read_text("utf-8")) if path.exists() else []
    return {row["name"]: place for place, row in enumerate(rows)}
