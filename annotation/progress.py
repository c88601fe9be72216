"""How a round goes: who is on what, the funnel, pace, and when it will be done."""

from datetime import timedelta

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotation.models import Assignment, Judgement, RoundItem, Submission
from annotation.quality.gold_accuracy import below, gold_scores

WEEK = 7


def with_submission_counts(rounds):
    """Rounds with the submissions they want, `wanted`, and those they have, `submission_count`."""

    def count(rows):
        own = rows.filter(round=OuterRef("pk")).order_by().values("round")
        return Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0)

    return rounds.annotate(
        submission_count=count(Assignment.objects.filter(gold=False).submitted()),
        round_item_count=count(RoundItem.objects.filter(gold=False, withdrawal=None)),
    )


def funnel(round):
    """Dialogues by how far they are, and what hinders."""
    rows = by_state(round)
    held = round.assignments.filter(state="held")
    counted = {state: rows[state].count() for state in ("waiting", "complete", "withdrawn")}
    dialogues = round.round_items.filter(gold=False, withdrawn=False).count()
    return counted | {
        "dialogues": dialogues,
        "begun": dialogues - counted["waiting"] - counted["complete"],
        "held": held.count(),
        "stalled": held.filter(expires_at__lt=timezone.now()).count(),
    }


def by_state(round):
    """The items of a round, queryset by state: waiting, begun, complete, withdrawn."""
    standing = round.round_items.filter(gold=False, withdrawn=False)
    held = round.assignments.filter(state="held", gold=False).values("dialogue")
    full = Q(given__gte=round.overlap + F("extra")) & ~Q(dialogue__in=held)
    return {
        "waiting": standing.filter(given=0),
        "begun": standing.filter(~full, given__gt=0),
        "complete": standing.filter(full),
        "withdrawn": round.round_items.filter(withdrawn=True),
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
    held: dict[int, list[Assignment]] = {}
    for assignment in round.assignments.filter(state="held").select_related("dialogue"):
        held.setdefault(assignment.person_id, []).append(assignment)
    checks: dict[int, tuple[int, int]] = {}  # right, asked
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


def today(person):
    """What the person judged since midnight: utterances, minutes, utterances an hour."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Judgement.objects.filter(assignment__person=person, at__gte=midnight)
    found = rows.aggregate(n=Count("utterance", distinct=True), seconds=Sum("seconds"))
    minutes = (found["seconds"] or 0.0) / 60
    pace = round(found["n"] / minutes * 60) if minutes >= 1 else None
    return {"utterances": found["n"], "minutes": round(minutes), "pace": pace}
