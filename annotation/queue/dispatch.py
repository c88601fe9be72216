"""Giving the next dialogue of a round to an annotator.

Rows are locked in one order, participant, assignment, item, so that nobody waits for each other.
"""

import hashlib

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from annotation.models import Assignment, Participant, Round, RoundItem
from annotation.models.round_items import CLAIM
from annotation.models.rounds import resting
from annotation.queue.leases import NO_PARTICIPANT, renew_lease, round_refusal
from core.errors import UserError, gettext_noop
from core.statements import Prepared, insert, true_if
from corpus.models import Dialogue, Membership
from people.models import Event

WINDOW = 32  # items looked at to find the next one; a shuffled order picks among them


def claim_next(participant):
    """`claim_next_of` a participant at hand."""
    return claim_next_of(participant.round_id, participant.person_id)


@transaction.atomic
def claim_next_of(round, person):
    """The assignment to work on, by the ids of round and person: the one held already, or the
    next; None if nothing waits.

    Raises UserError if the person may not have one now, DoesNotExist if they have no part in it.
    """
    row = PARTICIPANT.first(round, person, timezone.now())
    if row is None:
        raise Participant.DoesNotExist
    (pk, quota, reached), hindrances, waits = row[:3], row[3:8], row[8:10]
    participant = Participant(pk=pk, round_id=round, person_id=person, quota=quota, reached=reached)
    participant.round = Round(**dict(zip(ROUND_FIELDS, row[10:])))
    _check_may_work(participant, *hindrances)
    return _claim(participant, *waits)


def _claim(participant, some_expired, some_returned):
    round = participant.round
    if some_expired:
        some_returned = round.release_expired() or some_returned
    # a statement of its own: what PARTICIPANT saw may be from before it got the lock
    unfinished = UNFINISHED.rows(participant.round_id, participant.person_id)
    for pk, dialogue, state, gold, endless in unfinished:
        assignment = Assignment(
            pk=pk,
            round=round,
            dialogue_id=dialogue,
            person_id=participant.person_id,
            state=state,
            gold=gold,
            expires_at=None if endless else timezone.now(),
        )
        if renew_lease(assignment):
            return assignment
    if gold := _gold_assignment(participant):
        return gold
    return _fresh_assignment(participant, some_returned) if participant.has_quota else None


def _check_may_work(participant, is_open, is_paused, has_left, is_blocked, is_member):
    if why := round_refusal(is_open, is_paused):
        raise UserError(why)
    if has_left or not is_member:
        raise UserError(NO_PARTICIPANT)
    if is_blocked:
        raise UserError(
            gettext_noop("The lead has blocked you in this round. Please contact the lead.")
        )
    if participant.round.qualification_id and not participant.is_qualified():
        raise UserError(gettext_noop("This round opens after you pass its test."))


def _fresh_assignment(participant, some_returned):
    while True:
        found = crowded = None
        if some_returned:
            returned = RETURNED.rows(participant.round_id, participant.person_id)
            found, crowded = _first_free(participant, returned)
        if found is None:
            found, ahead = _first_free(participant, _ahead(participant))
            crowded = crowded or ahead
        if found or not crowded:
            return found
        RoundItem.objects.select_for_update().get(pk=crowded)  # wait until that one is changed


def _ahead(participant):
    """Places that nobody has given back, in the round's order, after those this person had."""
    shuffled = participant.round.order == Round.Order.SHUFFLED
    ahead = (WINDOW_AHEAD if shuffled else AHEAD).rows(
        participant.round_id, participant.person_id, participant.reached
    )
    if ahead and ahead[0][2] > participant.reached + WINDOW:  # so as not to look there again
        participant.reached = ahead[0][2] - 1
        Participant.objects.filter(pk=participant.pk).update(reached=participant.reached)
    if shuffled:
        ahead.sort(key=lambda item: _seeded_hash(participant, item[0]))
    return ahead


def peek(participant):
    """The dialogue that would be given next if nobody else takes it, or None."""
    if participant.round.gold_percent or not participant.has_quota:
        return None
    returned = RETURNED.rows(participant.round_id, participant.person_id)
    items = returned or _ahead(participant)
    return Dialogue.objects.get(pk=items[0][1]) if items else None


def anything_left(participant):
    """Whether something may wait for the participant; the next claim knows it for certain."""
    own = participant.own()
    if own.filter(state__in=["held", "freed"]).exists():
        return True
    items = RoundItem.objects.filter(Q(open=True) | Q(gold=True), withdrawn=False)
    items = items.filter(round=participant.round_id).exclude(dialogue__in=own.values("dialogue"))
    return participant.has_quota and items.exists()


def _first_free(participant, items):
    """An assignment to one of the items, or else one that others are changing just now."""
    for pk, dialogue, _position in items:
        if CLAIM.run(pk, participant.round.people_per_dialogue - 1):
            return _create_assignment(participant, dialogue), None
    return None, items[0][0] if items else None


