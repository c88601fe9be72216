"""The review of possible personal data in the transcripts, before a release."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.fragments import live_part
from core.parameters import number
from corpus.models import Utterance
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from corpus.visibility import WORDS, Withheld, visible, withheld
from releases.models import PersonalDataCandidate, PersonalDataReport, PersonalDataReview
from releases.personal_data import PersonalDataMatch, find_personal_data
from releases.personal_data_search import FIELDS, matches_in

SIZE = 50  # matches on a page, as far as an utterance has not more


def personal_data(request, pk):
    """Matches from an utterance on; what is not cleared is masked in every release. In which
    utterances to look is known from the last report; where the corpus has changed since, a worker
    makes it anew.

    Dialogues whose words are withheld from the person are left out and counted.
    """
    corpus = corpus_of(request, pk, LEAD)
    report = PersonalDataReport.of(corpus)
    start = number(request.GET.get("from"))
    hidden = withheld(request.user, WORDS).filter(corpus=corpus)
    left_out = hidden.count()
    candidates = PersonalDataCandidate.objects.filter(
        corpus=corpus, utterance__gte=start, utterance__retired=False
    )
    if left_out:
        candidates = candidates.exclude(utterance__dialogue__in=hidden.order_by().values("pk"))
    rows, following = _page(candidates)
    page = context(
        corpus,
        "releases",
        report=report,
        report_progress=_progress_of(corpus),
        rows=rows,
        start=start,
        next=following,
        hidden=left_out,
        Outcome=PersonalDataReview.Outcome,
    )
    return render(request, "releases/personal_data.html", page)


def _progress_of(corpus):
    return reverse("personal_data_progress", args=[corpus.pk])


def progress(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    report = get_object_or_404(PersonalDataReport, corpus=corpus)
    values = {"job": report, "name": "report", "url": _progress_of(corpus)}
    return live_part(request, "_progress.html", report.active, values)


@require_POST
def search(request, pk):
    """Have a worker search the transcripts now."""
    corpus = corpus_of(request, pk, LEAD)
    PersonalDataReport.request(corpus, by=request.user)
    return redirect("personal_data", corpus.pk)


def _page(candidates):
    """(rows, id of the utterance that the next page begins with or None)."""
    texts = [f"utterance__{name}" for name in FIELDS]
    found = list(candidates.order_by("pk").values_list("pk", *texts)[: SIZE + 1])
    matches: list[tuple[int, str, PersonalDataMatch]] = []
    for pk, *words in found[:SIZE]:
        if len(matches) >= SIZE:
            return _shown(matches), pk
        for text in words:
            matches += [(pk, text, match) for match in find_personal_data(text)]
    return _shown(matches), found[SIZE][0] if len(found) > SIZE else None


def _shown(matches):
    ids = [pk for pk, _text, _match in matches]
    utterances = Utterance.objects.select_related("dialogue", "speaker").in_bulk(ids)
    outcomes = PersonalDataReview.outcomes(ids)
    return [
        {
            "utterance": utterances[pk],
            "before": text[: match.start],
            "words": match.words,
            "after": text[match.end :],
            "kind": match.kind,
            "outcome": outcomes[pk].get(match.words[:200], ""),
        }
        for pk, text, match in matches
    ]


@require_POST
def personal_data_review(request, pk):
    """Decide whether words are personal data."""
    utterance = get_object_or_404(Utterance.objects.select_related("dialogue"), pk=pk)
    corpus = corpus_of(request, utterance.corpus_id, LEAD)
    outcome, words = request.POST.get("outcome"), request.POST.get("words", "")
    review_words(request.user, utterance, words, outcome)
    start = number(request.POST.get("from"))
    return redirect(f"{reverse('personal_data', args=[corpus.pk])}?from={start}#u{utterance.pk}")


def review_words(person, utterance, words, outcome):
    """Keep what was decided about words of an utterance. Raises Http404 where these were not found,
    Withheld where the person may not read them now.
    """
    if not visible(person, utterance.dialogue).words:
        raise Withheld(_("A round that you annotate withholds the words of this dialogue."))
    matches = matches_in(*(getattr(utterance, name) for name in FIELDS))
    match = next((m for m in matches if m.words == words), None)
    if match is None or outcome not in PersonalDataReview.Outcome.values:
        raise Http404
    return PersonalDataReview.record(person, utterance, match, outcome)
