"""The guides in the application: both languages, links within, search, contents."""

import re

import pytest
from django.urls import resolve

from corpus import guides
from tests.factories import make_person

pytestmark = pytest.mark.django_db
CHAPTERS = [(name, language) for name in guides.NAMES for language in guides.LANGUAGES]
CHINESE = {"accept-language": "zh-hans"}


@pytest.fixture
def client(client_of):
    return client_of(make_person())


def test_each_file_is_a_chapter_and_each_chapter_has_both_languages():
    files = {path.name for path in guides.FOLDER.glob("*.md")} - {"index.en.md", "index.zh.md"}
    assert files == {f"{name}.{language}.md" for name, language in CHAPTERS}


@pytest.mark.parametrize(("name", "language"), CHAPTERS)
def test_links_of_a_chapter_lead_to_chapters_and_headings(name, language):
    html = guides.chapter(name, language).html
    for target in re.findall(r'href="([^"]+)"', html):
        path, _hash, anchor = target.partition("#")
        assert target.startswith("http") or not path or resolve(path).url_name == "guide", target
        page = guides.chapter(resolve(path).kwargs["name"], language) if path else None
        if anchor:
            known = {each.anchor for each in (page or guides.chapter(name, language)).sections}
            assert anchor in known, target
    assert "<script" not in html and "{%" not in html
    text = re.sub(r"<code.*?</code>", "", html, flags=re.DOTALL)
    assert "**" not in text  # emphasis that ends in a bracket before a Chinese character is none


@pytest.mark.parametrize("name", guides.NAMES)
def test_both_languages_of_a_chapter_have_the_same_parts(name):
    english, chinese = (guides.chapter(name, language).sections for language in guides.LANGUAGES)
    assert len(english) == len(chinese)


def test_the_list_and_a_chapter_are_in_the_readers_language(client):
    page = client.get("/guides/").content.decode()
    assert "For annotators and adjudicators" in page and "/guides/statistics/" in page
    assert "标注者指南" in client.get("/guides/annotator/", headers=CHINESE).content.decode()
    chapter = client.get("/guides/rounds/").content.decode()
    assert 'id="before-the-first-round"' in chapter and 'href="#before-the-first-round"' in chapter
    assert 'aria-current="page"' in chapter and 'rel="next" href="/guides/releases/"' in chapter
    for name in ("nothing", "index"):
        assert client.get(f"/guides/{name}/").status_code == 404
    assert client.get("/guides/..%2Fdeployment/").status_code == 404


def test_all_words_are_searched_for_and_headings_come_first(client):
    hits = guides.search("expert LABELS", "en")
    titles = [hit.section.title for hit in hits]
    assert titles[0] == "Expert labels" and len(hits) > 3
    assert all("expert" in (h.section.title + h.section.text).casefold() for h in hits)
    assert guides.search("", "en") == [] == guides.search("zebra crossing", "en")
    page = client.get("/guides/", {"q": "一致性"}, headers=CHINESE).content.decode()
    assert "<mark>一致性</mark>" in page and "/guides/statistics/#" in page
    nothing = client.get("/guides/", {"q": "<b>zebra"}).content.decode()
    assert "No section holds all of these words." in nothing and "<b>zebra" not in nothing
