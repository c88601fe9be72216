"""The workbench: one dialogue, its questions, and what an annotator does with it as a whole."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from annotation.answers import skip_assignment, submit_assignment, undo_skip
from annotation.blinding import guideline_for, shown_at, shows
from annotation.forms import SkipForm
from annotation.hints import corrected_to, explained_to, suggested_to
from annotation.models import Assignment, Comment, Participant, Round, Withdrawal
from annotation.models.judgements import newest_of
from annotation.progress import today
from annotation.quality.gold_accuracy import below, gold_scores
from annotation.queue.dispatch import anything_left, claim_next_of, peek
from annotation.queue.leases import lock_assignment, lock_for_work, renew_lease
from annotation.reopening import can_reopen, deadline, reopen
from annotation.views.access import assignment_of
from core.errors import UserError
from core.translation import translate_error
from core.undo import undoable
from corpus.page_context import context
from corpus.permissions import with_role
from corpus.visibility import notice, visible


@require_POST
def next_assignment(request, pk):
    """Take the next dialogue of a round, or go on with the one at hand."""
    try:
        taken = claim_next_of(pk, request.user.pk)
    except Participant.DoesNotExist:
        return redirect("my_tasks")
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("my_tasks")
    if taken is None:
        messages.success(request, _("You have no more dialogues in this round. Thank you!"))
        return redirect("my_tasks")
    return redirect("assignment", taken.pk)


def workbench(request, pk):
    """The workbench on one dialogue."""
    assignment = assignment_of(request, pk)
    round = assignment.round
    corpus = with_role(request, round.corpus)
    if assignment.state == "held" and round.is_open:
        renew_lease(assignment)
    editable = assignment.state in ("held", "freed") and round.is_open and not round.is_paused
    ahead = _ahead(assignment) if editable else None
    guideline, left_out = guideline_for(request.user, round.guideline)
    shown, by_view = shown_at(assignment), shows(round.view)
    judged = list(assignment.judgements.order_by("pk"))
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
        turns=_turns(assignment, judged),
        settings_key=_settings_key(round),
        seconds=sum(row.seconds for row in judged),
        attention=_attention_check(assignment),
        editable=editable,
        reopenable=can_reopen(assignment),
        skip_form=SkipForm(),
        done_count=Assignment.objects.filter(round=round, person=request.user).submitted().count(),
        today=today(request.user),
        ahead=ahead,
        ahead_shown=ahead and visible(request.user, ahead) & by_view,
        kinds=Comment.Kind,
        withdrawal=Withdrawal.objects.filter(
            round_item__round=round, round_item__dialogue=assignment.dialogue
        ).first(),
    )
    return render(request, "annotation/workbench.html", page)


def _settings_key(round):
    """What of a round the questions depend on; scheme versions never change."""
    return (round.scheme_version_id, round.cannot_tell, round.confidence, round.suggestions)


def _ahead(assignment):
    """The dialogue that would come next, to be fetched while this one is judged."""
    seat = Participant.objects.filter(
        round=assignment.round, person=assignment.person_id, left_at=None
    ).first()
    if seat is None:
        return None
    seat.round = assignment.round
    return peek(seat)


def _attention_check(assignment):
    """The task and the value that the attention check asks for; None where there is no check."""
    check, scheme = assignment.attention, assignment.round.scheme
    if not check or check["task"] not in scheme.keys:
        return None
    task = scheme[check["task"]]
    value = next((value for value in task.values if value.key == check["value"]), None)
    return value and {"task": task, "value": value}


def _turns(assignment, judged):
    """Each utterance with its questions, what is answered, and what is due."""
    newest, scheme = newest_of(judged), assignment.round.scheme
    utterances = list(assignment.dialogue.utterances.select_related("speaker"))
    given = {pk: {t: r.value for t, r in rows.items() if r.value} for pk, rows in newest.items()}
    suggested, explained = suggested_to(assignment, given), explained_to(assignment, given)
    corrected = corrected_to(assignment, given)
    comments: dict[int, list[Comment]] = {}
    for comment in assignment.comments.filter(taken_back=False).prefetch_related("replies__person"):
        comments.setdefault(comment.utterance_id, []).append(comment)
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
                "comments": comments.get(utterance.pk, []),
                "explained": explained.get(utterance.pk, []),
                "corrected": corrected.get(utterance.pk, []),
            }
        )
    return turns


@require_http_methods(["GET", "POST"])
def submission(request, pk):
    """Submit the dialogue; then what is done, and the way to the next one."""
    assignment = assignment_of(request, pk)
    if request.method == "GET":
        return _submitted(request, assignment)
    try:
        submit_assignment(assignment)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("assignment", assignment.pk)
    _check_attention(assignment, request.POST)
    _tell_score(request, assignment)
    return redirect("submission", assignment.pk)


def _submitted(request, assignment):
    if not assignment.is_submitted:
        return redirect("assignment", assignment.pk)
    round = assignment.round
    seat = Participant.objects.filter(round=round, person=request.user, left_at=None).first()
    own = Assignment.objects.filter(round=round, person=request.user)
    page = context(
        with_role(request, round.corpus),
        "label",
        assignment=assignment,
        round=round,
        done_count=own.submitted().count(),
        today=today(request.user),
        more=seat is not None and round.is_open and anything_left(seat),
        reopen_until=deadline(assignment) if can_reopen(assignment) else None,
    )
    return render(request, "annotation/submitted.html", page)


@require_POST
def reopen_of(request, pk):
    """Open a submitted dialogue again, to change answers."""
    assignment = assignment_of(request, pk)
    try:
        reopen(assignment)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    else:
        messages.success(
            request, _("Reopened. Your answers are as they were; submit the dialogue again.")
        )
    return redirect("assignment", assignment.pk)


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
                "Test submitted. You are below the passing mark. The lead will "
                    "contact you."
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
    assignment = assignment_of(request, pk)
    form = SkipForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a reason for skipping."))
        return redirect("assignment", assignment.pk)
    try:
        skip_assignment(assignment, form.cleaned_data["reason"], form.cleaned_data["words"])
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("assignment", assignment.pk)
    words = _("Dialogue skipped. You can undo this under “My tasks”.")
    undoable(request, words, reverse("undo_skip", args=[assignment.pk]))
    return next_assignment(request, assignment.round_id)


@require_POST
def undo_skip_of(request, pk):
    """Undo a skip."""
    assignment = assignment_of(request, pk)
    try:
        undo_skip(assignment)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("my_tasks")
    return redirect("assignment", assignment.pk)


@require_POST
@transaction.atomic
def presence(request, pk):
    """Somebody watches without answering: the lease goes on."""
    try:
        lock_for_work(lock_assignment(pk, request.user.pk))
    except Assignment.DoesNotExist as error:
        raise Http404 from error
    except UserError:
        return JsonResponse({"held": False})
    return JsonResponse({"held": True})