def _create_assignment(participant, dialogue, **fields):
    assignment = Assignment(
        round=participant.round, dialogue_id=dialogue, person_id=participant.person_id, **fields
    )
    if "expires_at" not in fields:
        assignment.expires_at = participant.round.lease()
    assignment.attention = _attention_check(participant)
    row = {name: getattr(assignment, name) for name in ASSIGNMENT_FIELDS}
    assignment.pk = insert(Assignment, [row])[0]
    assignment.is_new = True
    return assignment


def _attention_check(participant):
    """Once in so many dialogues, an answer that is asked for in plain words."""
    every = participant.round.attention_every
    if not every:
        return {}
    number = participant.own().count()
    if number // every == (number + 1) // every:
        return {}
    tasks = [
        task for task in participant.round.scheme.tasks if not (task.is_correlation or task.only_if)
    ]
    task = tasks[_seeded_hash(participant, f"task {number}") % len(tasks)]
    value = task.keys[_seeded_hash(participant, f"v {number}") % len(task.keys)]
    return {"task": task.key, "value": value}


def _gold_assignment(participant):
    """Now and then a dialogue with known answers, which looks like any other."""
    percent = participant.round.gold_percent
    if not percent:
        return None
    if _seeded_hash(participant, f"gold {participant.own().count()}") % 100 >= percent:
        return None
    had = Exists(participant.own().filter(dialogue=OuterRef("dialogue")))
    waiting = RoundItem.objects.filter(~had, round=participant.round_id, gold=True, withdrawn=False)
    items = list(waiting.order_by("position").values_list("pk", "dialogue")[:WINDOW])
    if not items:
        return None
    _pk, dialogue = min(items, key=lambda item: _seeded_hash(participant, item[0]))
    return _create_assignment(participant, dialogue, gold=True)


def _seeded_hash(participant, name):
    """A number from 0 to 2^48, always the same for this participant, round and name."""
    text = f"{participant.pk} {participant.round.seed} {name}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())


@transaction.atomic
def assign(participant, person, item):
    """Give the participant a certain dialogue, to keep until it is handed in.

    Raises UserError if it is full or they had it.
    """
    Participant.objects.select_for_update().get(pk=participant.pk)
    assignment = participant.own().filter(dialogue=item.dialogue_id).first()
    if assignment and assignment.state in ("held", "submitted", "withdrawn"):
        raise UserError(
            gettext_noop("%(name)s already has this dialogue."), name=participant.person
        )
    if not CLAIM.run(item.pk, participant.round.people_per_dialogue - 1):
        raise UserError(gettext_noop("This dialogue already has all its annotators."))
    if assignment is None:
        assignment = _create_assignment(participant, item.dialogue_id, expires_at=None)
    else:
        assignment.hold(expires_at=None)
    Event.record(person, "assign", assignment, person=participant.person.username)
    return assignment


ASSIGNMENT_FIELDS = [
    *(
        "round_id",
        "dialogue_id",
        "person_id",
        "state",
        "expires_at",
        "gold",
        "attention",
        "given_at",
    ),
]
ROUND_FIELDS = [
    *("id", "corpus_id", "kind", "overlap", "view", "order", "lease_minutes", "gold_percent"),
    *("attention_every", "seed", "qualification_id", "scheme_version_id", "confidence"),
    *("cannot_tell",),
]
PARTICIPANT = Prepared(
    lambda round, person, at: (
        Participant.objects.filter(round=round, person=person)
        .order_by()
        .values_list(
            *("id", "quota", "reached"),
            true_if(Q(round__closure__isnull=True)),
            resting(),
            true_if(Q(left_at__isnull=False)),
            true_if(Q(blocked_at__isnull=False)),
            Exists(Membership.objects.filter(corpus=OuterRef("round__corpus"), person=person)),
            Exists(Assignment.objects.filter(round=round, state="held", expires_at__lt=at)),
            Exists(RoundItem.objects.filter(round=round, open=True, returned=True)),
            *(f"round__{name}" for name in ROUND_FIELDS),
        )
    ),
    lock=Participant,
)
UNFINISHED = Prepared(
    lambda round, person: (
        Assignment.objects.filter(round=round, person=person, state__in=["held", "freed"])
        .order_by("-state", "pk")
        .values_list("pk", "dialogue", "state", "gold", true_if(Q(expires_at__isnull=True)))
    )
)


def _waiting(round, person, **more):
    had = Assignment.objects.filter(round=round, person=person, dialogue=OuterRef("dialogue"))
    # not NOT EXISTS: PostgreSQL would join all of the person's work instead of looking 8 times
    items = RoundItem.objects.alias(had=Subquery(had.order_by().values("pk")[:1]))
    items = items.filter(had__isnull=True, round=round, open=True, **more)
    return items.order_by("position").values_list("pk", "dialogue", "position")


RETURNED = Prepared(lambda round, person: _waiting(round, person, returned=True)[:WINDOW])
AHEAD = Prepared(lambda round, person, reached: _waiting(round, person, position__gt=reached)[:8])
WINDOW_AHEAD = Prepared(
    lambda round, person, reached: _waiting(round, person, position__gt=reached)[:WINDOW]
)
