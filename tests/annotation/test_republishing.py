"""Changing a published dialogue that people have judged."""

import pytest
from django.urls import reverse

from annotation.agreement.measures import measure
from annotation.answers import submit_assignment
from annotation.models import Judgement
from annotation.republishing import changes, republish
from people.models import Event
from tests.factories import (
    ANSWERS,
    items_of,
    judge,
    make_corpus,
    make_dialogue,
    make_member,
    make_person,
    make_round,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return make_person("lead")


@pytest.fixture
def judged(lead):
    """A dialogue of three utterances that two people judged, in an open round."""
    corpus = make_corpus(lead)
    dialogue = make_dialogue(corpus, size=3)
    opened = make_round(corpus, [make_member(corpus), make_member(corpus)])
    for assignment in opened.assignments.all():
        judge(assignment)
    return dialogue


def edit(dialogue, lead, *texts):
    rows = [turn.to_json() for turn in dialogue.turns()]
    for row, text in zip(rows, texts, strict=False):
        row["text"] = text
    dialogue.edit(lead, dialogue.head, rows[: len(texts)])


def test_it_says_what_it_does_to_the_judgements(judged, lead):
    edit(judged, lead, "第1句！", "完全不同")
    small, material, removed = changes(judged)
    assert (small.kind, material.kind, removed.kind) == ("small", "material", "removed")
    assert not small.at_stake and material.at_stake and removed.at_stake
    assert small.judgements == 2 * len(ANSWERS) and small.people == 2


def test_only_what_changed_is_asked_again_and_nothing_is_lost(judged, lead):
    opened = judged.assignments.first().round
    before = Judgement.objects.count()
    edit(judged, lead, "第1句！", "完全不同", "第3句")
    assert republish(judged, lead) == (1, 2)
    assert Judgement.objects.count() == before
    for assignment in judged.assignments.all():
        assert not assignment.is_submitted
        [(number, tasks)] = assignment.missing()
        assert assignment.dialogue.utterances.get(number=number).text == "完全不同"
        judge(assignment)
    found = items_of(opened)
    assert len(found) == 3 * len(ANSWERS)  # the old judgements of the second one count no more
    assert measure([opened], opened.scheme)[0].units == 3
    assert Event.objects.filter(verb="reopen").count() == 2


def test_judgements_can_be_kept(judged, lead):
    edit(judged, lead, "第1句", "第2句呀", "第3句")
    kept = judged.turns()[1].uid
    assert republish(judged, lead, keep=[kept]) == (0, 0)
    assert all(assignment.is_submitted for assignment in judged.assignments.all())
    assert judged.utterances.get(number=2).text == "第2句呀"


def test_a_closed_round_is_not_opened_again(judged, lead):
    judged.assignments.first().round.close(lead)
    edit(judged, lead, "第1句", "完全不同", "第3句")
    assert republish(judged, lead) == (1, 0)
    assert all(assignment.is_submitted for assignment in judged.assignments.all())


def test_going_back_brings_the_judgements_back(judged, lead):
    edit(judged, lead, "第1句", "完全不同", "第3句")
    republish(judged, lead)
    judged.undo(lead, judged.head)
    assert republish(judged, lead) == (0, 0)
    assignment = judged.assignments.first()
    assert assignment.missing() == []
    submit_assignment(assignment)
    assert assignment.is_submitted


def test_the_page_shows_before_and_after_and_publishes(judged, lead, client_of):
    client, address = client_of(lead), reverse("republication", args=[judged.pk])
    assert client.get(address).status_code == 302  # nothing to publish
    edit(judged, lead, "第1句", "完全不同", "第3句")
    page = client.get(address).content.decode()
    assert "<del>第2句</del>" in page and "<ins>完全不同</ins>" in page
    assert f"{2 * len(ANSWERS)} judgements are about something" in page
    stranger = client_of(make_person())
    assert stranger.post(address).status_code == 404
    annotator = client_of(judged.assignments.first().person)
    assert annotator.get(address).status_code == 404
    said = client.post(address, follow=True).content.decode()
    assert "1 utterance is judged anew." in said and "2 hand-ins were opened again." in said
