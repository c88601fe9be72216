"""Undoing a publication: what it takes back, whose it is, and what stays published."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from corpus.models import Publication
from corpus.publication_undo import WITHIN
from people.models import Event
from tests.factories import make_dialogue, make_member, make_source

pytestmark = pytest.mark.django_db


def undo_of(response):
    """The address that the message of a page posts to, None where nothing can be undone."""
    found = re.search(r'action="(/publications/[^"]*/undo/[^"]*)"', response.content.decode())
    return found and found[1].replace("&amp;", "&")


def test_many_are_published_and_taken_back_in_one_go(client_of, corpus, lead):
    before = make_dialogue(corpus)
    source = make_source(corpus)
    made = [make_dialogue(corpus, source=source, published=False) for _ in range(3)]
    client = client_of(lead)
    page = client.post(reverse("dialogues", args=[corpus.pk]), {"which": "all"}, follow=True)
    assert "3 dialogues published." in page.content.decode()
    page = client.post(undo_of(page), follow=True)
    assert "3 dialogues are not published any more." in page.content.decode()
    assert list(corpus.dialogues.published()) == [before]
    source.refresh_from_db()
    assert source.counts["published"] == 0
    event = Event.objects.get(verb="unpublish")
    assert (event.person, event.noun, event.detail) == (lead, "corpus", {"dialogues": 3})
    assert len(source.publish(lead)) == len(made)


def test_one_is_taken_back_where_it_was_published(client_of, corpus, lead):
    dialogue = make_dialogue(corpus, published=False)
    client = client_of(lead)
    page = client.post(reverse("publish_dialogue", args=[dialogue.pk]), follow=True)
    page = client.post(undo_of(page), follow=True)
    assert page.redirect_chain[-1][0] == reverse("dialogue", args=[dialogue.pk])
    assert "1 dialogue is not published any more." in page.content.decode()
    assert not Publication.objects.exists()
    assert Event.objects.get(verb="unpublish").noun == "dialogue"


def test_it_is_of_the_lead_who_published_and_for_a_while(client_of, corpus, lead):
    dialogue = make_dialogue(corpus, published=False)
    publication = dialogue.publish(lead)
    address = reverse("undo_publication", args=[publication.pk])
    for other in (make_member(corpus, role="lead"), make_member(corpus)):
        assert client_of(other).post(address).status_code == 404
    Publication.objects.update(at=timezone.now() - WITHIN)
    assert client_of(lead).post(address).status_code == 404
    assert Publication.objects.exists()


def test_what_was_edited_since_stays_published(client_of, corpus, lead):
    dialogue = make_dialogue(corpus, published=False)
    publication = dialogue.publish(lead)
    rows = [turn.to_json() for turn in dialogue.turns()]
    rows[0]["text"] = "something else"
    dialogue.edit(lead, dialogue.head, rows)
    page = client_of(lead).post(reverse("undo_publication", args=[publication.pk]), follow=True)
    assert "was edited after it was published" in page.content.decode()
    assert Publication.objects.exists() and not Event.objects.filter(verb="unpublish").exists()
