"""What machines would answer, stored by the API."""

import pytest

from annotation.models import Suggestion
from people.models import Event
from tests.factories import make_dialogue, make_member, make_person
from tests.people.api.test_views import problem_of
from tests.scripts import script_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(corpus):
    return f"/api/corpora/{corpus.pk}/suggestions/"


@pytest.fixture
def guess(corpus):
    utterance = make_dialogue(corpus).utterances.first()
    return {"utterance": utterance.uid, "task": "emotion", "value": "joy", "probability": 0.7}


def test_suggestions_are_stored_at_once(corpus, lead, here, guess):
    other = {"task": "sentiment", "value": "positive", "probability": 1}
    rows = [guess, guess | other]
    answer = send(script_of(lead), here, {"origin": "net 1.0", "suggestions": rows})
    assert answer.status_code == 201 and answer.json() == {"stored": 2}
    found = Suggestion.objects.order_by("pk").values("task", "value", "probability")
    assert list(found) == [{k: guess[k] for k in other}, other]
    assert {row.origin for row in Suggestion.objects.all()} == {"net 1.0"}
    event = Event.objects.get(verb="suggest")
    assert event.noun_id == corpus.pk and event.detail == {"origin": "net 1.0", "count": 2}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"utterance": "nowhere"}, "no utterance 'nowhere'"),
        ({"value": "glee"}, "'glee' is no answer to 'emotion'"),
        ({"task": "weather"}, "no answer to 'weather'"),
        ({}, "a second value for 'emotion'"),
        ({"probability": 1.5}, "1"),
        ({"probability": "0.5"}, "a number"),
    ],
)
def test_one_that_does_not_fit_leaves_all_out(lead, here, guess, wrong, says):
    body = {"origin": "net", "suggestions": [guess, guess | wrong]}
    (fault,) = problem_of(send(script_of(lead), here, body), 400)["errors"]
    assert fault["field"].startswith("suggestions.1") and says in fault["detail"], fault
    assert not Suggestion.objects.exists() and not Event.objects.filter(verb="suggest").exists()


def test_only_leads_store_any_and_not_in_an_archive(corpus, lead, here, guess):
    body = {"origin": "net", "suggestions": [guess]}
    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        problem_of(send(script_of(person), here, body), 404)
    corpus.archive(lead)
    problem_of(send(script_of(lead), here, body), 403)
    assert not Suggestion.objects.exists()
