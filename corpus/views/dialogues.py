"""Dialogues: finding, watching, correcting; and their media, with Range."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from corpus.byterange import ranged_response
from corpus.jobs import Refused, sentence
from corpus.models import Dialogue, Utterance
from corpus.scope import LEAD, context, corpus_of, page_of, with_role

MEDIA = {
    "clip": "video/mp4",
    "poster": "image/jpeg",
    "peaks": "application/json",
}


def dialogues(request, pk):
    """Search in words and speakers, filters by source and state."""
    corpus = corpus_of(request, pk)
    found = Dialogue.objects.of(request.user).filter(corpus=corpus)
    words = request.GET.get("q", "").strip()
    if words:
        hits = Utterance.objects.filter(dialogue__corpus=corpus).filter(
            Q(text__icontains=words) | Q(speaker__name__icontains=words)
        )
        found = found.filter(Q(pk__in=hits.values("dialogue")) | Q(uid__icontains=words))
    if request.GET.get("source", "").isdigit():
        found = found.filter(source=request.GET["source"])
    state = request.GET.get("state", "")
    if state:
        found = found.filter(publication__isnull=state == "draft")
    rows = found.select_related("source", "publication").annotate(size=Count("utterances"))
    page = context(
        corpus,
        "corpus",
        page=page_of(request, rows.order_by("source_id", "number"), 50),
        words=words,
        state=state,
        sources=corpus.sources.all(),
        chosen_source=request.GET.get("source", ""),
    )
    return render(request, "corpus/dialogues.html", page)


def _dialogue_of(request, pk):
    return get_object_or_404(
        Dialogue.objects.of(request.user).select_related("corpus", "source"), pk=pk
    )


def dialogue(request, pk):
    dialogue = _dialogue_of(request, pk)
    corpus = with_role(request, dialogue.corpus)
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
    file = getattr(_dialogue_of(request, pk), name)
    if not file or not file.storage.exists(file.name):
        raise Http404
    return ranged_response(request, file.path, MEDIA[name])


@require_POST
def publish(request, pk):
    dialogue = _dialogue_of(request, pk)
    with_role(request, dialogue.corpus, LEAD)
    try:
        dialogue.publish(request.user)
    except Refused as refusal:
        messages.error(request, sentence(refusal))
    return redirect("dialogue", dialogue.pk)


@require_POST
def text(request, pk):
    """Correct the words of an utterance."""
    led = Utterance.objects.filter(dialogue__in=Dialogue.objects.of(request.user))
    utterance = get_object_or_404(led.select_related("dialogue__corpus"), pk=pk)
    with_role(request, utterance.dialogue.corpus, LEAD)
    try:
        utterance.retype(request.user, request.POST.get("text", ""))
    except Refused as refusal:
        messages.error(request, sentence(refusal))
    return redirect("dialogue", utterance.dialogue_id)
