"""The guides of docs/guide: chapters in two languages, their sections, and a search in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from markdown_it.token import Token

from core.markdown import markdown

FOLDER = settings.ROOT / "docs" / "guide"
PARTS: dict[Any, tuple[str, ...]] = {  # heading of the list -> names of its chapters
    _("Getting started"): ("tour", "interface"),
    _("For annotators and adjudicators"): ("annotator", "adjudicator"),
    _("For leads"): ("corpus", "rounds", "releases"),
    _("For modellers"): ("runs",),
    _("For administrators"): ("administrator", "monitoring"),
    _("Reference"): ("statistics", "api"),
}
NAMES = tuple(name for names in PARTS.values() for name in names)
LANGUAGES = ("en", "zh")
CHAPTER_LINK = re.compile(r"([\w-]+)\.(?:en|zh)\.md(#.*)?$")
SHOWN_AROUND = 60  # characters of a section beside what was found
HITS = 20  # at most, of one search


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it, up to the next heading."""

    title: str
    anchor: str
    text: str  # without the marks of Markdown


@dataclass(frozen=True)
class Chapter:
    """A file of docs/guide in one language."""

    name: str
    title: str
    html: SafeString
    sections: tuple[Section, ...]

    @property
    def url(self) -> str:
        return reverse("guide", args=[self.name])


@dataclass(frozen=True)
class Hit:
    """A section in which all words of a search were found."""

    chapter: Chapter
    section: Section
    before: str
    found: str
    after: str

    @property
    def url(self) -> str:
        return f"{self.chapter.url}#{self.section.anchor}"


@cache
def chapter(name: str, language: str) -> Chapter:
    """A chapter in `language` ("en" or "zh"). Raises KeyError if there is none of that name."""
    if name not in NAMES:
        raise KeyError(name)
    source = (FOLDER / f"{name}.{language}.md").read_text("utf-8")
    parser = markdown()
    tokens = parser.parse(source)
    sections = tuple(_sections(tokens))
    for token in tokens:
        for child in token.children or []:
            _lead_within(child)
    html = parser.renderer.render(tokens, parser.options, {})
    title = sections[0].title
    return Chapter(name, title, mark_safe(html), sections)  # of our own files, HTML in it escaped


def chapters(language: str) -> list[tuple[Any, list[Chapter]]]:
    """(heading, its chapters), in the order of the list of guides."""
    return [(part, [chapter(name, language) for name in names]) for part, names in PARTS.items()]


def neighbours(name: str, language: str) -> tuple[Chapter | None, Chapter | None]:
    """The chapter before and the one after."""
    place = NAMES.index(name)
    before = chapter(NAMES[place - 1], language) if place else None
    after = chapter(NAMES[place + 1], language) if place + 1 < len(NAMES) else None
    return before, after


def search(words: str, language: str) -> list[Hit]:
    """The sections that hold every word, those with more of them in the heading first."""
    wanted = words.casefold().split()
    if not wanted:
        return []
    found: list[tuple[int, Hit]] = []
    for name in NAMES:
        page = chapter(name, language)
        for section in page.sections:
            title, text = section.title.casefold(), section.text.casefold()
            if all(word in title or word in text for word in wanted):
                in_title = sum(word in title for word in wanted)
                found.append((-in_title, _hit(page, section, wanted)))
    found.sort(key=lambda pair: pair[0])
    return [hit for _rank, hit in found[:HITS]]


def _hit(page: Chapter, section: Section, wanted: list[str]) -> Hit:
    """The hit with the words around the first one that stands in the text."""
    folded = section.text.casefold()
    places = [(folded.find(word), word) for word in wanted if word in folded]
    if not places or len(folded) != len(section.text):
        return Hit(page, section, "", "", section.text[: 2 * SHOWN_AROUND])
    start, word = min(places)
    end = start + len(word)
    text, first = section.text, max(0, start - SHOWN_AROUND)
    before = ("…" if first else "") + text[first:start]
    return Hit(page, section, before, text[start:end], text[end : end + 2 * SHOWN_AROUND])


def _sections(tokens: list[Token]) -> Iterator[Section]:
    """The sections of a chapter; each heading gets the anchor of its words, as GitHub makes it."""
    title, anchor, words = "", "", [""]
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            if title:
                yield Section(title, anchor, " ".join(" ".join(words).split()))
            title, words = _plain(tokens[place + 1]), []
            anchor = anchor_of(title)
            token.attrSet("id", anchor)
        elif token.type == "inline" and tokens[place - 1].type != "heading_open":
            words.append(_plain(token))
        elif token.type in ("fence", "code_block"):
            words.append(token.content)
    yield Section(title, anchor, " ".join(" ".join(words).split()))


def anchor_of(title: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def _plain(inline: Token) -> str:
    breaks = ("softbreak", "hardbreak")
    return "".join(
        " " if child.type in breaks else child.content for child in inline.children or []
    )


def _lead_within(child: Token) -> None:
    """Links to chapters lead to their pages, pictures to static files; other links to files go."""
    if child.type == "image":
        child.attrSet("src", static(f"guide/{str(child.attrGet('src')).removeprefix('images/')}"))
        child.attrSet("loading", "lazy")
    elif child.type == "link_open":
        target = str(child.attrGet("href"))
        if found := CHAPTER_LINK.match(target):
            child.attrSet("href", reverse("guide", args=[found[1]]) + (found[2] or ""))
        elif not target.startswith(("http://", "https://", "#")):
            child.attrSet("href", reverse("guides"))
