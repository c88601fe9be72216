"""Speakers: who talks, their traits and pseudonyms; renaming and merging."""

from itertools import groupby
from operator import attrgetter

from django.contrib import messages
from django.db.models import Count, Q
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.data_table import Column, DataTable
from core.errors import UserError
from core.parameters import number, posted
from core.translation import translate_error
from corpus.forms import SpeakerFilter, SpeakerForm
from corpus.models import Speaker, Utterance
from corpus.page_context import context, export_of
from corpus.permissions import LEAD, corpus_of, with_role

MOST_DUPLICATES = 200


SPEAKERS = DataTable(
    "speakers",
    [
        Column("name", _l("name"), sort="name", fixed=True),
        Column("pseudonym", _l("pseudonym"), sort="pseudonym"),
        Column("gender", _l("gender"), value=lambda row: row.gender_text),
        Column("age", _l("age"), value=lambda row: row.age_text),
        Column("role", _l("role in the series"), value=lambda row: row.role_text),
        Column("size", _l("utterances"), sort="size", numeric=True, falling=True),
    ],
    sort="name",
    size=100,
)


def speakers(request, pk):
    """Everybody who talks in the corpus, with how much."""
    corpus = corpus_of(request, pk, LEAD)
    form = SpeakerFilter(request.GET)
    counted = corpus.speakers.annotate(
        size=Count("utterances", filter=Q(utterances__retired=False))
    )
    by_size = SPEAKERS.sorted_by(request, "size")
    asked = form.cleaned_data if form.is_valid() else {}
    table = SPEAKERS.page(
        request,
        form.filtered(counted if by_size else corpus.speakers.all()),
        form,
        prepare=None if by_size else _with_sizes,
        export=export_of(request, corpus),
    )
    page = context(
        corpus,
        "corpus",
        exact=asked.get("exact", False),
        duplicates=_duplicates(counted.filter(pk__in=corpus.speakers.duplicates())),
        nameless=corpus.speakers.filter(pseudonym="").count(),
    )
    return table.render("corpus/speakers.html", page)


def _with_sizes(rows):
    """The speakers of a page with how many utterances each has; to count all takes long."""
    sizes = Utterance.objects.sizes("speaker", rows)
    for row in rows:
        row.size = sizes.get(row.pk, 0)
    return rows


def _duplicates(rows):
    """Groups of speakers whose names are the same but for their spelling; who talks most first."""
    ordered = rows.order_by("identity", "-size", "pk")[:MOST_DUPLICATES]
    return [list(group) for _same, group in groupby(ordered, attrgetter("identity"))]


def _speaker_of(request, pk):
    led = Speaker.objects.of(request.user).select_related("corpus")
    speaker = get_object_or_404(led, pk=pk)
    with_role(request, speaker.corpus, LEAD)
    return speaker


def speaker(request, pk):
    """One speaker: name, pseudonym, traits."""
    speaker = _speaker_of(request, pk)
    form = SpeakerForm(posted(request), speaker=speaker)
    if request.method == "POST" and form.is_valid():
        try:
            form.save(by=request.user)
            messages.success(request, _("Saved."))
            return redirect("speakers", speaker.corpus_id)
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
    others = speaker.corpus.speakers.exclude(pk=speaker.pk)
    page = context(
        speaker.corpus,
        "corpus",
        speaker=speaker,
        form=form,
        others=others,
        size=speaker.utterances.count(),
    )
    return render(request, "corpus/speaker.html", page)


@require_POST
def new_speaker(request, pk):
    """The speaker of a name, made if there is none; for the editor."""
    corpus = corpus_of(request, pk, LEAD)
    try:
        speaker_row = Speaker.introduce(request.user, corpus, request.POST.get("name", ""))
    except UserError as refusal:
        return JsonResponse({"why": translate_error(refusal)}, status=400)
    return JsonResponse({"id": speaker_row.pk, "name": speaker_row.name})


@require_POST
def merger(request, pk):
    speaker = _speaker_of(request, pk)
    other = get_object_or_404(
        Speaker.objects.filter(corpus=speaker.corpus), pk=number(request.POST.get("into"))
    )
    try:
        count = speaker.merge(request.user, other)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("speaker", speaker.pk)
    message = ngettext(
        "%(count)d utterance of %(name)s is now %(other)s's.",
        "%(count)d utterances of %(name)s are now %(other)s's.",
        count,
    )
    messages.success(request, message % {"count": count, "name": speaker.name, "other": other.name})
    return redirect("speakers", speaker.corpus_id)


@require_POST
def pseudonyms(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    count = Speaker.pseudonymise(request.user, corpus)
    message = ngettext("%(count)d pseudonym given.", "%(count)d pseudonyms given.", count)
    messages.success(request, message % {"count": count})
    return redirect("speakers", corpus.pk)
