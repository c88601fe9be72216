"""Agreement, adjudication and quality of a corpus: which round of it is meant."""

from django.db.models import Count
from django.shortcuts import redirect, render

from annotation.blinding import withheld_rounds
from annotation.models import Item, QualityFlag
from annotation.progress import with_submission_counts
from corpus.page_context import context
from corpus.permissions import ADJUDICATOR, LEAD, corpus_of


def agreement(request, pk):
    return _choice(request, corpus_of(request, pk, LEAD, ADJUDICATOR), "agreement")


def adjudication(request, pk):
    waiting = Item.objects.filter(open=True)
    return _choice(request, corpus_of(request, pk, LEAD, ADJUDICATOR), "adjudication", waiting)


def quality(request, pk):
    return _choice(request, corpus_of(request, pk, LEAD), "quality", QualityFlag.objects.waiting())


def _choice(request, corpus, part, waiting=None):
    """The rounds to choose from; where there is one alone, its page at once."""
    rounds = list(with_submission_counts(corpus.rounds.select_related("closure")).order_by("-pk"))
    if len(rounds) == 1:
        return redirect(part, rounds[0].pk)
    withheld = set(withheld_rounds(request.user).values_list("pk", flat=True))
    counts = {}
    if waiting is not None:
        counted = waiting.filter(round__corpus=corpus).order_by().values_list("round")
        counts = dict(counted.annotate(n=Count("pk")))
    for each in rounds:
        each.withheld = each.pk in withheld
        each.waiting = 0 if each.withheld else counts.get(each.pk, 0)
    page = context(corpus, "rounds", part=part, rounds=rounds)
    return render(request, "annotation/round_choice.html", page)
