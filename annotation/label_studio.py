"""The answers of a round as Label Studio's tasks: an utterance each, with what every annotator
answered and what machines suggest. Some dialogues are read at a time.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from annotation.models import Judgement, Round, Suggestion
from core.batches import batches
from corpus.formats.labelstudio_tasks import annotation, prediction, task
from corpus.models import Dialogue, Utterance

DIALOGUES_AT_ONCE = 50


def dialogues_of(round: Round) -> QuerySet[Dialogue]:
    """The dialogues of a round in its order, without withdrawn ones; of a round that was imported
    those that have answers.
    """
    if round.published:
        judged = round.assignments.order_by().values("dialogue")
        return Dialogue.objects.filter(pk__in=judged).order_by("source_id", "number")
    here = Dialogue.objects.filter(round_items__round=round, round_items__withdrawal=None)
    return here.order_by("round_items__position", "round_items__pk")


def tasks_of(round: Round) -> Iterator[dict[str, Any]]:
    """A task for each utterance of a round, with the answers that were submitted."""
    number = 0
    here = dialogues_of(round).values_list("pk", flat=True)
    for part in batches(here.iterator(), DIALOGUES_AT_ONCE):
        place = {dialogue: at for at, dialogue in enumerate(part)}
        found = Utterance.objects.filter(dialogue__in=part)
        spoken = list(found.select_related("speaker", "dialogue__source"))
        spoken.sort(key=lambda row: (place[row.dialogue_id], row.number))
        answers, guesses = _answers(round, part), _guesses(part)
        for row in spoken:
            number += 1
            yield task(number, _described(row), answers[row.pk], guesses[row.pk])


def _described(row: Utterance) -> dict[str, Any]:
    return {
        "id": row.uid,
        "text": row.text,
        "translation": row.translation,
        "dialogue": row.dialogue.uid,
        "speaker": row.speaker.name if row.speaker else None,
        "start": row.start,
        "end": row.end,
        "split": row.dialogue.split,
        "source": row.dialogue.source.title,
    }


def _answers(round: Round, dialogues: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Utterance -> an annotation of each annotator."""
    rows = Judgement.objects.filter(assignment__round=round, assignment__dialogue__in=dialogues)
    rows = rows.submitted().current().select_related("assignment__person").order_by("pk")
    given: dict[tuple[int, int], list[Judgement]] = defaultdict(list)
    for row in rows:
        given[row.utterance_id, row.assignment.person_id].append(row)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for (utterance, person), mine in sorted(given.items()):
        name, choices = mine[0].assignment.person.username, ((row.task, row.value) for row in mine)
        seconds = sum(row.seconds for row in mine)
        found[utterance].append(annotation(person, name, round.name, choices, seconds))
    return found


def _guesses(dialogues: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Utterance -> a prediction of each machine."""
    rows = Suggestion.objects.filter(utterance__dialogue__in=dialogues)
    latest: dict[tuple[int, str, str], Suggestion] = {}
    for row in rows.order_by("pk"):
        latest[row.utterance_id, row.origin, row.task] = row
    given: dict[tuple[int, str], list[tuple[str, str, float]]] = defaultdict(list)
    for row in latest.values():
        given[row.utterance_id, row.origin].append((row.task, row.value, row.probability))
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for (utterance, origin), guesses in given.items():
        found[utterance].append(prediction(origin, guesses))
    return found
