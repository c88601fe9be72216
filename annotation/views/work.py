"""What an annotator does: what waits, the workbench, saving, handing in; their history."""

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.api import answer_in, client_id_in, refusal
from annotation.forms import SkipForm
from annotation.models import (
    Assignment,
    GoldAnswer,
    Judgement,
    Participant,
    Place,
    Remark,
    Round,
    Suggestion,
    Warned,
    Withdrawal,
)  # fmt: skip
from annotation.scoring import below, gold_scores
from corpus.complaints import Complaint, gettext_noop
from corpus.jobs import Refused, sentence
from corpus.legible import Illegible
from corpus.normalization import search_key
from corpus.scope import at_most, context, number, page_of, text, with_role


def work(request):
    """My rounds with what waits in each, what I have at hand, and what I did."""
    seats = Participant.objects.of(request.user).at_work().select_related("round__qualification")
    mine = Assignment.objects.of(request.user).annotate(
        size=Count("dialogue__utterances", filter=Q(dialogue__utterances__retired=False))
    )
    begun = mine.open().filter(state="held")
    page = {
        "here": "label",
        "seats": [_described(seat) for seat in seats],
        "begun": begun[:50],
        "skipped": mine.filter(state="skipped", round__closure=None).select_related("skipped")[:20],
        "done_count": mine.submitted().count(),
        "done": mine.submitted().order_by("-submission__at")[:10],
        "today": today(request.user),
        "replied": _replied(request.user),
    }
    return render(request, "annotation/work.html", page)


