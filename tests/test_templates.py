"""Templates: their layout, and that they name only what stands left of their app."""

import re
from pathlib import Path

import pytest
from django.template import engines
from django.urls import URLPattern, get_resolver

from core.page_slots import filled

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "templates"
ORDER = ["core", "people", "corpus", "annotation", "releases", "modeling", "backups", "demo"]
SHARED = "people"  # base.html and the components of all apps know the person and nothing else
FIRST_PAGE = "home"  # settings name it, too: where a sign-in leads
WIDEST = 120

COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}|{#.*?#}", re.DOTALL)
URL = re.compile(r"{% url [\"']([\w:-]+)[\"']")
TEMPLATE = re.compile(r"{% (?:include|extends) [\"']([\w/.]+)[\"']")
COMPONENT = re.compile(r"<c-(?!vars\b|slot\b)([a-z.-]+)")
LIBRARIES = re.compile(r"{% load ([\w ]+) %}")
SLOT = re.compile(r"{% page_slot \"(\w+)\"")
BLOCK = re.compile(r"{% blocktrans(?:late)?\b.*?{% endblocktrans(?:late)? %}", re.DOTALL)
TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
WORDS = re.compile(
    r"\s(title|label|aria-label|placeholder|alt|summary|button|legend|submit|empty|corner|below)"
    r"=\"([^\"]*)\""
)
OPENING = re.compile(r"<c-(?!vars\b|slot\b)([a-z.-]+)((?:\s+[^\s=>/]+(?:=\"[^\"]*\")?)*)\s*/?>")
DYNAMIC = re.compile(r"\s:([a-z_-]+)=|\s([a-z_-]+)=[^\"\s]")


def sources():
    """Every template's path below templates/ and its text without comments."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        yield str(path.relative_to(TEMPLATES)), COMMENT.sub("", path.read_text("utf-8"))


def app_of(name: str) -> str:
    """The app that a template belongs to: annotation/round.html, cotton/corpus/clip_player.html."""
    folder = name.removeprefix("cotton/").split("/")[0]
    return folder if folder in ORDER else SHARED


def component_path(name: str) -> str:
    return f"cotton/{name.replace('.', '/').replace('-', '_')}.html"


def apps_of_urls() -> dict[str, set[str]]:
    """The name of each address, and the apps whose views it leads to."""
    apps: dict[str, set[str]] = {}
    todo = [("", pattern) for pattern in get_resolver().url_patterns]
    while todo:
        space, pattern = todo.pop()
        if not isinstance(pattern, URLPattern):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            todo += [(inner, each) for each in pattern.url_patterns]
        elif pattern.name:
            module = pattern.lookup_str.split(".")[0]
            apps.setdefault(space + pattern.name, set()).add(module if module in ORDER else SHARED)
    return apps


def app_of_library(name: str) -> str:
    module = engines["django"].engine.libraries[name].split(".")[0]
    return module if module in ORDER else "core"


def named(text: str, urls: dict[str, set[str]]):
    """What a template names, and the app furthest left that it is of."""
    for name in URL.findall(text):
        if name != FIRST_PAGE and name in urls:
            yield name, min(urls[name], key=ORDER.index)
    for name in TEMPLATE.findall(text):
        yield name, app_of(name)
    for name in COMPONENT.findall(text):
        yield f"<c-{name}>", app_of(component_path(name))
    for names in LIBRARIES.findall(text):
        for name in names.split():
            yield f"library {name}", app_of_library(name)


def broken_arrows(name: str, text: str, urls: dict[str, set[str]]) -> list[str]:
    """A sentence for each thing of an app further right that a template names."""
    place = ORDER.index(app_of(name))
    return [
        f"{name}: {thing} is of {app}"
        for thing, app in named(text, urls)
        if ORDER.index(app) > place
    ]


def undeclared(name: str, text: str) -> list[str]:
    """A sentence for each value given to a component that does not say what it is for.

    Values that are not written in quotes are not escaped among the `attrs` of a component.
    """
    found = []
    for match in OPENING.finditer(TAG.sub("x", text)):
        path = TEMPLATES / component_path(match[1])
        declared = re.search(r"<c-vars ([^>]*)/>", COMMENT.sub("", path.read_text("utf-8")))
        parameters = set(re.findall(r"([a-z_-]+)=", declared[1] if declared else ""))
        given = {one or other for one, other in DYNAMIC.findall(match[2])}
        found += [f"{name}: <c-{match[1]}> has no {each}" for each in given - parameters]
    return found


def untranslated(name: str, text: str) -> list[str]:
    """A sentence for each word that an attribute for people holds as it is written."""
    return [
        f"{name}: {attribute}={words}"
        for attribute, words in WORDS.findall(TAG.sub("", BLOCK.sub("", text)))
        if re.search(r"[^\W\d_]{2}", words)
    ]


def test_lines_are_at_most_120_columns():
    long = [
        f"{name}:{number}"
        for name in (str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
        for number, line in enumerate((TEMPLATES / name).read_text("utf-8").splitlines(), 1)
        if len(line) > WIDEST
    ]
    assert long == []


def test_times_are_shown_by_one_library():
    """`core.templatetags.moments`: in the reader's zone, with the exact time beside."""
    other = re.compile(r"\|\s*(date|time|timesince|timeuntil|localtime)\b|{% (now|localtime)\b")
    files = (*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.txt"))
    assert [str(path) for path in files if other.search(path.read_text("utf-8"))] == []


def test_templates_name_addresses_that_exist():
    known = apps_of_urls()
    found = [
        f"{name}: {url}"
        for name, text in sources()
        for url in URL.findall(text)
        if url not in known
    ]
    assert found == []


def test_templates_name_components_that_exist():
    found = [
        f"{name}: <c-{component}>"
        for name, text in sources()
        for component in COMPONENT.findall(text)
        if not (TEMPLATES / component_path(component)).exists()
    ]
    assert found == []


def test_the_arrows_hold_in_templates():
    urls = apps_of_urls()
    found = [broken for name, text in sources() for broken in broken_arrows(name, text, urls)]
    assert found == []


def test_every_page_slot_is_filled_and_every_filled_slot_is_shown():
    shown = {slot for _, text in sources() for slot in SLOT.findall(text)}
    assert shown == set(filled())


def test_components_get_what_they_declare():
    assert [fault for name, text in sources() for fault in undeclared(name, text)] == []


def test_attributes_for_people_are_translated():
    assert [fault for name, text in sources() for fault in untranslated(name, text)] == []


def test_templates_compile():
    for name, _ in sources():
        engines["django"].get_template(name)


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("corpus/a.html", '{% url "rounds" 1 %}', "corpus/a.html: rounds is of annotation"),
        ("base.html", '{% url "corpus" 1 %}', "base.html: corpus is of corpus"),
        (
            "cotton/a.html",
            "<c-corpus.breadcrumb>",
            "cotton/a.html: <c-corpus.breadcrumb> is of corpus",
        ),
        ("corpus/a.html", "{% load scheme %}", "corpus/a.html: library scheme is of annotation"),
        (
            "annotation/a.html",
            '{% include "releases/_x.html" %}',
            "annotation/a.html: releases/_x.html is of releases",
        ),
    ],
)
def test_a_broken_arrow_is_found(name, text, fault):
    assert broken_arrows(name, text, apps_of_urls()) == [fault]


def test_what_stands_left_may_be_named():
    text = '{% load show i18n %}{% url "corpus" 1 %}<c-button>{% include "corpus/_filter.html" %}'
    assert broken_arrows("annotation/a.html", text, apps_of_urls()) == []
    assert broken_arrows("404.html", '{% url "home" %}', apps_of_urls()) == []


def test_a_value_that_a_component_does_not_declare_is_found():
    assert undeclared("a.html", '<c-chip :title="name" kind="{{ kind }}">') == [
        "a.html: <c-chip> has no title"
    ]
    assert undeclared("a.html", '<c-chip title="{{ name }}"><c-field :field="x" />') == []


def test_a_word_that_is_not_translated_is_found():
    assert untranslated("a.html", '<c-form submit="Save" label="{% trans "x" %} α">') == [
        "a.html: submit=Save"
    ]
