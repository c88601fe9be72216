"""Saving answers, submitting a dialogue, skipping it; reading an answer out of JSON."""

import re
import uuid
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from annotation.models import Assignment, Judgement, Round, RoundItem, Skip, Submission
from annotation.models.judgements import HISTORY, current_values
from annotation.quality.gold_accuracy import after_submission
from annotation.queue.leases import lock_assignment, lock_for_work, locked_row, regain
from core.errors import UserError, ValidationError, gettext_noop
from core.input_checks import shortened
from core.middleware import LARGEST_ID
from core.statements import Prepared, insert
from corpus.webhooks.announcement import announce
from people.models import Event

SUBMITTED = "submission.created"  # an event of webhooks
UUID_TEXT = re.compile("[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


class UnknownUtterance(UserError):
    """An answer to an utterance that is not part of the dialogue."""

    def __init__(self):
        super().__init__(gettext_noop("This utterance is not part of the dialogue."))


class AnswerConflict(UserError):
    """An answer to a question that another window has answered meanwhile; `current` is that."""

    def __init__(self, utterance, task, value, client_id):
        super().__init__(gettext_noop("This question was answered in another window."))
        self.current = {
            "utterance": utterance,
            "task": task,
            "value": value,
            "client_id": client_id,
        }


@dataclass(frozen=True)
class Answer:
    """One answer as it arrives; `over` is the client_id of the answer that its sender saw
    ("" for none), None where the sender does not say.
    """

    utterance: int
    task: str
    value: str
    client_id: uuid.UUID = field(default_factory=uuid.uuid4)
    over: str | None = None
    confidence: int | None = None
    seconds: float = 0.0


ANSWER_FIELDS = frozenset(Answer.__dataclass_fields__)


def parse_answer(row):
    """One answer out of JSON. Raises ValidationError that names the field and what it expects."""
    if not isinstance(row, dict):
        raise ValidationError(gettext_noop("An answer must be an object."))
    if more := row.keys() - ANSWER_FIELDS:
        words = gettext_noop("“%(name)s” is not a field of an answer.")
        raise ValidationError(words, name=shortened(min(more)))
    utterance, task, value = row.get("utterance"), row.get("task"), row.get("value")
    over, confidence, seconds = row.get("over"), row.get("confidence"), row.get("seconds")
    if type(utterance) is not int or not 0 < utterance < LARGEST_ID:
        raise ValidationError(
            gettext_noop("utterance must be the id of an utterance (an integer).")
        )
    if not (isinstance(task, str) and 0 < len(task) <= 40):
        raise ValidationError(gettext_noop("task must be the key of a task."))
    if not (isinstance(value, str) and len(value) <= 40):
        raise ValidationError(gettext_noop("value must be the key of a value or empty."))
    if not (over is None or (isinstance(over, str) and len(over) <= 36)):
        raise ValidationError(gettext_noop("over must be a client_id or empty."))
    if not (confidence is None or (type(confidence) is int and 1 <= confidence <= 3)):
        raise ValidationError(gettext_noop("confidence must be 1, 2 or 3."))
    if not (seconds is None or (type(seconds) in (int, float) and 0 <= seconds <= 86_400)):
        raise ValidationError(gettext_noop("seconds must be a number from 0 to 86400."))
    return Answer(
        utterance=utterance,
        task=task,
        value=value,
        client_id=parse_client_id(row.get("client_id")),
        over=over,
        confidence=confidence,
        seconds=float(seconds or 0.0),
    )


def parse_client_id(text):
    """The UUID that a sender names a row by. Raises ValidationError for anything else."""
    if not isinstance(text, str) or not UUID_TEXT.fullmatch(text):
        raise ValidationError(gettext_noop("client_id must be a UUID."))
    return uuid.UUID(text)


def save_answer(assignment, utterance, task, value, client_id=None, **more):
    """Save one answer ("" takes it back); the same `client_id` twice is saved once.

    Raises UserError after submission or closing, SchemeError for an impossible value.
    """
    if utterance.dialogue_id != assignment.dialogue_id:
        raise UnknownUtterance
    save_answers(assignment, [Answer(utterance.pk, task, value, client_id or uuid.uuid4(), **more)])


@transaction.atomic
def save_answers(assignment, answers):
    """Append judgements, all or none; those known by their client_id are not stored again.

    Raises UserError, SchemeError, or AnswerConflict if the sender had not seen the current answer.
    """
    _save(lock_for_work(assignment), answers)


@transaction.atomic
def save_and_submit(pk, person, answers, submit=False):
    """Save answers in the assignment of a person (ids) and with `submit` submit it, both or
    neither; the assignment.

    Raises what these raise, and DoesNotExist if there is no such work.
    """
    assignment = lock_assignment(pk, person)
    if answers:
        _save(lock_for_work(assignment, renew=not submit), answers)
    if submit:
        _submit(assignment)
    return assignment


def _save(assignment, answers):
    _check(assignment, answers)
    history = HISTORY.rows(assignment.pk)
    known = {_hex(row[3]) for row in history}
    newest = {(row[0], row[1]): row for row in history}
    fresh = []
    for answer in answers:
        client_id, question = answer.client_id.hex, (answer.utterance, answer.task)
        if client_id in known:
            continue
        current = newest.get(question)
        seen = str(uuid.UUID(_hex(current[3]))) if current else ""
        if answer.over is not None and answer.over != seen:
            raise AnswerConflict(*question, current[2] if current else "", seen)
        newest[question] = (*question, answer.value, client_id)
        known.add(client_id)
        fresh.append(answer)
    _store(assignment, fresh)
    assignment.current_answers = current_values(newest.values())


def _check(assignment, answers):
    scheme = assignment.round.scheme
    for answer in answers:
        if answer.utterance not in assignment.numbers:
            raise UnknownUtterance
        if answer.value:
            scheme.check(answer.task, answer.value, assignment.round.cannot_tell)
        else:
            scheme[answer.task]


def _store(assignment, answers):
    if not answers:
        return
    now = timezone.now()
    rows = [
        {
            "assignment": assignment.pk,
            "utterance": answer.utterance,
            "task": answer.task,
            "value": answer.value,
            "client_id": answer.client_id,
            "confidence": answer.confidence,
            "seconds": answer.seconds,
            "at": now,
        }
        for answer in answers
    ]
    if len(insert(Judgement, rows)) < len(rows):
        raise UserError(
            gettext_noop("This answer belongs to another task and was not saved. Reload the page.")
        )


def _hex(client_id):
    """A UUID as SQLite keeps it; PostgreSQL gives UUIDs."""
    return client_id if isinstance(client_id, str) else client_id.hex


@transaction.atomic
def submit_assignment(assignment):
    """Submit the dialogue; twice is as once. Raises UserError while answers are missing."""
    locked = locked_row(assignment)
    _submit(locked)
    assignment.state = locked.state


def _submit(assignment):
    if assignment.state == "submitted":
        return
    lock_for_work(assignment, renew=False)
    if missing := assignment.missing():
        raise UserError(
            gettext_noop("%(count)d utterances are incomplete; the first is number %(number)d."),
            count=len(missing),
            number=missing[0][0],
        )
    Submission.make(assignment)
    SUBMIT.run(assignment.pk)
    Event.note(assignment.person_id, "submit", assignment)
    announce(SUBMITTED, assignment)
    assignment.state = "submitted"
    if assignment.gold or assignment.round.kind == Round.Kind.TEST:
        after_submission(assignment)


@transaction.atomic
def skip_assignment(assignment, reason, words=""):
    """Leave the dialogue to others, saying why. Raises UserError if it is not at work."""
    locked = lock_for_work(assignment)
    skipped = Skip.objects.create(assignment=assignment, reason=reason, words=words)
    Assignment.objects.filter(pk=assignment.pk).update(state="skipped", expires_at=None)
    assignment.state = "skipped"
    if not assignment.gold:
        RoundItem.objects.filter(
            round=assignment.round_id, dialogue=assignment.dialogue_id
        ).give_back()
    Event.note(assignment.person_id, "skip", locked, reason=reason)
    return skipped


@transaction.atomic
def undo_skip(assignment):
    """Go on with a skipped dialogue while it is free. Raises UserError if others have it now."""
    locked = lock_assignment(assignment.pk, assignment.person_id)
    if locked.state != "skipped":
        return
    if locked.refusal:
        raise UserError(locked.refusal)
    if not regain(locked):
        raise UserError(
            gettext_noop(
                "This dialogue is now assigned to other "
                "annotators. Please continue with the next "
                "one."
            )
        )
    Skip.objects.filter(assignment=assignment).delete()
    assignment.state = "held"
    Event.note(assignment.person_id, "take back", locked)


SUBMIT = Prepared(
    lambda pk: (Assignment.objects.filter(pk=pk), {"state": "submitted", "expires_at": None})
)
