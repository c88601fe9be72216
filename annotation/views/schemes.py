"""Schemes and guidelines: their versions, and the next guideline."""

from itertools import zip_longest

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.blinding import examples_of, guard_guideline, guideline_for
from annotation.forms import AnnotationSettingsForm, GuidelineForm
from annotation.guideline_changes import section_changes
from annotation.models import Guideline
from annotation.templatetags.scheme import in_sections, sections
from core.parameters import number, posted
from corpus.models import Corpus
from corpus.page_context import context
from corpus.permissions import ADJUDICATOR, LEAD, corpus_of, with_role


def annotation_settings(request, pk):
    """What new rounds of the corpus start with."""
    corpus = corpus_of(request, pk, LEAD)
    form = AnnotationSettingsForm(posted(request), corpus=corpus)
    if request.method == "POST" and form.is_valid():
        corpus.set(request.user, default_scheme=form.cleaned_data["scheme"])
        messages.success(request, _("Settings saved."))
        return redirect("annotation_settings", pk)
    page = context(corpus, "settings", tab="annotation", form=form)
    return render(request, "annotation/settings.html", page)


def schemes(request, pk):
    """Every version of the scheme and of the guideline, with the rounds that use it."""
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    page = context(
        corpus,
        "rounds",
        schemes=_with_previous(corpus.schemes.prefetch_related("rounds")),
        guidelines=_with_previous(
            corpus.guidelines.select_related("person").prefetch_related("rounds")
        ),
    )
    return render(request, "annotation/schemes.html", page)


def _with_previous(versions):
    """Each version with the number of the one before it, None for the first."""
    rows = list(versions)
    return list(zip_longest(rows, [each.number for each in rows[1:]]))


def new_guideline(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    newest = corpus.guidelines.first()
    guard_guideline(request.user, newest)
    form = GuidelineForm(posted(request), initial={"text": newest.text if newest else ""})
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        made = Guideline.draw_up(request.user, corpus, chosen["text"], chosen["note"])
        return redirect("guideline", made.pk)
    page = context(corpus, "rounds", form=form, newest=newest)
    return render(request, "annotation/new_guideline.html", page)


def _quoted(examples, part):
    """The utterances that a section quotes."""
    return [each for each in examples if f"> {Guideline.quoted(each)}" in part]


@require_POST
def guideline_preview(request, pk):
    """A text as annotators will read it, and which sections differ from the newest version."""
    corpus = corpus_of(request, pk, LEAD)
    newest, words = corpus.guidelines.first(), request.POST.get("text", "").replace("\r\n", "\n")
    before, _hidden = guideline_for(request.user, newest)
    shown = {
        "newest": newest,
        "changes": section_changes(before, words),
        "sections": sections(words),
    }
    return render(request, "annotation/_guideline_preview.html", shown)


def guideline(request, pk):
    """One version, to everybody of the corpus; without examples from what they annotate blind."""
    found = get_object_or_404(
        Guideline.objects.filter(corpus__in=Corpus.objects.of(request.user)), pk=pk
    )
    corpus = with_role(request, found.corpus)
    text, left_out = guideline_for(request.user, found)
    examples = list(examples_of(found))
    page = context(
        corpus,
        "rounds",
        guideline=found,
        left_out=left_out,
        parts=[(html, _quoted(examples, part)) for part, html in in_sections(text)],
    )
    return render(request, "annotation/guideline.html", page)


def guideline_comparison(request, pk):
    """What differs between two versions, without examples from what the reader annotates blind."""
    corpus = corpus_of(request, pk, LEAD, ADJUDICATOR)
    versions = list(corpus.guidelines.all())
    if not versions:
        raise Http404
    known = {each.number: each for each in versions}
    after = known.get(number(request.GET.get("to")), versions[0])
    before = known.get(number(request.GET.get("from")), versions[min(1, len(versions) - 1)])
    old, _hidden = guideline_for(request.user, before)
    new, left_out = guideline_for(request.user, after)
    page = context(
        corpus,
        "rounds",
        before=before,
        after=after,
        left_out=left_out,
        changes=section_changes(old, new),
        versions=[(str(each.number), f"{each} {each.note}") for each in versions],
    )
    return render(request, "annotation/guideline_comparison.html", page)
