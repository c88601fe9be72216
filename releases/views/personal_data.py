"""The review of possible personal data in the transcripts, before a release."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.parameters import number
from corpus.models import Utterance
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from corpus.visibility import WORDS, Withheld, visible, withheld
from releases.models import PersonalDataReview
from releases.personal_data import PersonalDataMatch, find_personal_data

SIZE = 50  # matches on a page
SEARCHED = 50_000  # utterances that one page searches
FIELDS = ("text", "translation")


def personal_data(request, pk):
    """Matches from an utterance on; what is not cleared is masked in every release.

    Dialogues whose words are withheld from the person are left out and counted.
    """
    corpus = corpus_of(request, pk, LEAD)
    start = number(request.GET.get("from"))
    hidden = withheld(request.user, WORDS)
    rows, last, more = _page(corpus, hidden, start)
    page = context(
        corpus,
        "releases",
        rows=rows,
        start=start,
        next=last if more else None,
        hidden=hidden.filter(corpus=corpus).count(),
        Outcome=PersonalDataReview.Outcome,
    )
    return render(request, "releases/personal_data.html", page)


def _page(corpus, hidden, start):
    """(rows, id of the utterance that comes next, whether there may be more)."""
    spoken = Utterance.objects.filter(corpus=corpus, pk__gte=start).order_by("pk")
    spoken = spoken.exclude(dialogue__in=hidden.order_by().values("pk"))
    matches: list[tuple[int, str, PersonalDataMatch]] = []
    seen, last = 0, start
    for pk, *texts in spoken.values_list("pk", *FIELDS)[:SEARCHED].iterator(chunk_size=2000):
        seen, last = seen + 1, pk
        if len(matches) >= SIZE:
            return _shown(matches), pk, True
        for text in texts:
            matches += [(pk, text, match) for match in find_personal_data(text)]
    return _shown(matches), last + 1, seen == SEARCHED


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
    matches = [m for name in FIELDS for m in find_personal_data(getattr(utterance, name))]
    match = next((m for m in matches if m.words == words), None)
    if match is None or outcome not in PersonalDataReview.Outcome.values:
        raise Http404
    return PersonalDataReview.record(person, utterance, match, outcome)
