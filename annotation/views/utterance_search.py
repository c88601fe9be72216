"""Finding utterances: by their words, who says them, how long they are, what they were judged."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from annotation.utterance_search import FindingForm
from core.errors import UserError
from core.pagination import Keyset, at_most
from core.parameters import number, numbers
from core.translation import translate_error
from corpus.bulk_edits import assign_speaker
from corpus.models import Speaker, Utterance
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of, with_role
from corpus.search import search_page
from corpus.visibility import WORDS, notice, withheld


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

    def fetch(edge, forwards, size):
        return search_page(
            shown, words, number(edge, 0 if forwards else 2**62), size, forwards, exact
        )

    page = context(
        corpus,
        "corpus",
        form=form,
        words=words,
        exact=exact,
        left_out=left_out,
        notice=notice(request.user, hidden, [WORDS]) if left_out else "",
        page=Keyset(request, fetch, lambda row: str(row.pk)),
        speakers=corpus.speakers.all()[:2000] if corpus.my_role == LEAD else [],
    )
    if not words:
        page["count"], page["more"] = at_most(rows)
    return render(request, "annotation/utterance_search.html", page)


def _assigned(request, corpus, rows):
    """Give the ticked utterances to a speaker, each dialogue's as one revision of it."""
    with_role(request, corpus, LEAD)
    chosen = rows.filter(pk__in=numbers(request.POST.getlist("pk")))
    wanted = number(request.POST.get("speaker"))
    speaker = Speaker.objects.filter(corpus=corpus, pk=wanted).first()
    if speaker is not None:
        try:
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
