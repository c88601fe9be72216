"""What an annotator does: the list of what waits, the workbench, saving, handing in."""

import uuid

from django.contrib import messages
from django.db.models import Count, Q
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.models import Assignment
from corpus.complaints import Complaint, gettext_noop
from corpus.jobs import Refused, sentence
from corpus.scope import context, number, with_role


def work(request):
    """Everything that waits for me, and what I handed in last."""
    mine = Assignment.objects.of(request.user).annotate(
        size=Count("dialogue__utterances", filter=Q(dialogue__utterances__retired=False))
    )
    waiting = mine.open()
    page = {
        "here": "label",
        "waiting": waiting[:100],
        "waiting_count": waiting.count(),
        "done_count": mine.submitted().count(),
        "done": mine.submitted().order_by("-submission__at")[:10],
    }
    return render(request, "annotation/work.html", page)


def _assignment_of(request, pk):
    return get_object_or_404(Assignment.objects.of(request.user), pk=pk)


def assignment(request, pk):
    """The workbench on one dialogue."""
    assignment = _assignment_of(request, pk)
    corpus = with_role(request, assignment.round.corpus)
    turns = _turns(assignment)
    mine = Assignment.objects.of(request.user).filter(round=assignment.round)
    page = context(
        corpus,
        "label",
        assignment=assignment,
        dialogue=assignment.dialogue,
        scheme=assignment.round.scheme,
        turns=turns,
        editable=not assignment.is_submitted and assignment.round.is_open,
        done_count=mine.submitted().count(),
        all_count=mine.count(),
    )
    return render(request, "annotation/workbench.html", page)


def _turns(assignment):
    """Each utterance with its questions, what is answered, and what is due."""
    answers, scheme = assignment.answers(), assignment.round.scheme
    turns = []
    for utterance in assignment.dialogue.utterances.select_related("speaker"):
        given = answers.get(utterance.pk, {})
        due = {task.key for task in scheme.asked(given)}
        questions = [
            {
                "task": task,
                "due": task.key in due,
                "answer": next((v for v in task.values if v.key == given.get(task.key)), None),
                "parents": [scheme[parent] for parent in task.parents],
            }
            for task in scheme.tasks
        ]
        complete = not scheme.unanswered(given)
        turns.append({"utterance": utterance, "questions": questions, "complete": complete})
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
            client_id = _uuid(request.POST.get("client_id"))
            task, value = request.POST["task"], request.POST.get("value", "")
            assignment.label(utterance, task, value, client_id)
            return JsonResponse({"saved": True})
        before = assignment.answers().get(utterance.pk, {})
        for task in assignment.round.scheme.keys:
            value = request.POST.get(task, "")
            if value and value != before.get(task):
                assignment.label(utterance, task, value)
    except Complaint as complaint:
        if "task" in request.POST:
            return JsonResponse({"saved": False, "why": sentence(complaint)}, status=409)
        messages.error(request, sentence(complaint))
    return redirect(f"{request.path.removesuffix('judgements/')}#u{utterance.pk}")


def _uuid(text):
    try:
        return uuid.UUID(text)
    except (ValueError, TypeError) as error:
        raise Refused(gettext_noop("An answer needs a client_id, a UUID.")) from error


@require_POST
def submission(request, pk):
    """Hand the dialogue in and go on to the next one."""
    assignment = _assignment_of(request, pk)
    try:
        assignment.submit()
    except Refused as refusal:
        messages.error(request, sentence(refusal))
        return redirect("assignment", assignment.pk)
    following = Assignment.objects.of(request.user).open().filter(round=assignment.round).first()
    if following:
        return redirect("assignment", following.pk)
    messages.success(request, _("All your dialogues of this round are handed in. Thank you!"))
    return redirect("work")
