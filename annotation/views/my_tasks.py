"""What an annotator comes to: the next dialogue, all rounds, pace, feedback."""

from datetime import timedelta

from django.db.models import Count, Q
from django.shortcuts import render
from django.utils import timezone

from annotation.models import Assignment, Comment, Participant, Round, RoundItem
from annotation.pace import pace_of
from annotation.progress import today
from annotation.quality.gold_accuracy import below, gold_scores
from core.pagination import at_most
from corpus.visibility import WORDS, withheld

RECENT = 6  # submissions shown
REPLIES_SHOWN_FOR = timedelta(days=14)


def my_tasks(request):
    """My rounds with what waits in each, what I have at hand, what I did, and what came of it."""
    return render(request, "annotation/my_tasks.html", {"here": "label", **tasks_of(request.user)})


def tasks_of(person):
    """What the page shows of a person's work; the start page shows the same."""
    mine = Assignment.objects.of(person)
    spoken = Count("dialogue__utterances", filter=Q(dialogue__utterances__retired=False))
    begun = list(mine.open().filter(state="held").annotate(size=spoken).order_by("-pk")[:50])
    pace, since_midnight = pace_of(person), today(person)
    latest = mine.submitted().order_by("-submission__at").values_list("pk", flat=True)[:RECENT]
    seats = [_described(seat, pace, begun) for seat in _seats(person)]
    first = next_task(seats)
    replied = list(_replied(person))
    replied_about = withheld(person, WORDS).filter(
        pk__in={comment.utterance.dialogue_id for comment in replied}
    )
    return {
        "first": first,
        "seats": [seat for seat in seats if seat is not first],
        "active": len(seats),
        "begun": [row for row in begun if first is None or row != first["held"]],
        "skipped": mine.filter(state="skipped", round__closure=None).select_related("skipped")[:20],
        "done_count": mine.submitted().count(),
        "done": mine.filter(pk__in=list(latest)).order_by("-submission__at"),
        "today": since_midnight,
        "week": pace.week.utterances + since_midnight["not_submitted"],
        "pace": pace,
        "feedback": [seat for seat in seats if seat["score"] or seat["checks"]],
        "replied": replied,
        "wordless": set(replied_about.values_list("pk", flat=True)),
    }


def _seats(person):
    return Participant.objects.of(person).at_work().select_related("round__qualification")


def next_task(seats):
    """The seat to go on in: the one with a dialogue at hand, else the first with one to take."""
    workable = [seat for seat in seats if seat["workable"]]
    return next((seat for seat in workable if seat["held"]), next(iter(workable), None))


def start_tasks(person, works):
    """What the start page shows: everything to whoever annotates, else where to go on."""
    if works:
        return tasks_of(person)
    waiting = waiting_tasks(person)
    return waiting if waiting["first"] else None


def waiting_tasks(person):
    """Where somebody may go on, in short, for a page that is mainly about something else."""
    held = list(Assignment.objects.of(person).open().filter(state="held").order_by("-pk")[:50])
    seats = [_counted(seat, held) for seat in _seats(person)]
    return {"first": next_task(seats), "active": len(seats)}


def _described(seat, pace, begun):
    """A round of mine, with what it waits for, how long it takes, and how right I was."""
    score = gold_scores(seat.round).get(seat.person_id) if seat.round.gold_feedback else None
    found = _counted(seat, begun)
    return found | {
        "seconds": _seconds_left(seat.round, found["waiting"], pace),
        "score": _shares(seat.round, score),
        "checks": _attention_checks(seat) if seat.round.gold_feedback else None,
        "low": bool(score)
        and seat.round.below == Round.Below.WARN
        and below(seat.round.marks, score),
        "qualification": seat.round.qualifications.filter(person=seat.person).first()
        if seat.round.kind == Round.Kind.TEST
        else None,
    }


def _counted(seat, begun):
    waiting = RoundItem.objects.filter(round=seat.round, open=True)
    waiting = waiting.exclude(dialogue__in=seat.own().exclude(state="freed").values("dialogue"))
    count, more = at_most(waiting)
    counted = seat.own().aggregate(
        done=Count("pk", filter=Q(state="submitted")), held=Count("pk", filter=Q(state="held"))
    )
    done, held = counted["done"], counted["held"]
    if seat.quota is not None:
        count, more = min(count, max(seat.quota - done - held, 0)), False
    test = _test_of(seat)
    return {
        "seat": seat,
        "round": seat.round,
        "waiting": count + held,
        "more": more,
        "done": done,
        "held": next((row for row in begun if row.round_id == seat.round_id), None),
        "test": test,
        "workable": bool(count + held and not (seat.resting or seat.blocked_at or test)),
    }


def _test_of(seat):
    """The test that has to be passed before, or None."""
    if seat.round.qualification_id and not seat.is_qualified():
        return seat.round.qualification
    return None


def _seconds_left(round, dialogues, pace):
    """How long so many dialogues of average length take at the usual pace; None where it is not
    known.
    """
    speed, counts = pace.usual or pace.per_minute, round.corpus.counts()
    if not speed or not counts["dialogues"]:
        return None
    return 60 * dialogues * counts["utterances"] / counts["dialogues"] / speed


def _shares(round, score):
    scheme = round.scheme
    return [
        {"task": scheme[task], "right": right, "asked": asked, "percent": 100 * right // asked}
        for task, (right, asked) in (score or {}).items()
        if asked
    ]


def _attention_checks(seat):
    """Attention checks that were answered: how many right, of how many; None without any."""
    checks = seat.own().exclude(attention={}).values_list("attention", flat=True)
    answered = [check for check in checks if "given" in check]
    right = sum(check["given"] == check["value"] for check in answered)
    return {"right": right, "asked": len(answered)} if answered else None


def _replied(person):
    """My comments that somebody has answered in the last days."""
    recent = timezone.now() - REPLIES_SHOWN_FOR
    comments = Comment.objects.filter(assignment__person=person, replies__at__gte=recent)
    return comments.distinct().select_related("utterance").prefetch_related("replies__person")[:10]