def today(person):
    """What the person judged since midnight: utterances, minutes, utterances an hour."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Judgement.objects.filter(assignment__person=person, at__gte=midnight)
    found = rows.aggregate(n=Count("utterance", distinct=True), seconds=Sum("seconds"))
    minutes = (found["seconds"] or 0.0) / 60
    pace = round(found["n"] / minutes * 60) if minutes >= 1 else None
    return {"utterances": found["n"], "minutes": round(minutes), "pace": pace}


def _described(seat):
    """A round of mine, with what it waits for and why it may not go on."""
    waiting = Place.objects.filter(round=seat.round, open=True)
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
    remarks = Remark.objects.filter(assignment__person=person, replies__at__gte=recent)
    return remarks.distinct().select_related("utterance").prefetch_related("replies__person")[:10]


def history(request):
    """Every utterance that I have judged, found by words or round."""
    rows = (
        Judgement.objects.filter(assignment__in=Assignment.objects.of(request.user).order_by())
        .values("utterance", "assignment")
        .distinct()
    )
    words, chosen = text(request.GET, "q"), number(request.GET.get("round"))
    if words:
        rows = rows.filter(utterance__search__contains=search_key(words))
    if chosen:
        rows = rows.filter(assignment__round=chosen)
    page = page_of(request, rows.order_by("-assignment", "utterance"), 30)
    _fill_history(page)
    rounds = Round.objects.filter(assignments__person=request.user).distinct()
    shown = {"here": "label", "page": page, "q": words, "rounds": rounds, "chosen": chosen}
    return render(request, "annotation/history.html", shown)


def _fill_history(page):
    """The utterances of a page with their current answers."""
    rows = list(page.object_list)
    work = Assignment.objects.select_related("round", "dialogue").in_bulk(
        {row["assignment"] for row in rows}
    )
    found = []
    for row in rows:
        assignment = work[row["assignment"]]
        if not hasattr(assignment, "told"):
            assignment.told = assignment.answers()
            assignment.turns = {u.pk: u for u in assignment.dialogue.utterances.all()}
        utterance = assignment.turns.get(row["utterance"])
        if utterance:
            given = assignment.told.get(utterance.pk, {})
            found.append((assignment, utterance, _chips(assignment.round.scheme, given)))
    page.object_list = found


def _chips(scheme, given):
    return [
        (task, value)
        for task in scheme.tasks
        for value in task.values
        if given.get(task.key) == value.key
    ]


@require_POST
def next_assignment(request, pk):
    """Take the next dialogue of a round, or go on with the one at hand."""
    try:
        taken = Participant.take_in(pk, request.user.pk)
    except Participant.DoesNotExist:
        return redirect("work")
    except Refused as refusal:
        messages.error(request, sentence(refusal))
        return redirect("work")
    if taken is None:
        messages.success(request, _("Nothing waits for you in this round any more. Thank you!"))
        return redirect("work")
    return redirect("assignment", taken.pk)


def _assignment_of(request, pk):
    return get_object_or_404(Assignment.objects.of(request.user), pk=pk)


def assignment(request, pk):
    """The workbench on one dialogue."""
    assignment = _assignment_of(request, pk)
    round = assignment.round
    corpus = with_role(request, round.corpus)
    if assignment.state == "held" and round.is_open:
        assignment.hold()
    editable = assignment.state in ("held", "freed") and round.is_open and not round.is_paused
    page = context(
        corpus,
        "label",
        assignment=assignment,
        round=round,
        dialogue=assignment.dialogue,
        view=round.view,
        rules=round.scheme.rules_to_json(),
        turns=_turns(assignment),
        editable=editable,
        skip_form=SkipForm(),
        done_count=Assignment.objects.filter(round=round, person=request.user).submitted().count(),
        today=today(request.user),
        ahead=_ahead(assignment) if editable else None,
        kinds=Remark.Kind,
        withdrawal=Withdrawal.objects.filter(
            place__round=round, place__dialogue=assignment.dialogue
        ).first(),
    )
    return render(request, "annotation/workbench.html", page)


def _ahead(assignment):
    """The dialogue that would come next, to be fetched while this one is judged."""
    seat = Participant.objects.filter(
        round=assignment.round, person=assignment.person_id, left_at=None
    ).first()
    return seat.peek() if seat else None


def _turns(assignment):
    """Each utterance with its questions, what is answered, and what is due."""
    newest, scheme, round = assignment.newest(), assignment.round.scheme, assignment.round
    utterances = list(assignment.dialogue.utterances.select_related("speaker"))
    suggested = _suggested(assignment, utterances)
    key = GoldAnswer.known([assignment.dialogue_id]) if round.kind == "practice" else {}
    remarks = {}
    for remark in assignment.remarks.filter(taken_back=False).prefetch_related("replies__person"):
        remarks.setdefault(remark.utterance_id, []).append(remark)
    turns = []
    for utterance in utterances:
        rows = newest.get(utterance.pk, {})
        given = {task: row.value for task, row in rows.items() if row.value}
        due = {task.key for task in scheme.asked(given)}
        questions = [
            {
                "task": task,
                "due": task.key in due,
                "row": rows.get(task.key),
                "given": given.get(task.key, ""),
                "parents": [scheme[parent] for parent in task.parents],
                "suggested": suggested.get((utterance.pk, task.key)),
                "key": key.get(utterance.pk, {}).get(task.key),
            }
            for task in scheme.tasks
        ]
        turns.append(
            {
                "utterance": utterance,
                "questions": questions,
                "complete": not scheme.unanswered(given),
                "remarks": remarks.get(utterance.pk, []),
                "explained": [
                    (q["task"], _value(q["task"], q["key"].value), q["key"].why)
                    for q in questions
                    if q["key"]
                ],
            }
        )
    return turns


def _value(task, key):
    return next((value for value in task.values if value.key == key), None)


def _suggested(assignment, utterances):
    if assignment.round.suggestions == Round.Shown.NEVER:
        return {}
    rows = Suggestion.objects.filter(utterance__in=utterances).newest()
    return {(row.utterance_id, row.task): row for row in rows}


@require_POST
def judgements(request, pk):
    """Save one answer (from the workbench), or a whole utterance (a form without scripts)."""
    assignment = _assignment_of(request, pk)
    utterance = get_object_or_404(
        assignment.dialogue.utterances.all(), pk=number(request.POST.get("utterance"))
    )
    try:
        if "task" in request.POST:
            Assignment.work_on(pk, request.user.pk, [_answer(request.POST)])
            return JsonResponse({"saved": True})
        before = assignment.answers().get(utterance.pk, {})
        for task in assignment.round.scheme.keys:
            value = request.POST.get(task, "")
            if value and value != before.get(task):
                assignment.label(utterance, task, value)
    except Complaint as complaint:
        if "task" in request.POST:
            return JsonResponse({"saved": False, **refusal(complaint)}, status=409)
        messages.error(request, sentence(complaint))
    return redirect(f"{request.path.removesuffix('judgements/')}#u{utterance.pk}")


def _answer(posted):
    """The answer of a form, whose fields are texts. Raises Refused for what is none."""
    row = {name: posted.get(name) for name in ("task", "value", "client_id", "over")}
    try:
        seconds = float(posted.get("seconds") or 0)
    except ValueError:
        seconds = -1.0  # what no answer has
    row |= {
        "utterance": number(posted.get("utterance")),
        "confidence": number(posted.get("confidence")) or None,
        "seconds": seconds,
    }
    try:
        return answer_in(row)
    except Illegible as fault:
        raise Refused(
            gettext_noop("This is no answer that can be saved (%(why)s). Reload the page."),
            why=fault.to_json(),
        ) from fault


@require_POST
def submission(request, pk):
    """Hand the dialogue in and go on to the next one."""
    assignment = _assignment_of(request, pk)
    try:
        assignment.submit()
    except Refused as refusal:
        messages.error(request, sentence(refusal))
        return redirect("assignment", assignment.pk)
    _check_attention(assignment, request.POST)
    _tell_score(request, assignment)
    return next_assignment(request, assignment.round_id)


def _check_attention(assignment, posted):
    """Keep what was answered to the check of attention, if this dialogue has one."""
    check = assignment.attention
    if check and "given" not in check:
        assignment.attention = check | {"given": posted.get("attention", "")}
        assignment.save(update_fields=["attention"])


def _tell_score(request, assignment):
    round = assignment.round
    if round.kind == Round.Kind.TEST:
        result = round.qualifications.filter(person=assignment.person).first()
        if result:
            words = _("You have passed the test.") if result.passed else _(
                "The test is handed in. It is below the marks; the lead will talk with you."
            )  # fmt: skip
            messages.success(request, words)
    elif assignment.gold and round.below == Round.Below.WARN:
        score = gold_scores(round).get(assignment.person_id, {})
        if below(round.marks, score):
            messages.warning(
                request,
                _("Some answers differ from what experts say. Please look at the guideline again."),
            )


@require_POST
def skip(request, pk):
    """Leave the dialogue to others, saying why."""
    assignment = _assignment_of(request, pk)
    form = SkipForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why, so that it can be put right."))
        return redirect("assignment", assignment.pk)
    try:
        assignment.skip(form.cleaned_data["reason"], form.cleaned_data["words"])
    except Refused as refusal:
        messages.error(request, sentence(refusal))
        return redirect("assignment", assignment.pk)
    messages.success(
        request, _("Skipped. It goes to somebody else; under “Label” you can take it back.")
    )
    return next_assignment(request, assignment.round_id)


@require_POST
def take_back(request, pk):
    """Undo a skip."""
    assignment = _assignment_of(request, pk)
    try:
        assignment.take_back()
    except Refused as refusal:
        messages.error(request, sentence(refusal))
        return redirect("work")
    return redirect("assignment", assignment.pk)


@require_POST
@transaction.atomic
def presence(request, pk):
    """Somebody watches without answering: the lease goes on."""
    try:
        held = _assignment_of(request, pk).at_work() is not None
    except Refused:
        held = False
    return JsonResponse({"held": held})


@require_POST
def remarks(request, pk):
    """A comment or a flag on an utterance; or one of them taken back."""
    assignment = _assignment_of(request, pk)
    posted = request.POST
    try:
        if taken := number(posted.get("take_back")):
            remark = get_object_or_404(assignment.remarks.all(), pk=taken)
            remark.take_back(request.user)
        else:
            utterance = get_object_or_404(
                assignment.dialogue.utterances.all(), pk=number(posted.get("utterance"))
            )
            kind, words = posted.get("kind", ""), posted.get("words", "")
            remark = Remark.make(assignment, utterance, kind, words, _uuid(posted))
    except Refused as refusal:
        return JsonResponse({"saved": False, "why": sentence(refusal)}, status=409)
    return JsonResponse({"saved": True, "pk": remark.pk})


@require_POST
def warnings(request, pk):
    """That a warning was shown, and whether the answers were kept or changed."""
    assignment = _assignment_of(request, pk)
    posted = request.POST
    utterance = get_object_or_404(
        assignment.dialogue.utterances.all(), pk=number(posted.get("utterance"))
    )
    rules = {rule.key for rule in assignment.round.scheme.rules}
    if posted.get("rule") not in rules or posted.get("outcome") not in Warned.Outcome.values:
        return JsonResponse({"saved": False, "why": "no such rule or outcome"}, status=409)
    try:
        Warned.objects.get_or_create(
            client_id=_uuid(posted),
            defaults={
                "assignment": assignment,
                "utterance": utterance,
                "rule": posted["rule"],
                "outcome": posted["outcome"],
            },
        )
    except Refused as refusal:
        return JsonResponse({"saved": False, "why": sentence(refusal)}, status=409)
    return JsonResponse({"saved": True})


def _uuid(posted):
    try:
        return client_id_in(posted.get("client_id"))
    except Illegible as error:
        raise Refused(gettext_noop("An answer needs a client_id, a UUID.")) from error
