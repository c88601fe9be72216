"""What the workbench saves: answers, comments, and warnings of the scheme's rules."""

from typing import Any

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST

from annotation.answers import (
    UnknownUtterance,
    parse_answer,
    parse_client_id,
    save_and_submit,
    save_answer,
)
from annotation.api.work import refusal
from annotation.hints import explained_to, suggested_to, suggestion_hint
from annotation.models import Assignment, Comment, Round, RuleWarning
from annotation.scheme import field_of
from annotation.views.access import assignment_of
from core.errors import UserError, ValidationError, gettext_noop
from core.parameters import number
from core.translation import translate_error


@require_POST
def judgements(request, pk):
    """Save one answer (from the workbench), or a whole utterance (a form without scripts)."""
    if "task" in request.POST:
        return _save_one(request, pk)
    assignment = assignment_of(request, pk)
    utterance = _utterance_of(request, assignment)
    before = assignment.answers().get(utterance.pk, {})
    try:
        for task in assignment.round.scheme.keys:
            value = request.POST.get(field_of(task), "")
            if value and value != before.get(task):
                save_answer(assignment, utterance, task, value)
    except UserError as error:
        messages.error(request, translate_error(error))
    return redirect(f"{request.path.removesuffix('judgements/')}#u{utterance.pk}")


def _save_one(request, pk):
    utterance = number(request.POST.get("utterance"))
    try:
        answer = _answer(request.POST)
    except UserError as error:
        _utterance_of(request, assignment_of(request, pk))  # first: is it theirs at all?
        return JsonResponse({"saved": False, **refusal(error)}, status=409)
    try:
        assignment = save_and_submit(pk, request.user.pk, [answer])
    except (Assignment.DoesNotExist, UnknownUtterance) as error:
        raise Http404 from error
    except UserError as error:
        return JsonResponse({"saved": False, **refusal(error)}, status=409)
    current = {utterance: assignment.current_answers.get(utterance, {})}
    return JsonResponse({"saved": True, **_revealed(assignment, current)})


def _utterance_of(request, assignment):
    return get_object_or_404(
        assignment.dialogue.utterances.all(), pk=number(request.POST.get("utterance"))
    )


def _revealed(assignment, given):
    """What the annotator gets to see of utterances with these answers, now that they are judged."""
    revealed: dict[str, Any] = {}
    if assignment.round.suggestions == Round.Shown.AFTER:
        for rows in suggested_to(assignment, given).values():
            revealed["suggested"] = [
                {"task": row.task, "value": row.value, "hint": suggestion_hint(row)}
                for row in rows.values()
            ]
    for explained in explained_to(assignment, given).values():
        shown = {"explained": explained}
        revealed["explained"] = render_to_string("annotation/_explained.html", shown)
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
        return parse_answer(row)
    except ValidationError as fault:
        raise UserError(
            gettext_noop("The answer was not saved (%(why)s). Reload the page."),
            why=fault.to_json(),
        ) from fault


@require_POST
def comments(request, pk):
    """A comment or a flag on an utterance; or one of them taken back."""
    assignment = assignment_of(request, pk)
    posted = request.POST
    try:
        if taken := number(posted.get("take_back")):
            comment = get_object_or_404(assignment.comments.all(), pk=taken)
            comment.take_back(request.user)
        else:
            utterance = get_object_or_404(
                assignment.dialogue.utterances.all(), pk=number(posted.get("utterance"))
            )
            kind, words = posted.get("kind", ""), posted.get("words", "")
            comment = Comment.make(assignment, utterance, kind, words, _uuid(posted))
    except UserError as refusal:
        return JsonResponse({"saved": False, "why": translate_error(refusal)}, status=409)
    return JsonResponse({"saved": True, "pk": comment.pk})


@require_POST
def warnings(request, pk):
    """That a warning was shown, and whether the answers were kept or changed."""
    assignment = assignment_of(request, pk)
    posted = request.POST
    utterance = get_object_or_404(
        assignment.dialogue.utterances.all(), pk=number(posted.get("utterance"))
    )
    rules = {rule.key for rule in assignment.round.scheme.rules}
    if posted.get("rule") not in rules or posted.get("outcome") not in RuleWarning.Outcome.values:
        return JsonResponse({"saved": False, "why": "no such rule or outcome"}, status=409)
    try:
        RuleWarning.objects.get_or_create(
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
        return parse_client_id(posted.get("client_id"))
    except ValidationError as error:
        raise UserError(gettext_noop("client_id must be a UUID.")) from error
