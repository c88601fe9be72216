"""The guides as pages, for readers who have no repository at hand."""

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import get_language

from core.parameters import text
from corpus import guides


def guide_list(request):
    """All chapters, or the sections that hold the words `q`."""
    words = text(request.GET, "q").strip()
    language = _language()
    page = {
        "parts": guides.chapters(language),
        "words": words,
        "hits": guides.search(words, language) if words else None,
    }
    return render(request, "corpus/guides.html", page)


def guide(request, name):
    """One chapter, in the reader's language."""
    language = _language()
    try:
        chapter = guides.chapter(name, language)
    except KeyError:
        raise Http404 from None
    before, after = guides.neighbours(name, language)
    page = {
        "chapter": chapter,
        "parts": guides.chapters(language),
        "before": before,
        "after": after,
    }
    return render(request, "corpus/guide.html", page)


def _language():
    return "zh" if (get_language() or "").startswith("zh") else "en"
