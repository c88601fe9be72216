"""How a round goes: who is on what, the funnel, pace, and when it will be done."""

from datetime import timedelta

from django.db.models import Count, F, Max, Q, Sum
from django.utils import timezone

from annotation.models import Judgement, Submission
from annotation.quality.gold_accuracy import below, gold_scores

WEEK = 7


def funnel(round):
    """Dialogues by how far they are, and what hinders."""
    rows = by_state(round)
    held = round.assignments.filter(state="held")
    counted = {state: rows[state].count() for state in ("waiting", "complete", "withdrawn")}
    dialogues = round.places.filter(gold=False, withdrawn=False).count()
    return counted | {
        "dialogues": dialogues,
        "begun": dialogues - counted["waiting"] - counted["complete"],
        "held": held.count(),
        "stalled": held.filter(until__lt=timezone.now()).count(),
    }


def by_state(round):
    """The places of a round, queryset by state: waiting, begun, complete, withdrawn."""
    standing = round.places.filter(gold=False, withdrawn=False)
    held = round.assignments.filter(state="held", gold=False).values("dialogue")
    full = Q(given__gte=round.overlap + F("extra")) & ~Q(dialogue__in=held)
    return {
        "waiting": standing.filter(given=0),
        "begun": standing.filter(~full, given__gt=0),
        "complete": standing.filter(full),
        "withdrawn": round.places.filter(withdrawn=True),
    }


def forecast(round, done, wanted):
    """Hand-ins a day over the last week (since the first, if that is later), and days left."""
    rows = Submission.objects.filter(assignment__round=round, assignment__gold=False)
    first = rows.order_by("at").values_list("at", flat=True).first()
    if first is None or done >= wanted:
        return None
    now = timezone.now()
    since = max(first, now - timedelta(days=WEEK))
    days = max((now - since).total_seconds() / 86_400, 1.0)
    pace = rows.filter(at__gte=since).count() / days
    if not pace:
        return None
    left = (wanted - done) / pace
    return {"pace": pace, "days": left, "end": now + timedelta(days=left)}


def people(round):
    """Everybody who takes part, with what they did, hold, skipped and how right they are."""
    score = gold_scores(round)
    work = (
        round.assignments.order_by()
        .values("person")
        .annotate(
            done=Count("pk", filter=Q(state="submitted")),
            skips=Count("pk", filter=Q(state="skipped")),
            last=Max("submission__at"),
        )
    )
    by_person = {row["person"]: row for row in work}
    seconds = dict(
        Judgement.objects.filter(assignment__round=round)
        .order_by()
        .values_list("assignment__person")
        .annotate(total=Sum("seconds"))
    )
    held = {}
    for assignment in round.assignments.filter(state="held").select_related("dialogue"):
        held.setdefault(assignment.person_id, []).append(assignment)
    checks = {}
    for person, check in round.assignments.exclude(attention={}).values_list("person", "attention"):
        if "given" in check:
            right, asked = checks.get(person, (0, 0))
            checks[person] = (right + (check["given"] == check["value"]), asked + 1)
    qualified = dict(
        (round.qualification or round).qualifications.order_by("pk").values_list("person", "passed")
    )
    rows = []
    for seat in round.participants.select_related("person"):
        row = by_person.get(seat.person_id, {"done": 0, "skips": 0, "last": None})
        right = sum(pair[0] for pair in score.get(seat.person_id, {}).values())
        asked = sum(pair[1] for pair in score.get(seat.person_id, {}).values())
        spent = seconds.get(seat.person_id) or 0.0
        rows.append(
            {
                "seat": seat,
                **row,
                "held": held.get(seat.person_id, []),
                "minutes": spent / 60,
                "each": spent / 60 / row["done"] if row["done"] else None,
                "gold": (right, asked, 100 * right // asked) if asked else None,
                "low": below(round.marks, score.get(seat.person_id, {})),
                "checks": checks.get(seat.person_id),
                "qualified": qualified.get(seat.person_id),
            }
        )
    return rows
