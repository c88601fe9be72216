"""What a run predicted is offered to annotators from its page."""

import pytest
from django.urls import reverse

from annotation.models import Suggestion
from modeling.models import Evaluation, TrainingRun
from people.models import Event
from tests.factories import make_corpus, make_judged_round, make_member, make_release

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("learner_here")]


@pytest.fixture
def run(corpus, lead):
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    return TrainingRun.request(lead, release, "hard-text", own={"epochs": 1}).run()


def test_predictions_are_stored_as_suggestions(run, lead, corpus, client_of):
    client, address = client_of(lead), reverse("suggest_run", args=[run.pk])
    page = client.get(run.page_url).content.decode()
    assert f'action="{address}"' in page and "validation set" in page
    assert client.get(address).status_code == 405
    page = client.post(address, {"split": "validation"}, follow=True).content.decode()
    stored = Suggestion.objects.count()
    assert stored > 0 and f"{stored} suggestions were stored." in page
    assert client.post(address, {"split": "test"}).status_code == 404  # not evaluated on it
    Evaluation.request(lead, run).run()
    page = client.post(address, {"split": "test"}, follow=True).content.decode()
    assert f"{Suggestion.objects.count() - stored} suggestions were stored." in page
    assert Suggestion.objects.count() > stored
    assert Event.objects.filter(verb="suggest", person=lead).count() == 2
    for who in (make_member(corpus), make_corpus().memberships.get().person):
        assert client_of(who).post(address, {"split": "validation"}).status_code == 404


def test_a_run_whose_predictions_are_gone_offers_none(run, lead, client_of):
    for path in run.directory.glob("*predictions*"):
        path.unlink()
    assert "Store as suggestions" not in client_of(lead).get(run.page_url).content.decode()
