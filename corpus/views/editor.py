"""The editor: a dialogue's turns as a document, saved step by step as revisions."""

import uuid

from django.http import JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from core.errors import UserError, gettext_noop
from core.input_checks import read_json
from core.translation import translate_error
from corpus.models import Conflict, Dialogue
from corpus.page_context import context
from corpus.permissions import LEAD, dialogue_of
from corpus.visibility import guard

SHOWN_REVISIONS = 100
LARGEST_BODY = 8 * 1024**2


def _state(dialogue):
    """What the page needs to draw the turns."""
    return {
        "head": dialogue.head,
        "draft": dialogue.has_draft,
        "published": dialogue.is_published,
        "can_undo": dialogue.can_undo(),
        "can_redo": dialogue.can_redo(),
        "duration": round(dialogue.duration, 3) if dialogue.clip else None,
        "turns": [turn.to_json() for turn in dialogue.turns()],
        "speakers": dict(dialogue.corpus.speakers.values_list("pk", "name")),
    }


def _edited(request, pk):
    """A dialogue that the person leads. Raises Withheld while they may not see all of it."""
    dialogue = dialogue_of(request, pk, LEAD)
    guard(request.user, dialogue)
    return dialogue


@require_GET
def editor(request, pk):
    dialogue = _edited(request, pk)
    around = Dialogue.objects.filter(source=dialogue.source)
    page = context(
        dialogue.corpus,
        "corpus",
        dialogue=dialogue,
        state=_state(dialogue),
        previous=around.filter(number__lt=dialogue.number).last(),
        next=around.filter(number__gt=dialogue.number).first(),
        new_speaker=reverse("new_speaker", args=[dialogue.corpus_id]),
    )
    return render(request, "corpus/editor.html", page)


def _body(request):
    """The JSON object that was sent. Raises UserError for anything else."""
    try:
        sent = request.read(LARGEST_BODY + 1)
    except OSError as error:  # the connection broke off
        raise UserError(gettext_noop("Expected a JSON object.")) from error
    if len(sent) > LARGEST_BODY:
        raise UserError(gettext_noop("The edit is too large."))
    body = read_json(sent)
    if not isinstance(body, dict) or type(body.get("base")) is not int:
        raise UserError(gettext_noop("Expected a JSON object with base, a revision's number."))
    return body


def _answer(request, pk, act):
    """Do `act(dialogue, body)` and answer with the state that came of it, or with why not."""
    dialogue = _edited(request, pk)
    try:
        act(dialogue, _body(request))
    except UserError as error:
        dialogue.refresh_from_db()  # somebody else may have moved it
        status = 409 if isinstance(error, Conflict) else 400
        return JsonResponse({"why": translate_error(error)} | _state(dialogue), status=status)
    dialogue.refresh_from_db()
    return JsonResponse(_state(dialogue))


def revisions(request, pk):
    """GET the turns as they are; POST a new revision of them."""
    if request.method != "POST":
        return JsonResponse(_state(_edited(request, pk)))

    def act(dialogue, body):
        try:
            client_id = uuid.UUID(body.get("client_id"))
        except (ValueError, TypeError, AttributeError) as error:
            raise UserError(gettext_noop("An edit needs a client_id, a UUID.")) from error
        dialogue.edit(request.user, body["base"], body.get("turns"), client_id)

    return _answer(request, pk, act)


@require_POST
def head(request, pk):
    """Undo, redo, or go to the revision of a number."""

    def act(dialogue, body):
        to = body.get("to")
        if to in ("undo", "redo"):
            getattr(dialogue, to)(request.user, body["base"])
        elif type(to) is int and to >= 0:
            dialogue.restore(request.user, body["base"], to)
        else:
            raise UserError(gettext_noop("Expected undo, redo or a revision's number."))

    return _answer(request, pk, act)


@require_GET
def history(request, pk):
    """Who changed what, newest first."""
    dialogue = _edited(request, pk)
    rows = dialogue.revisions.select_related("person").order_by("-number")[:SHOWN_REVISIONS]
    return render(request, "corpus/_history.html", {"dialogue": dialogue, "revisions": rows})
