"""The search over everything: what each role finds, and nothing that is withheld."""

import re

import pytest

from corpus.models import Utterance
from tests.factories import (
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
)  # fmt: skip

HIT = re.compile(
    r'<a href="([^"]+)">\s*<svg[^>]*><use[^>]*></use>\s*</svg>'
    r'\s*<span class="name">(.*?)</span>',
    re.DOTALL,
)


@pytest.fixture
def found(client_of):
    """Addresses that the search finds, by what they are called."""

    def of(person, words, more="&all=1", **headers):
        page = client_of(person).get(f"/search/?q={words}{more}", headers=headers)
        assert page.status_code == 200
        return {name: href for href, name in HIT.findall(page.content.decode())}

    return of


def test_a_lead_finds_things_of_every_kind(found, corpus, lead):
    opened = make_judged_round(corpus)
    make_member(corpus, username="zhang")
    release = make_release(corpus, [opened], "2.7.1")
    dialogue = corpus.dialogues.first()
    utterance = dialogue.utterances.first()
    Utterance.objects.filter(pk=utterance.pk).update(text="今天天气真好", search="今天天气真好")
    assert found(lead, opened.name)[str(opened)] == f"/rounds/{opened.pk}/"
    assert found(lead, dialogue.uid)[str(dialogue)] == f"/dialogues/{dialogue.pk}/"
    assert found(lead, "天气")["今天天气真好"] == f"/dialogues/{dialogue.pk}/#u{utterance.pk}"
    assert f"/corpora/{corpus.pk}/members/" in found(lead, "zhang").values()
    assert f"/releases/{release.pk}/" in found(lead, "2.7.1").values()
    assert found(lead, corpus.name)[corpus.name] == f"/corpora/{corpus.pk}/"


def test_pages_and_actions_are_found_by_role(found, corpus, lead):
    assert found(lead, "round", "")["New round"] == f"/corpora/{corpus.pk}/rounds/new/"
    assert "Audit log" in found(lead, "audit", "")
    annotator = make_member(corpus)
    assert found(annotator, "round", "") == {} and "My tasks" in found(annotator, "task", "")
    assert "Installation" not in found(lead, "installation", "")


def test_the_palette_gets_a_part_of_the_page_with_some_of_each_kind(client_of, corpus, lead):
    for _ in range(9):
        make_dialogue(corpus)
    client = client_of(lead)
    part = client.get("/search/?q=d", headers={"hx-request": "true"}).content.decode()
    assert "<main" not in part and "More results" in part
    assert "<main" in client.get("/search/?q=d").content.decode()
    assert "Nothing found for “zzz”" in client.get("/search/?q=zzz").content.decode()
    assert client.get("/search/?q=" + "a" * 201).status_code == 400


def test_strangers_and_annotators_find_no_more_than_they_may_open(found, corpus, lead):
    opened = make_judged_round(corpus)
    make_release(corpus, [opened], "2.7.1")
    annotator, stranger = make_member(corpus, username="someone"), make_person("stranger")
    hidden = make_dialogue(corpus)
    hidden.publication.delete()
    for words in (opened.name, corpus.name, hidden.uid, lead.username, "2.7.1", "句"):
        assert found(stranger, words) == {}, words
    for words in (opened.name, hidden.uid, lead.username, "someone", "2.7.1"):
        assert found(annotator, words) == {}, words
    other = make_corpus(lead, name="another")
    assert found(lead, "句", f"&corpus={other.pk}") == {}
    assert found(stranger, "句", f"&corpus={corpus.pk}") == {}


def test_words_that_a_round_withholds_are_not_found(found, corpus):
    annotator = make_member(corpus)
    dialogue = make_dialogue(corpus)
    text = dialogue.utterances.first().text
    assert text in found(annotator, text)
    make_round(corpus, [annotator], dialogues=[dialogue], view="silent")
    assert found(annotator, text) == {}
