"""Dialogues: choosing, watching, publishing; and their media, with Range."""

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.data_table import Column, DataTable, read
from core.errors import UserError
from core.parameters import number, numbers
from core.translation import translate_error
from corpus import visibility
from corpus.forms import DialogueFilter
from corpus.media_delivery import give_media
from corpus.media_info import MediaError
from corpus.models import Dialogue
from corpus.page_context import context, export_of
from corpus.permissions import LEAD, corpus_of, dialogue_of, with_role
from corpus.publication_undo import say_published, undo_publication, undoable_by

DIALOGUES = DataTable(
    "dialogues",
    [
        Column("dialogue", _("dialogue"), sort="uid", fixed=True, value=str),
        Column("source", _("source"), sort=("source_id", "number"), value=lambda row: row.source),
        Column("length", _("length"), sort="seconds", numeric=True, falling=True,
               value=lambda row: row.duration),
        Column("utterances", _("utterances"), sort="size", numeric=True, falling=True,
               value=lambda row: row.size),
        Column("published", _("published"), sort="publication__at", falling=True,
               value=lambda row: read(row, "publication__at")),
        Column("published_by", _("published by"), hidden=True,
               value=lambda row: read(row, "publication__person")),
        Column("split", _("split"), sort="split", hidden=True),
    ],
    sort="source",
)  # fmt: skip


def dialogues(request, pk):
    """Filters by name, source, state and length; many are published at once."""
    corpus = corpus_of(request, pk)
    form = DialogueFilter(request.GET, corpus=corpus)
    matching = form.filtered(Dialogue.objects.of(request.user).filter(corpus=corpus))
    if request.method == "POST":
        return _published(request, corpus, matching)
    rows = matching.select_related("source", "publication__person").sized()
    rows = rows.annotate(seconds=F("end") - F("start"))
    table = DIALOGUES.page(request, rows, form, export=export_of(request, corpus))
    page = context(corpus, "corpus")
    publishable = matching.publishable().count() if page["role"] == LEAD else 0
    return table.render("corpus/dialogues.html", page | {"publishable": publishable})


def _published(request, corpus, matching):
    """Publish what was ticked, or all that the filters find."""
    with_role(request, corpus, LEAD)
    if request.POST.get("which") != "all":
        matching = matching.filter(pk__in=numbers(request.POST.getlist("pk")))
    say_published(request, matching.publish(request.user, corpus))
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
    try:
        return give_media(request, dialogue_of(request, pk), name)
    except MediaError as failure:
        return HttpResponse(
            translate_error(failure), status=422, content_type="text/plain; charset=utf-8"
        )


@require_POST
def publish(request, pk):
    dialogue = dialogue_of(request, pk, LEAD)
    try:
        publication = dialogue.publish(request.user)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    else:
        if publication.person_id == request.user.pk:
            say_published(request, [publication])
    return redirect("dialogue", dialogue.pk)


@require_POST
def publication(request, pk):
    """Undo what the person has published a short while ago, from this publication to `last`."""
    own = undoable_by(request.user).select_related("dialogue__corpus")
    first = get_object_or_404(own, pk=pk)
    corpus = with_role(request, first.dialogue.corpus, LEAD)
    last = number(request.GET.get("last")) or first.pk
    try:
        found = undo_publication(request.user, first, last)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    else:
        count = len(found)
        words = ngettext(
            "%(count)d dialogue is not published any more.",
            "%(count)d dialogues are not published any more.",
            count,
        )
        messages.success(request, words % {"count": count})
    if first.pk == last:
        return redirect("dialogue", first.dialogue_id)
    return redirect("dialogues", corpus.pk)
