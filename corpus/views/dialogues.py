"""Dialogues: choosing, watching, publishing; and their media, with Range."""

import re

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.byte_ranges import stored_response
from core.errors import UserError
from core.pagination import Keyset, at_most
from core.parameters import numbers
from core.translation import translate_error
from corpus import visibility
from corpus.forms import DialogueFilter
from corpus.media import MediaError
from corpus.models import Dialogue
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of, dialogue_of, with_role
from corpus.renditions import KINDS, rendition

KEY = re.compile(r"\d{1,18}-\d{1,9}")
MEDIA = {  # what of a dialogue -> its type, and what it shows of the dialogue
    "clip": ("video/mp4", visibility.MODALITIES),
    "poster": ("image/jpeg", visibility.MODALITIES),  # of a sound: its waveform
    "audio": ("audio/flac", [visibility.SOUND]),
    "peaks": ("application/json", [visibility.SOUND]),
    "silent": ("video/mp4", [visibility.PICTURE]),
    "sound": ("audio/mp4", [visibility.SOUND]),
}


def dialogues(request, pk):
    """Filters by name, source, state and length; many are published at once."""
    corpus = corpus_of(request, pk)
    form = DialogueFilter(request.GET, corpus=corpus)
    matching = form.filtered(Dialogue.objects.of(request.user).filter(corpus=corpus))
    if request.method == "POST":
        return _published(request, corpus, matching)
    rows = matching.select_related("source", "publication").sized()

    def fetch(edge, forwards, size):
        source, number = (edge or "").split("-") if KEY.fullmatch(edge or "") else (None, None)
        if source is None:
            return rows.order_by("source_id", "number")[:size]
        side, order = ("gt", "") if forwards else ("lt", "-")
        beyond = rows.filter(**{f"source_id__{side}e": source}).filter(
            Q(**{f"source_id__{side}": source}) | Q(**{f"number__{side}": number})
        )
        return beyond.order_by(f"{order}source_id", f"{order}number")[:size]

    count, more = at_most(matching)
    page = context(
        corpus,
        "corpus",
        page=Keyset(request, fetch, lambda row: f"{row.source_id}-{row.number}"),
        form=form,
        count=count,
        more=more,
        filtered=bool(form.data),
    )
    return render(request, "corpus/dialogues.html", page)


def _published(request, corpus, matching):
    """Publish what was ticked, or all that the filters find."""
    with_role(request, corpus, LEAD)
    if request.POST.get("which") != "all":
        matching = matching.filter(pk__in=numbers(request.POST.getlist("pk")))
    count = matching.publish(request.user, corpus)
    message = ngettext("%(count)d dialogue published.", "%(count)d dialogues published.", count)
    messages.success(request, message % {"count": count})
    return redirect(request.get_full_path())


def dialogue(request, pk):
    dialogue = dialogue_of(request, pk)
    corpus = dialogue.corpus
    around = Dialogue.objects.of(request.user).filter(source=dialogue.source)
    shown = visibility.visible(request.user, dialogue)
    page = context(
        corpus,
        "corpus",
        dialogue=dialogue,
        shown=shown,
        notice=visibility.notice(request.user, dialogue, shown.hidden),
        utterances=dialogue.utterances.select_related("speaker"),
        previous=around.filter(number__lt=dialogue.number).last(),
        next=around.filter(number__gt=dialogue.number).first(),
    )
    return render(request, "corpus/dialogue.html", page)


def media(request, pk, name):
    """One of the dialogue's files, to those who may open the dialogue and from whom nothing that
    the file shows is withheld.
    """
    if name not in MEDIA:
        raise Http404
    kind, modalities = MEDIA[name]
    dialogue = dialogue_of(request, pk)
    visibility.guard(request.user, dialogue, *modalities)
    if name in KINDS:
        return _rendition(request, dialogue, name, kind)
    file = getattr(dialogue, name)
    if not file:
        raise Http404
    return stored_response(request, file.name, kind, aside=name != "peaks")


def _rendition(request, dialogue, name, kind):
    """The clip without its sound or its picture; never the clip itself."""
    if not dialogue.clip:
        raise Http404
    try:
        return stored_response(request, rendition(dialogue, name), kind)
    except FileNotFoundError as error:
        raise Http404 from error
    except MediaError as failure:
        if name == "sound" and dialogue.audio:  # sound that MP4 cannot hold
            return stored_response(request, dialogue.audio.name, "audio/flac")
        return HttpResponse(
            translate_error(failure), status=422, content_type="text/plain; charset=utf-8"
        )


@require_POST
def publish(request, pk):
    dialogue = dialogue_of(request, pk, LEAD)
    try:
        dialogue.publish(request.user)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    return redirect("dialogue", dialogue.pk)
