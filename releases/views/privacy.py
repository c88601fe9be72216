"""What in the transcripts looks private, and what people say of it before a release."""

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
from releases import personal_data
from releases.models import Inspection

SIZE = 50  # sightings on a page
LOOKED_AT = 50_000  # utterances that one page looks through
FIELDS = ("text", "translation")


def sightings(request, pk):
    """Sightings from an utterance on; what is not cleared is masked in every release.

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
        Outcome=Inspection.Outcome,
    )
    return render(request, "releases/sightings.html", page)


def _page(corpus, hidden, start):
    """(rows, id of the utterance that comes next, whether there may be more)."""
    spoken = Utterance.objects.filter(corpus=corpus, pk__gte=start).order_by("pk")
    spoken = spoken.exclude(dialogue__in=hidden.order_by().values("pk"))
    found, seen, last = [], 0, start
    for pk, *texts in spoken.values_list("pk", *FIELDS)[:LOOKED_AT].iterator(chunk_size=2000):
        seen, last = seen + 1, pk
        if len(found) >= SIZE:
            return _shown(found), pk, True
        for text in texts:
            found += [(pk, text, sighting) for sighting in personal_data.sightings(text)]
    return _shown(found), last + 1, seen == LOOKED_AT


def _shown(found):
    ids = [pk for pk, _text, _sighting in found]
    utterances = Utterance.objects.select_related("dialogue", "speaker").in_bulk(ids)
    said = Inspection.said(ids)
    return [
        {
            "utterance": utterances[pk],
            "before": text[: sighting.start],
            "words": sighting.words,
            "after": text[sighting.end :],
            "kind": sighting.kind,
            "outcome": said[pk].get(sighting.words[:200], ""),
        }
        for pk, text, sighting in found
    ]


@require_POST
def inspection(request, pk):
    """Say of one sighting whether it is private."""
    found = get_object_or_404(Utterance.objects.select_related("dialogue"), pk=pk)
    corpus = corpus_of(request, found.corpus_id, LEAD)
    if not visible(request.user, found.dialogue).words:
        raise Withheld(_("A round that you annotate withholds the words of this dialogue."))
    outcome, words = request.POST.get("outcome"), request.POST.get("words", "")
    seen = [s for name in FIELDS for s in personal_data.sightings(getattr(found, name))]
    sighting = next((s for s in seen if s.words == words), None)
    if sighting is None or outcome not in Inspection.Outcome.values:
        raise Http404
    Inspection.inspect(request.user, found, sighting, outcome)
    start = number(request.POST.get("from"))
    return redirect(f"{reverse('sightings', args=[corpus.pk])}?from={start}#u{found.pk}")
