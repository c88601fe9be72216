"""Agreement of a round: judgements out of the database, coefficients out of the plain core."""

from collections.abc import Iterator
from dataclasses import dataclass

from annotation.agreement import Alpha, alpha, reading, tally
from annotation.models import Judgement
from annotation.scheme import Task


@dataclass(frozen=True)
class Measure:
    """One task or correlation of a round and its agreement."""

    task: Task
    alpha: Alpha

    @property
    def reading(self) -> str:
        return "" if self.alpha.value is None else reading(self.alpha.value)


def measure(rounds, scheme) -> list[Measure]:
    """Krippendorff's alpha per task over the handed-in judgements, intervals over dialogues."""
    by_task: dict[str, list[tuple[int, int, str]]] = {task.key: [] for task in scheme.tasks}
    for task, utterance, dialogue, value in _judgements(rounds):
        by_task[task].append((utterance, dialogue, value))
    return [Measure(task, _alpha(task, by_task[task.key])) for task in scheme.tasks]


def _judgements(rounds) -> Iterator[tuple[str, int, int, str]]:
    current = Judgement.objects.filter(assignment__round__in=rounds).submitted().current().told()
    rows: Iterator[tuple[str, int, int, str]] = current.values_list(
        "task", "utterance_id", "utterance__dialogue_id", "value"
    ).iterator()
    return rows


def _alpha(task: Task, rows: list[tuple[int, int, str]]) -> Alpha:
    dialogue_of = {utterance: dialogue for utterance, dialogue, _ in rows}
    units, counts = tally(((utterance, value) for utterance, _, value in rows), task.keys)
    return alpha(counts, task.level, clusters=[dialogue_of[unit] for unit in units])
