"""An annotator's tasks: active rounds and what waits in each, what is in progress and done."""

from datetime import timedelta

from django.db.models import Count, Q
from django.shortcuts import render
from django.utils import timezone

from annotation.models import Assignment, Comment, Participant, Round, RoundItem
from annotation.progress import today
from annotation.quality.gold_accuracy import below, gold_scores
from core.pagination import at_most
from corpus.visibility import WORDS, withheld


def my_tasks(request):
    """My rounds with what waits in each, what I have at hand, and what I did."""
    seats = Participant.objects.of(request.user).at_work().select_related("round__qualification")
    mine = Assignment.objects.of(request.user).annotate(
        size=Count("dialogue__utterances", filter=Q(dialogue__utterances__retired=False))
    )
    begun, replied = mine.open().filter(state="held"), list(_replied(request.user))
    replied_about = withheld(request.user, WORDS).filter(
        pk__in={comment.utterance.dialogue_id for comment in replied}
    )
    page = {
        "here": "label",
        "seats": [_described(seat) for seat in seats],
        "begun": begun[:50],
        "skipped": mine.filter(state="skipped", round__closure=None).select_related("skipped")[:20],
        "done_count": mine.submitted().count(),
        "done": mine.submitted().order_by("-submission__at")[:10],
        "today": today(request.user),
        "replied": replied,
        "wordless": set(replied_about.values_list("pk", flat=True)),
    }
    return render(request, "annotation/my_tasks.html", page)


def _described(seat):
    """A round of mine, with what it waits for and why it may not go on."""
    waiting = RoundItem.objects.filter(round=seat.round, open=True)
    waiting = waiting.exclude(dialogue__in=seat.own().exclude(state="freed").values("dialogue"))
    count, more = at_most(waiting)
    counted = seat.own().aggregate(
        done=Count("pk", filter=Q(state="submitted")), held=Count("pk", filter=Q(state="held"))
    )
    done, held = counted["done"], counted["held"]
    if seat.quota is not None:
        count, more = min(count, max(seat.quota - done - held, 0)), False
    score = None
    if seat.round.gold_feedback:
        score = gold_scores(seat.round).get(seat.person_id)
    return {
        "seat": seat,
        "round": seat.round,
        "waiting": count + held,
        "more": more,
        "done": done,
        "test": _test_of(seat),
        "score": _shares(seat.round, score),
        "low": bool(score) and seat.round.below == Round.Below.WARN and below(
            seat.round.marks, score
        ),
        "qualification": seat.round.qualifications.filter(person=seat.person).first()
        if seat.round.kind == Round.Kind.TEST
        else None,
    }  # fmt: skip


def _test_of(seat):
    """The test that has to be passed before, or None."""
    if seat.round.qualification_id and not seat.is_qualified():
        return seat.round.qualification
    return None


def _shares(round, score):
    scheme = round.scheme
    return [
        {"task": scheme[task], "right": right, "asked": asked, "percent": 100 * right // asked}
        for task, (right, asked) in (score or {}).items()
        if asked
    ]


def _replied(person):
    """My comments that somebody has answered in the last days."""
    recent = timezone.now() - timedelta(days=14)
    comments = Comment.objects.filter(assignment__person=person, replies__at__gte=recent)
    return comments.distinct().select_related("utterance").prefetch_related("replies__person")[:10]
