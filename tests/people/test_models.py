import pytest

from people.models import Event, Person
from tests.factories import make_person


@pytest.mark.django_db
def test_a_person_is_called_by_one_name():
    assert str(make_person("wang", name="王小明")) == "王小明"
    assert make_person("li").get_short_name() == "li"
    assert not hasattr(Person(), "first_name") or Person().first_name is None


def test_a_corpus_event_carries_its_corpus(corpus, lead):
    event = Event.objects.get(verb="create")
    assert (event.person, event.corpus_id, event.detail) == (lead, corpus.pk, {"name": corpus.name})


def test_sign_in_and_out(client, corpus, lead):
    wrong = client.post("/sign-in/", {"username": "lead", "password": "wrong"})
    assert wrong.status_code == 200
    right = client.post("/sign-in/", {"username": "lead", "password": "secret-for-tests"})
    assert right.url == "/"
    assert client.get("/").status_code == 200
    client.post("/sign-out/")
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_the_administration_shows_no_details_of_events(client_of):
    """They may tell what somebody answered; the audit log of a corpus knows who may see them."""
    boss = make_person("boss", is_staff=True, is_superuser=True)
    event = Event.record(boss, "adjudicate", boss, value="what was decided")
    page = client_of(boss).get(f"/admin/people/event/{event.pk}/change/").content.decode()
    assert "adjudicate" in page and "what was decided" not in page
