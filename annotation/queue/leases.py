"""Leases: how long an annotator keeps a dialogue, and whether they may go on with it."""

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from annotation.models import Assignment, Participant, Round, RoundItem
from annotation.models.round_items import CLAIM
from annotation.models.rounds import resting
from core.errors import UserError, gettext_noop
from core.statements import Prepared, true_if

STATE_REFUSALS = {
    "submitted": gettext_noop("This dialogue is handed in; its answers stay as they are."),
    "withdrawn": gettext_noop("This dialogue was withdrawn from the round."),
    "skipped": gettext_noop("You have skipped this dialogue. Take it back to go on."),
}
NO_PARTICIPANT = gettext_noop("You do not take part in this round any more.")


def round_refusal(is_open, is_paused):
    """Why nobody can work in a round just now; "" if they can."""
    if not is_open:
        return gettext_noop("This round is closed.")
    return gettext_noop("This round is paused. Your answers are kept.") if is_paused else ""


def lock_assignment(pk, person):
    """The assignment of a person (ids), locked until the transaction ends. Raises DoesNotExist."""
    row = ASSIGNMENT.first(pk, person)
    if row is None:
        raise Assignment.DoesNotExist
    dialogue, state, gold, endless, is_paused, is_open, has_left, *of_round = row
    assignment = Assignment(
        pk=pk,
        round=Round(**dict(zip(ROUND_FIELDS, of_round))),
        dialogue_id=dialogue,
        person_id=person,
        state=state,
        gold=gold,
        expires_at=None if endless else timezone.now(),
    )
    assignment.is_locked = True
    assignment.refusal = round_refusal(is_open, is_paused) or (NO_PARTICIPANT if has_left else "")
    return assignment


def lock_for_work(assignment, renew=True):
    """This assignment, locked, its lease renewed, good to save answers into.

    Raises UserError where it is not, DoesNotExist if the person has left the corpus.
    """
    if assignment.is_renewed:
        return assignment
    locked = locked_row(assignment)
    if why := STATE_REFUSALS.get(locked.state) or locked.refusal:
        raise UserError(why)
    if not renew_lease(locked, renew):
        raise UserError(
            gettext_noop(
                "After a long silence this dialogue went to somebody else. Your answers are"
                " kept on record; go on with the next one."
            )
        )
    locked.is_renewed = True
    assignment.state, assignment.expires_at = locked.state, locked.expires_at
    return locked


def locked_row(assignment):
    """The assignment itself if it is locked, else a locked copy of it."""
    if assignment.is_locked:
        return assignment
    return lock_assignment(assignment.pk, assignment.person_id)


def renew_lease(assignment, renew=True):
    """Keep the dialogue for another lease; after it ran out, if its item is still free; whether.

    Without `renew` a lease that runs is left as it is.
    """
    if assignment.state == "held":
        if renew and assignment.expires_at is not None:
            assignment.expires_at = assignment.round.lease()
            RENEW.run(assignment.pk, assignment.expires_at)
        return True
    return assignment.state == "freed" and regain(assignment)


def regain(assignment):
    """Hold a dialogue again that was given up, if its item is still free; whether."""
    if not assignment.gold:
        item = RoundItem.objects.filter(
            round=assignment.round_id, dialogue=assignment.dialogue_id, open=True
        ).first()
        if item is None or not CLAIM.run(item.pk, assignment.round.people_per_dialogue - 1):
            return False
    assignment.hold(assignment.round.lease())
    return True


ROUND_FIELDS = [
    *("id", "corpus_id", "kind", "overlap", "lease_minutes", "cannot_tell", "scheme_version_id"),
    "suggestions",
]


def _has_left(person):
    """Whether the person has left the round of an assignment, as an expression."""
    left = Participant.objects.filter(round=OuterRef("round"), person=person, left_at__isnull=False)
    return Exists(left)


ASSIGNMENT = Prepared(
    lambda pk, person: (
        Assignment.objects.filter(pk=pk, person=person, round__corpus__memberships__person=person)
        .order_by()
        .values_list(
            *("dialogue_id", "state", "gold"),
            true_if(Q(expires_at__isnull=True)),
            resting(),
            true_if(Q(round__closure__isnull=True)),
            _has_left(person),
            *(f"round__{name}" for name in ROUND_FIELDS),
        )
    ),
    lock=Assignment,
)
RENEW = Prepared(lambda pk, at: (Assignment.objects.filter(pk=pk), {"expires_at": at}))
