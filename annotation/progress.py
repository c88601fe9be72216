"""How a round goes: who is on what, the funnel, pace, and when it will be done."""

import datetime
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from operator import attrgetter

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotation import pace
from annotation.models import Assignment, DailyWork, Judgement, RoundItem
from annotation.models.daily_work import local_day
from annotation.quality.gold_accuracy import below, gold_scores
from core.statements import Prepared

MOST_DAYS = 365


def with_submission_counts(rounds):
    """Rounds with the submissions they want, `wanted`, and those they have, `submission_count`."""

    def count(rows):
        own = rows.filter(round=OuterRef("pk")).order_by().values("round")
        return Coalesce(Subquery(own.annotate(n=Count("pk")).values("n")), 0)

    return rounds.annotate(
        submission_count=count(Assignment.objects.filter(gold=False).submitted()),
        round_item_count=count(RoundItem.objects.filter(gold=False, withdrawal=None)),
    )


def funnel_rows(round):
    """What `funnel` is made of, to be counted at once."""
    rows = by_state(round)
    held = round.assignments.filter(state="held")
    return {state: rows[state] for state in ("waiting", "complete", "withdrawn")} | {
        "dialogues": round.round_items.filter(gold=False, withdrawn=False),
        "held": held,
        "stalled": held.filter(expires_at__lt=timezone.now()),
    }


def funnel(counted):
    """Dialogues by how far they are, and what hinders, from the counts of `funnel_rows`."""
    names = ("waiting", "complete", "withdrawn", "dialogues", "held", "stalled")
    begun = counted["dialogues"] - counted["waiting"] - counted["complete"]
    return {name: counted[name] for name in names} | {"begun": begun}


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


def is_complete(round):
    """Whether it has dialogues, and each of them all its submissions."""
    rows = by_state(round)
    missing = rows["waiting"].exists() or rows["begun"].exists()
    return not missing and rows["complete"].exists()


@dataclass(frozen=True)
class History:
    """Submissions of a round by day, from the first day with one until today."""

    days: list[datetime.date]
    counts: list[int]

    @property
    def totals(self) -> list[int]:
        return list(accumulate(self.counts))


def history(round) -> History:
    """The submissions of a round day by day; of the last MOST_DAYS days, the first of which has
    all that was before.
    """
    rows = round.daily_work.order_by("day").values("day").annotate(n=Sum("submissions"))
    by_day = {row["day"]: row["n"] for row in rows}
    if not by_day:
        return History([], [])
    today = max(local_day(), *by_day)
    first = max(min(by_day), today - timedelta(days=MOST_DAYS - 1))
    days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    counts = [by_day.get(day, 0) for day in days]
    counts[0] += sum(count for day, count in by_day.items() if day < first)
    return History(days, counts)


def forecast(round, done, wanted, known=None):
    """When a round will be done at its pace so far (a Forecast); None if that cannot be said."""
    if round.published or not round.is_open or round.is_paused:
        return None
    known = known or history(round)
    return pace.forecast(known.counts, wanted - done, local_day())


def people(round, seats):
    """Everybody of `seats`, with what they did, hold, skipped and how right they are."""
    work = (
        round.assignments.order_by()
        .values("person")
        .annotate(
            done=Count("pk", filter=Q(state="submitted")),
            skips=Count("pk", filter=Q(state="skipped")),
            last=Max("submission__at"),
            golds=Count("pk", filter=Q(gold=True)),
            asked=Count("pk", filter=~Q(attention={})),
        )
    )
    by_person = {row["person"]: row for row in work}
    score = gold_scores(round) if any(row["golds"] for row in by_person.values()) else {}
    seconds = dict(round.daily_work.order_by().values_list("person").annotate(total=Sum("seconds")))
    speed = pace.paces(round.daily_work)
    held: dict[int, list[Assignment]] = {}
    # sorted here: SQLite finds an ordered few by looking through all of the round
    waiting = round.assignments.filter(state="held").order_by().select_related("dialogue")
    for assignment in sorted(waiting, key=attrgetter("pk")):
        held.setdefault(assignment.person_id, []).append(assignment)
    checks = _attention(round) if any(row["asked"] for row in by_person.values()) else {}
    qualified = dict(
        (round.qualification or round).qualifications.order_by("pk").values_list("person", "passed")
    )
    rows = []
    for seat in seats:
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
                "pace": speed.get(seat.person_id, pace.Pace({})),
            }
        )
    return rows


def _attention(round):
    """Person id -> how many of the attention checks were right, and how many were answered."""
    checks: dict[int, tuple[int, int]] = {}
    for person, check in round.assignments.exclude(attention={}).values_list("person", "attention"):
        if "given" in check:
            right, asked = checks.get(person, (0, 0))
            checks[person] = (right + (check["given"] == check["value"]), asked + 1)
    return checks


def today(person):
    """What the person annotated since midnight: utterances, minutes, utterances an hour; among them
    those judged in dialogues that are not submitted yet.
    """
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    submitted = WORKED.first(person.pk, local_day()) or (0, 0.0)
    judged = NOT_SUBMITTED.first(person.pk, midnight) or (0, 0.0)
    utterances = submitted[0] + judged[0]
    minutes = (submitted[1] + judged[1]) / 60
    each_hour = round(utterances / minutes * 60) if minutes >= 1 else None
    return {
        "utterances": utterances,
        "minutes": round(minutes),
        "pace": each_hour,
        "not_submitted": judged[0],
    }


WORKED = Prepared(
    lambda person, day: (
        DailyWork.objects.filter(person=person, day=day)
        .order_by()
        .values("person")
        .values_list(Sum("utterances"), Sum("seconds"))
    )
)
NOT_SUBMITTED = Prepared(
    lambda person, at: (
        Judgement.objects.filter(
            assignment__person=person,
            assignment__state="held",
            assignment__round__closure=None,
            at__gte=at,
        )
        .order_by()
        .values("assignment__person")
        .values_list(Count("utterance", distinct=True), Sum("seconds"))
    )
)
