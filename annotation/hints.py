"""What an annotator gets to see of an utterance beside its questions, and when: machine
suggestions, in practice what experts answered, and after the round what adjudicators corrected.
"""

from typing import Any

from django.utils.translation import gettext as _

from annotation.agreement.item_counts import newest_rulings
from annotation.blinding import blind_dialogues
from annotation.models import Adjudication, Assignment, ExpertLabel, Round, Suggestion
from annotation.scheme import Task, Value
from annotation.templatetags.scheme import percent

Answers = dict[int, dict[str, str]]  # of utterances, by id: task -> value


def judged(assignment: Assignment, answers: Answers) -> list[int]:
    """The utterances of which every question that is due is answered.

    One that is flagged as impossible to judge is not: flags can be taken back.
    """
    scheme = assignment.round.scheme
    return [pk for pk, given in answers.items() if not scheme.unanswered(given)]


def suggested_to(assignment: Assignment, answers: Answers) -> dict[int, dict[str, Suggestion]]:
    """The suggestions that the annotator may see: utterance id -> task -> Suggestion."""
    when = assignment.round.suggestions
    if when == Round.Shown.NEVER:
        return {}
    rows = Suggestion.objects.filter(utterance__dialogue=assignment.dialogue_id)
    if when == Round.Shown.AFTER:
        rows = rows.filter(utterance__in=judged(assignment, answers))
    found: dict[int, dict[str, Suggestion]] = {}
    for row in rows.newest():
        found.setdefault(row.utterance_id, {})[row.task] = row
    return found


def suggestion_hint(suggestion: Suggestion) -> str:
    """What stands beside the value that a machine suggests."""
    return _("machine %(n)s %%") % {"n": percent(suggestion.probability, 1)}


def explained_to(
    assignment: Assignment, answers: Answers
) -> dict[int, list[tuple[Task, Value, str]]]:
    """What experts answered in practice, of judged utterances: task, value and reason."""
    if assignment.round.kind != Round.Kind.PRACTICE:
        return {}
    done = set(judged(assignment, answers))
    known = ExpertLabel.known([assignment.dialogue_id]) if done else {}
    return {
        pk: [
            (task, value, rows[task.key].why)
            for task in assignment.round.scheme.tasks
            for value in task.values
            if task.key in rows and rows[task.key].value == value.key
        ]
        for pk, rows in known.items()
        if pk in done
    }


def corrected_to(assignment: Assignment, answers: Answers) -> dict[int, list[dict[str, Any]]]:
    """Where an adjudicator decided otherwise than the annotator: utterance id -> task, value, the
    annotator's own value, reason. Shown where the round allows it, when it is closed and the
    annotator works on the dialogue in no other round.
    """
    round = assignment.round
    if not (round.corrections and assignment.is_submitted) or round.is_open:
        return {}
    if blind_dialogues(assignment.person).filter(pk=assignment.dialogue_id).exists():
        return {}
    rulings = newest_rulings(round, assignment.numbers)
    found: dict[int, list[dict[str, Any]]] = {}
    for task in round.scheme.tasks:
        values = {value.key: value for value in task.values}
        for utterance, given in answers.items():
            ruling = rulings.get((utterance, task.key))
            own = given.get(task.key)
            if ruling is None or ruling.verdict != Adjudication.Verdict.VALUE:
                continue
            if own and own != ruling.value and ruling.value in values:
                shown = {"task": task, "value": values[ruling.value], "own": values.get(own)}
                found.setdefault(utterance, []).append(shown | {"reason": ruling.reason})
    return found
