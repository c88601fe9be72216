"""What an annotator does: what waits, the workbench, saving, handing in; their history."""

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.api import answer_in, client_id_in, refusal
from annotation.blinding import guideline_for, shown_at, shows
from annotation.forms import SkipForm
from annotation.hints import explained_to, suggested_to, suggestion_hint
from annotation.models import (
    Assignment,
    Judgement,
    Participant,
    Place,
    Remark,
    Round,
    Warned,
    Withdrawal,
)  # fmt: skip
from annotation.quality.gold_accuracy import below, gold_scores
from annotation.scheme import field_of
from core.errors import UserError, ValidationError, gettext_noop
from core.normalization import search_key
from core.pagination import at_most, page_of
from core.parameters import number, text
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import with_role
from corpus.visibility import WORDS, notice, visible, withheld


def work(request):
    """My rounds with what waits in each, what I have at hand, and what I did."""
    seats = Participant.objects.of(request.user).at_work().select_related("round__qualification")
    mine = Assignment.objects.of(request.user).annotate(
        size=Count("dialogue__utterances", filter=Q(dialogue__utterances__retired=False))
    )
    begun, replied = mine.open().filter(state="held"), list(_replied(request.user))
    replied_about = withheld(request.user, WORDS).filter(
        pk__in={remark.utterance.dialogue_id for remark in replied}
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
    """Every utterance that I have judged, found by words (as far as I may read them) or round."""
    rows = (
        Judgement.objects.filter(assignment__in=Assignment.objects.of(request.user).order_by())
        .values("utterance", "assignment")
        .distinct()
    )
    words, chosen = text(request.GET, "q"), number(request.GET.get("round"))
    hidden = withheld(request.user, WORDS)
    if words:
        rows = rows.filter(utterance__search__contains=search_key(words))
        rows = rows.exclude(assignment__dialogue__in=hidden.order_by().values("pk"))
    if chosen:
        rows = rows.filter(assignment__round=chosen)
    page = page_of(request, rows.order_by("-assignment", "utterance"), 30)
    _fill_history(page, hidden)
    rounds = Round.objects.filter(assignments__person=request.user).distinct()
    shown = {"here": "label", "page": page, "q": words, "rounds": rounds, "chosen": chosen}
    return render(request, "annotation/history.html", shown)


def _fill_history(page, hidden):
    """The utterances of a page, their words where they are not `hidden`, with their current
    answers.
    """
    rows = list(page.object_list)
    work = Assignment.objects.select_related("round", "dialogue").in_bulk(
        {row["assignment"] for row in rows}
    )
    dialogues = {assignment.dialogue_id for assignment in work.values()}
    wordless = set(hidden.filter(pk__in=dialogues).values_list("pk", flat=True))
    found = []
    for row in rows:
        assignment = work[row["assignment"]]
        if not hasattr(assignment, "told"):
            assignment.told = assignment.answers()
            assignment.turns = {u.pk: u for u in assignment.dialogue.utterances.all()}
        utterance = assignment.turns.get(row["utterance"])
        if utterance:
            given = assignment.told.get(utterance.pk, {})
            words = "" if assignment.dialogue_id in wordless else utterance.text
            found.append((assignment, utterance, words, _chips(assignment.round.scheme, given)))
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
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("work")
    if taken is None:
        messages.success(request, _("You have no more dialogues in this round. Thank you!"))
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
    ahead = _ahead(assignment) if editable else None
    guideline, left_out = guideline_for(request.user, round.guideline)
    shown, by_view = shown_at(assignment), shows(round.view)
    elsewhere = [modality for modality in shown.hidden if modality not in by_view.hidden]
    page = context(
        corpus,
        "label",
        assignment=assignment,
        round=round,
        dialogue=assignment.dialogue,
        shown=shown,
        notice=notice(request.user, assignment.dialogue, elsewhere),
        guideline=guideline,
        left_out=left_out,
        rules=round.scheme.rules_to_json(),
        turns=_turns(assignment),
        attention=_attention_check(assignment),
        editable=editable,
        skip_form=SkipForm(),
        done_count=Assignment.objects.filter(round=round, person=request.user).submitted().count(),
        today=today(request.user),
        ahead=ahead,
        ahead_shown=ahead and visible(request.user, ahead) & by_view,
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


def _attention_check(assignment):
    """The task and the value that the attention check asks for; None where there is no check."""
    check, scheme = assignment.attention, assignment.round.scheme
    if not check or check["task"] not in scheme.keys:
        return None
    task = scheme[check["task"]]
    value = next((value for value in task.values if value.key == check["value"]), None)
    return value and {"task": task, "value": value}


def _turns(assignment):
    """Each utterance with its questions, what is answered, and what is due."""
    newest, scheme = assignment.newest(), assignment.round.scheme
    utterances = list(assignment.dialogue.utterances.select_related("speaker"))
    given = {pk: {t: r.value for t, r in rows.items() if r.value} for pk, rows in newest.items()}
    suggested, explained = suggested_to(assignment, given), explained_to(assignment, given)
    remarks = {}
    for remark in assignment.remarks.filter(taken_back=False).prefetch_related("replies__person"):
        remarks.setdefault(remark.utterance_id, []).append(remark)
    turns = []
    for utterance in utterances:
        rows, answers = newest.get(utterance.pk, {}), given.get(utterance.pk, {})
        due = {task.key for task in scheme.asked(answers)}
        questions = [
            {
                "task": task,
                "due": task.key in due,
                "row": rows.get(task.key),
                "given": answers.get(task.key, ""),
                "parents": [scheme[parent] for parent in task.parents],
                "suggested": suggested.get(utterance.pk, {}).get(task.key),
            }
            for task in scheme.tasks
        ]
        turns.append(
            {
                "utterance": utterance,
                "questions": questions,
                "complete": not scheme.unanswered(answers),
                "remarks": remarks.get(utterance.pk, []),
                "explained": explained.get(utterance.pk, []),
            }
        )
    return turns


@require_POST
def judgements(request, pk):
    """Save one answer (from the workbench), or a whole utterance (a form without scripts)."""
    assignment = _assignment_of(request, pk)
    utterance = get_object_or_404(
        assignment.dialogue.utterances.all(), pk=number(request.POST.get("utterance"))
    )
    try:
        if "task" in request.POST:
            mine = Assignment.work_on(pk, request.user.pk, [_answer(request.POST)])
            given = {utterance.pk: mine.current_answers.get(utterance.pk, {})}
            return JsonResponse({"saved": True, **_revealed(assignment, given)})
        before = assignment.answers().get(utterance.pk, {})
        for task in assignment.round.scheme.keys:
            value = request.POST.get(field_of(task), "")
            if value and value != before.get(task):
                assignment.label(utterance, task, value)
    except UserError as error:
        if "task" in request.POST:
            return JsonResponse({"saved": False, **refusal(error)}, status=409)
        messages.error(request, translate_error(error))
    return redirect(f"{request.path.removesuffix('judgements/')}#u{utterance.pk}")


def _revealed(assignment, given):
    """What the annotator gets to see of utterances with these answers, now that they are judged."""
    revealed = {}
    if assignment.round.suggestions == Round.Shown.AFTER:
        for rows in suggested_to(assignment, given).values():
            revealed["suggested"] = [
                {"task": row.task, "value": row.value, "hint": suggestion_hint(row)}
                for row in rows.values()
            ]
    for rows in explained_to(assignment, given).values():
        revealed["explained"] = render_to_string("annotation/_explained.html", {"explained": rows})
    return {"revealed": revealed} if revealed else {}


def _answer(posted):
    """The answer of a form, whose fields are texts. Raises UserError for what is none."""
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
    except ValidationError as fault:
        raise UserError(
            gettext_noop("The answer was not saved (%(why)s). Reload the page."),
            why=fault.to_json(),
        ) from fault


@require_POST
def submission(request, pk):
    """Hand the dialogue in and go on to the next one."""
    assignment = _assignment_of(request, pk)
    try:
        assignment.submit()
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
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
                "Test submitted. You are below the passing mark. The lead will contact you."
            )  # fmt: skip
            messages.success(request, words)
    elif assignment.gold and round.below == Round.Below.WARN:
        score = gold_scores(round).get(assignment.person_id, {})
        if below(round.marks, score):
            messages.warning(
                request,
                _("Some of your answers differ from expert labels. Please reread the guideline."),
            )


@require_POST
def skip(request, pk):
    """Leave the dialogue to others, saying why."""
    assignment = _assignment_of(request, pk)
    form = SkipForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a reason for skipping."))
        return redirect("assignment", assignment.pk)
    try:
        assignment.skip(form.cleaned_data["reason"], form.cleaned_data["words"])
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("assignment", assignment.pk)
    messages.success(request, _("Dialogue skipped. You can undo this under “My tasks”."))
    return next_assignment(request, assignment.round_id)


@require_POST
def take_back(request, pk):
    """Undo a skip."""
    assignment = _assignment_of(request, pk)
    try:
        assignment.take_back()
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("work")
    return redirect("assignment", assignment.pk)


@require_POST
@transaction.atomic
def presence(request, pk):
    """Somebody watches without answering: the lease goes on."""
    try:
        held = _assignment_of(request, pk).at_work() is not None
    except UserError:
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
    except UserError as refusal:
        return JsonResponse({"saved": False, "why": translate_error(refusal)}, status=409)
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
    except UserError as refusal:
        return JsonResponse({"saved": False, "why": translate_error(refusal)}, status=409)
    return JsonResponse({"saved": True})


def _uuid(posted):
    try:
        return client_id_in(posted.get("client_id"))
    except ValidationError as error:
        raise UserError(gettext_noop("client_id must be a UUID.")) from error
