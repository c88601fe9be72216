"""The chapters of docs/guide as pages, for readers who have no repository at hand."""

import re

from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from markdown_it import MarkdownIt

FOLDER = settings.ROOT / "docs" / "guide"
WITHIN = re.compile(r"https?://|#|[\w.-]+\.md(#|$)")  # what a page here can lead to


def guide(request, name):
    """One chapter; in the reader's language where it has that."""
    chapters = {path.name: path for path in FOLDER.glob("*.md")}
    translated = f"{name.partition('.')[0]}.{(get_language() or 'en')[:2]}.md"
    path = chapters.get(translated) or chapters.get(name)
    if path is None:
        raise Http404
    text = path.read_text("utf-8")
    title = text.partition("\n")[0].lstrip("# ")
    return render(request, "corpus/guide.html", {"title": title, "chapter": _html(text)})


def _html(text):
    """HTML of a chapter, without pictures and without links to files that are no chapters."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(text)
    for token in tokens:
        kept, dropped = [], 0
        for child in token.children or []:
            if child.type == "link_open" and not WITHIN.match(str(child.attrGet("href"))):
                dropped += 1
            elif child.type == "link_close" and dropped:
                dropped -= 1
            else:
                kept.append(child)
        if token.children is not None:
            token.children = kept
    html = parser.renderer.render(tokens, parser.options, {})
    return mark_safe(html)  # of our own files, with HTML in them escaped
