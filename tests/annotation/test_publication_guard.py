"""Dialogues that are annotated stay published."""

import pytest
from django.urls import reverse

from annotation.models import ExpertLabel
from corpus.models import Publication
from people.models import Event
from tests.factories import make_dialogue, make_member, make_round, make_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def undo(client_of, corpus, lead):
    """Publish some dialogues, have something happen, undo: the page and how many are published."""

    def undone(between):
        source = make_source(corpus)
        some = [make_dialogue(corpus, source=source, published=False) for _ in range(2)]
        made = source.publish(lead)
        between(some[0])
        address = reverse("undo_publication", args=[made[0].pk]) + f"?last={made[-1].pk}"
        page = client_of(lead).post(address, follow=True)
        assert not Event.objects.filter(verb="unpublish").exists()
        return page.content.decode(), Publication.objects.count()

    return undone


def test_a_round_keeps_all_that_were_published_with_its_dialogue(undo, corpus):
    page, published = undo(
        lambda one: make_round(corpus, [make_member(corpus)], dialogues=[one], name="First")
    )
    assert "is in the round “First” already" in page and published == 2


def test_so_do_expert_labels(undo, lead):
    def label(one):
        utterance = one.utterances.first()
        ExpertLabel.objects.create(utterance=utterance, task="emotion", value="joy", person=lead)

    page, published = undo(label)
    assert "has expert labels already" in page and published == 2
