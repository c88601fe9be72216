"""Dialogues: choosing, watching, publishing; and their media, with Range."""

import re

from django.contrib import messages
from django.db.models import Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from corpus.byterange import stored_response
from corpus.forms import DialogueFilter
from corpus.jobs import Refused, sentence
from corpus.models import Dialogue
from corpus.scope import LEAD, Keyset, at_most, context, corpus_of, dialogue_of, numbers, with_role

KEY = re.compile(r"\d{1,18}-\d{1,9}")
MEDIA = {
    "clip": "video/mp4",
    "poster": "image/jpeg",
    "audio": "audio/flac",
    "peaks": "application/json",
}


def dialogues(request, pk):
    """Filters by name, source, state and length; many are published at once."""
    corpus = corpus_of(request, pk)
    form = DialogueFilter(request.GET, corpus=corpus)
    found = form.filtered(Dialogue.objects.of(request.user).filter(corpus=corpus))
    if request.method == "POST":
        return _published(request, corpus, found)
    rows = found.select_related("source", "publication").sized()

    def fetch(edge, forwards, size):
        source, number = (edge or "").split("-") if KEY.fullmatch(edge or "") else (None, None)
        if source is None:
            return rows.order_by("source_id", "number")[:size]
        side, order = ("gt", "") if forwards else ("lt", "-")
        beyond = rows.filter(**{f"source_id__{side}e": source}).filter(
            Q(**{f"source_id__{side}": source}) | Q(**{f"number__{side}": number})
        )
        return beyond.order_by(f"{order}source_id", f"{order}number")[:size]

    count, more = at_most(found)
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


def _published(request, corpus, found):
    """Publish what was ticked, or all that the filters find."""
    with_role(request, corpus, LEAD)
    if request.POST.get("which") != "all":
        found = found.filter(pk__in=numbers(request.POST.getlist("pk")))
    count = found.publish(request.user, corpus)
    said = ngettext("%(count)d dialogue published.", "%(count)d dialogues published.", count)
    messages.success(request, said % {"count": count})
    return redirect(request.get_full_path())


def dialogue(request, pk):
    dialogue = dialogue_of(request, pk)
    corpus = dialogue.corpus
    around = Dialogue.objects.of(request.user).filter(source=dialogue.source)
    page = context(
        corpus,
        "corpus",
        dialogue=dialogue,
        utterances=dialogue.utterances.select_related("speaker"),
        previous=around.filter(number__lt=dialogue.number).last(),
        next=around.filter(number__gt=dialogue.number).first(),
    )
    return render(request, "corpus/dialogue.html", page)


def media(request, pk, name):
    """One of the dialogue's files, to those who may open the dialogue."""
    if name not in MEDIA:
        raise Http404
    file = getattr(dialogue_of(request, pk), name)
    if not file:
        raise Http404
    return stored_response(request, file.name, MEDIA[name], aside=name != "peaks")


@require_POST
def publish(request, pk):
    dialogue = dialogue_of(request, pk, LEAD)
    try:
        dialogue.publish(request.user)
    except Refused as refusal:
        messages.error(request, sentence(refusal))
    return redirect("dialogue", dialogue.pk)
