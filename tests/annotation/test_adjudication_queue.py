"""The queue of contested items: what is in it, in which order, and how long it takes."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from annotation.adjudication import adjudicate
from annotation.adjudication_queue import Queue, seconds_each
from annotation.annotator_names import Names
from annotation.models import Adjudication
from tests.factories import items_of, make_judged_round, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened(corpus):
    """Four items wait, all of the emotion: two people differ on two dialogues of two lines."""
    found = make_judged_round(corpus)
    items_of(found)
    return found


def queue_of(opened, query=""):
    return Queue.of(opened, Names(opened, by_letter=True), QueryDict(query))


def test_it_goes_on_after_each_item_and_comes_round(opened):
    for query in ("", "order=dialogue"):
        queue = queue_of(opened, query)
        waiting = list(queue.waiting())
        assert len(waiting) == 4 and queue.counts() == (4, 4)
        seen = [queue.after(None)]
        for _ in waiting:
            seen.append(queue.after(seen[-1]))
        assert seen == [*waiting, waiting[0]]
        assert queue.before(waiting[2]) == waiting[1] and queue.before(waiting[0]) is None


def test_a_decided_item_is_left_behind(opened, lead):
    queue = queue_of(opened)
    first, second = list(queue.waiting())[:2]
    adjudicate(lead, opened, first.utterance, "emotion", "joy")
    first.refresh_from_db()
    assert queue.counts() == (3, 4) and queue.after(first) == second


def test_it_is_narrowed_by_task_person_and_disagreement(opened):
    assert queue_of(opened, "task=sarcasm").counts() == (0, 0)
    assert queue_of(opened, "task=emotion&person=A&level=0.75").counts() == (4, 4)
    for nonsense in ("task=x", "person=Z", "level=7", "order=x"):
        assert queue_of(opened, nonsense).query == ""
    query = "task=emotion&person=B&level=0.5&order=dialogue"
    assert queue_of(opened, query).query == query
    assert queue_of(opened).tasks()[1][1] == 4


def test_the_pace_is_that_of_the_last_decisions_without_breaks(opened, lead):
    assert seconds_each(lead, opened) is None
    now, utterance = timezone.now(), opened.items.first().utterance
    for seconds in (0, 10, 20, 32, 4000, 4010):
        row = Adjudication.objects.create(
            round=opened, utterance=utterance, task="emotion", value="joy", person=lead
        )
        Adjudication.objects.filter(pk=row.pk).update(at=now + timedelta(seconds=seconds))
    assert seconds_each(lead, opened) == 10
    assert seconds_each(make_person(), opened) is None


def test_a_decision_leads_to_the_next_item_and_can_be_undone(opened, lead, client_of):
    client, address = client_of(lead), reverse("adjudication", args=[opened.pk])
    page = client.get(f"{address}?task=emotion")
    item = page.context["item"]
    assert [letters for _value, _digit, letters in page.context["choices"] if letters]
    sent = {
        "back": "queue", "utterance": item.utterance_id, "of": "emotion", "task": "emotion",
        "value": "joy", "reason": "heard it",
    }  # fmt: skip
    moved = client.post(reverse("adjudications", args=[opened.pk]), sent)
    page = client.get(moved.url)
    assert page.context["item"] != item and page.context["left"] == 3
    assert page.context["decided"]["value"].key == "joy" and page.context["queue"].task == "emotion"
    moved = client.post(
        reverse("adjudications", args=[opened.pk]), sent | {"verdict": "none", "value": ""}
    )
    page = client.get(moved.url)
    assert page.context["item"] == item and page.context["left"] == 4
    assert [each.verdict for each, _value in page.context["history"]] == ["none", "value"]


def test_a_refused_decision_stays_at_its_item(opened, lead, client_of):
    item = opened.items.filter(open=True).first()
    sent = {"back": "queue", "utterance": item.utterance_id, "of": "emotion", "value": "nonsense"}
    page = client_of(lead).post(reverse("adjudications", args=[opened.pk]), sent, follow=True)
    assert page.context["item"] == item and "not a value" in page.content.decode()
    assert not Adjudication.objects.exists()
