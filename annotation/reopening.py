"""An annotator opens a submitted dialogue again, as long as the lead lets them.

What was answered stays; the submission is taken back, and its time is kept as a Reopening. The
tally of the round is locked first, so that an adjudication or a release either has read the
submission, which then stays, or reads what comes of it.
"""

import datetime
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from annotation.agreement.item_counts import count_dialogues, lock
from annotation.models import Adjudication, Assignment, Reopening, Round, Submission
from annotation.queue.leases import lock_assignment
from core.errors import UserError, gettext_noop
from people.models import Event

Reason = Callable[[Assignment], UserError | None]
read_by: list[Reason] = []  # what else has read a submission; apps further right add theirs


def deadline(assignment: Assignment) -> datetime.datetime | None:
    """Until when the round lets its annotator reopen a submitted dialogue; None: not at all.

    Counted from its first submission, so that submitting again gives no more time.
    """
    round = assignment.round
    if not round.reopen_hours or not _lets_reopen(round):
        return None
    earlier = assignment.reopenings.order_by("submitted_at").first()
    first = earlier.submitted_at if earlier else assignment.submission.at
    return first + datetime.timedelta(hours=round.reopen_hours)


def _lets_reopen(round: Round) -> bool:
    """False where answers are compared with expert labels: corrected ones would say nothing."""
    return round.kind != Round.Kind.TEST and not round.gold_percent and not round.published


def refusal(assignment: Assignment) -> UserError | None:
    """Why a submitted dialogue cannot be reopened now; None if it can."""
    until = deadline(assignment)
    if until is None:
        return UserError(
            gettext_noop("In this round submitted dialogues cannot be reopened. Ask a lead.")
        )
    if timezone.now() > until:
        return UserError(
            gettext_noop("This dialogue could be reopened for %(hours)d hours after submission."),
            hours=assignment.round.reopen_hours,
        )
    decided = Adjudication.objects.filter(
        round=assignment.round,
        utterance__dialogue=assignment.dialogue_id,
        at__gte=assignment.submission.at,
    )
    if decided.exists():
        return UserError(
            gettext_noop(
                "An adjudicator has decided about this dialogue meanwhile, so your answers stay as"
                " they are."
            )
        )
    return next(filter(None, (reason(assignment) for reason in read_by)), None)


def can_reopen(assignment: Assignment) -> bool:
    """Whether a page offers it; `reopen` checks it again."""
    round = assignment.round
    works = assignment.is_submitted and round.is_open and not round.is_paused
    return works and refusal(assignment) is None


@transaction.atomic
def reopen(assignment: Assignment) -> None:
    """Take the submission back; twice is as once. Raises UserError where it has to stay."""
    lock(assignment.round)
    locked = lock_assignment(assignment.pk, assignment.person_id)
    if locked.state != "submitted":
        return
    if locked.refusal:
        raise UserError(locked.refusal)
    fresh = Assignment.objects.select_related("round", "submission").get(pk=assignment.pk)
    if why := refusal(fresh):
        raise why
    Reopening.objects.create(assignment=fresh, submitted_at=fresh.submission.at)
    Submission.take_back(fresh)
    fresh.hold(expires_at=None)
    Event.record(fresh.person, "reopen", fresh)
    count_dialogues(fresh.round, [fresh.dialogue_id])
    assignment.state = "held"


@transaction.atomic
def wait_for_reopenings(rounds) -> None:
    """Return when every reopening that is under way in these rounds has ended."""
    for round in rounds.order_by("pk"):
        lock(round)
