"""The search over everything: a page, and what of it the command palette shows."""

from django.shortcuts import render

from core.findable import find
from core.parameters import text
from corpus.models import Corpus
from corpus.side_bar import COOKIE, last_membership

IN_PALETTE = 6  # of a kind
ON_PAGE = 20


def site_search(request):
    """What the words find, in the corpus looked at last or, with `all`, in every one of mine."""
    words, palette = text(request.GET, "q"), bool(request.htmx)
    everywhere = bool(request.GET.get("all"))
    corpus = None if everywhere else _corpus(request)
    most = (IN_PALETTE if words else ON_PAGE) if palette else ON_PAGE
    page = {
        "words": words,
        "everywhere": everywhere,
        "found": find(request.user, words, corpus.pk if corpus else None, most),
        "within": corpus,
    }
    template = "corpus/_search_hits.html" if palette else "corpus/site_search.html"
    return render(request, template, page)


def _corpus(request):
    """The corpus that the address or the cookie names, if it is one of the person's."""
    named = request.GET.get("corpus") or request.COOKIES.get(COOKIE, "")
    mine = Corpus.objects.of(request.user)
    if named.isascii() and named.isdecimal() and len(named) < 18:
        return mine.filter(pk=int(named)).first()
    first = last_membership(request.user, "")
    return first.corpus if first else None
