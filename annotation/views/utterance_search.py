"""Finding utterances: by their words, who says them, how long they are, what they were judged."""

from django.contrib import messages
from django.db.models import F
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from annotation.utterance_search import FindingForm
from core.data_table import Column, DataTable
from core.errors import UserError, gettext_noop
from core.normalization import normalized
from core.parameters import number, numbers
from core.translation import translate_error
from corpus.bulk_edits import assign_speaker
from corpus.forms import FEW
from corpus.models import Utterance
from corpus.page_context import context, export_of
from corpus.permissions import LEAD, corpus_of, with_role
from corpus.search import search_page
from corpus.visibility import WORDS, notice, withheld

MOST = 1000  # utterances with some words that a page counts
UTTERANCES = DataTable(
    "utterances",
    [
        Column("text", _("text"), fixed=True),
        Column("speaker", _("speaker"), sort="speaker__name"),
        Column("dialogue", _("dialogue"),
               sort=("dialogue__source_id", "dialogue__number", "number")),
        Column("source", _("source"), value=lambda row: row.dialogue.source),
        Column("seconds", _("seconds"), sort="length", numeric=True, falling=True,
               value=lambda row: row.length),
        Column("start", _("start"), hidden=True, numeric=True),
        Column("uid", _("id"), hidden=True),
        Column("machine", _("machine transcript"), hidden=True),
    ],
)  # fmt: skip


def utterance_search(request, pk):
    """Utterances of a corpus that fit, in the order they came in; leads give many a speaker.

    Those whose words are withheld from the person are left out: each filter says something of them.
    """
    corpus = corpus_of(request, pk)
    only = None if corpus.my_role == LEAD else request.user
    form = FindingForm(request.GET, corpus=corpus, only=only, person=request.user)
    rows = Utterance.objects.filter(corpus=corpus)
    if corpus.my_role != LEAD:
        rows = rows.filter(dialogue__publication__isnull=False)
    hidden = withheld(request.user, WORDS).filter(corpus=corpus)
    left_out = hidden.count()
    if left_out:
        rows = rows.exclude(dialogue__in=hidden.order_by().values("pk"))
    rows = form.filtered(rows)
    if request.method == "POST":
        return _assigned(request, corpus, rows)
    asked = form.cleaned_data if form.is_valid() else {}
    words, exact = asked.get("q", ""), asked.get("exact", False)
    shown = rows.select_related("dialogue__source", "speaker")
    shown = shown.annotate(length=F("end") - F("start"))
    table = UTTERANCES.page(
        request, shown, form, export=export_of(request, corpus),
        **(_searched(shown, words, exact) if words else {}),
    )  # fmt: skip
    page = context(
        corpus,
        "corpus",
        words=words,
        exact=exact,
        left_out=left_out,
        notice=notice(request.user, hidden, [WORDS]) if left_out else "",
        **_choice_of_speaker(corpus),
    )
    return table.render("annotation/utterance_search.html", page)


def _choice_of_speaker(corpus):
    """Whom a lead may choose: a list while they are few, else somebody whose name is typed."""
    few = list(corpus.speakers.all()[: FEW + 1]) if corpus.my_role == LEAD else []
    return {"speakers": few[:FEW], "many_speakers": len(few) > FEW}


def _speaker_of(corpus, asked):
    """Who was chosen. Raises UserError where there is nobody of this name or id."""
    name = asked.get("speaker_name", "").strip()
    if not name:
        found = corpus.speakers.filter(pk=number(asked.get("speaker"))).first()
    else:
        alike = corpus.speakers.filter(identity=normalized(name)).order_by("pk")
        found = alike.filter(name=name).first() or alike.first()
    if found is None:
        raise UserError(
            gettext_noop("This corpus has no speaker “%(name)s”. Enter a name as it is listed."),
            name=name,
        )
    return found


def _searched(rows, words, exact):
    """How a table reads and counts utterances with these words: by the search index, in the order
    they came in.
    """

    def fetch(edge, forwards, size):
        edge = edge if edge is not None else 0 if forwards else 2**62
        return search_page(rows, words, edge, size, forwards, exact)

    def count():
        found = len(
            search_page(rows.only("pk").select_related(None), words, 0, MOST + 1, exact=exact)
        )
        return min(found, MOST), found > MOST

    return {"fetch": fetch, "count_rows": count}


def _assigned(request, corpus, rows):
    """Give the ticked utterances to a speaker, each dialogue's as one revision of it."""
    with_role(request, corpus, LEAD)
    chosen = rows.filter(pk__in=numbers(request.POST.getlist("pk")))
    try:
        speaker = _speaker_of(corpus, request.POST)
        count = assign_speaker(chosen, speaker, request.user)
    except UserError as error:
        messages.error(request, translate_error(error))
        return redirect(request.get_full_path())
    said = ngettext(
        "%(count)d utterance was assigned to %(name)s.",
        "%(count)d utterances were assigned to %(name)s.",
        count,
    )
    messages.success(request, said % {"count": count, "name": speaker.name})
    return redirect(request.get_full_path())
