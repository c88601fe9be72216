"""The people of the installation: who sees them, and what an administrator may do."""

import pytest
from django.test import Client
from django.urls import reverse

from corpus.models import Membership
from people.models import Event, Person
from tests.factories import make_corpus, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss():
    return make_person("boss", is_superuser=True, is_staff=True)


def act(client, person, verb):
    return client.post(
        reverse("installation_person", args=[person.pk]), {"verb": verb}, follow=True
    )


def test_they_exist_for_administrators_alone(boss, client_of):
    person = make_person("wang", is_staff=True)
    places = [reverse("installation_people")]
    places += [reverse("installation_person", args=[person.pk])]
    for place in places:
        assert client_of(person).get(place).status_code == 404
        assert client_of(boss).get(place).status_code == 200
    link = reverse("installation_reset_link", args=[boss.pk])
    assert client_of(person).post(link).status_code == 404
    assert act(client_of(person), person, "grant administrator").status_code == 404


def test_they_are_searched_and_sorted(boss, client_of):
    make_person("wang", name="王小明", email="w@example.org")
    make_corpus(make_person("li"))
    client = client_of(boss)
    place = reverse("installation_people")

    def names(query):
        return [person.username for person in client.get(place + query).context["table"]]

    assert names("") == ["boss", "li", "wang"]
    assert names("?q=小明") == names("?q=W@example") == ["wang"]
    assert names("?sort=-seen")[0] == "boss" and names("?q=nobody") == []


def test_locks_are_shown_and_ended(boss, client_of, settings):
    settings.SIGN_IN_FAILURES, settings.SIGN_IN_ADDRESS_FAILURES = 2, 3
    person = make_person("wang")
    for username in ("wang", "wang", "other"):
        Client().post("/sign-in/", {"username": username, "password": "wrong"})
    client = client_of(boss)
    place = reverse("installation_people")
    page = client.get(place).content.decode()
    assert "locked" in page and "Nobody can sign in from 127.0.0.1" in page
    act(client, person, "unlock")
    assert "locked" not in client.get(place).content.decode()
    for _ in range(3):
        Client().post("/sign-in/", {"username": "other", "password": "wrong"})
    client.post(place, {"address": "127.0.0.1"})
    assert "127.0.0.1" not in client.get(place).content.decode()
    assert Event.objects.filter(verb__startswith="unlock", person=boss).count() == 2


def test_rights_are_given_and_taken_but_not_of_the_last_one(boss, client_of):
    person, client = make_person("wang"), client_of(boss)
    for verb in ("remove administrator", "deactivate"):
        assert "only administrator" in act(client, boss, verb).content.decode()
    act(client, person, "grant administrator")
    person.refresh_from_db()
    assert person.is_superuser and person.is_staff
    act(client, person, "deactivate")
    assert "only administrator" in act(client, boss, "remove administrator").content.decode()
    act(client, person, "reactivate")
    act(client, person, "remove administrator")
    assert list(Person.objects.filter(is_superuser=True)) == [boss]
    assert client.post(reverse("installation_person", args=[person.pk])).status_code == 404
    verbs = Event.objects.filter(noun="person", noun_id=person.pk).order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == [
        *("grant administrator", "deactivate", "reactivate", "remove administrator")
    ]


def test_a_deactivated_account_is_out_at_once(boss, client_of):
    person = make_person("wang")
    client = client_of(person)
    act(client_of(boss), person, "deactivate")
    assert client.get("/").status_code == 302


def test_a_reset_link_is_shown_once(boss, client_of):
    person = make_person("wang")
    answer = client_of(boss).post(reverse("installation_reset_link", args=[person.pk]))
    link = answer.context["link"]
    assert link in answer.content.decode() and "no-store" in answer.headers["Cache-Control"]
    assert Client().get(link).status_code == 302
    assert Event.objects.get(verb="make reset link").noun_id == person.pk


def test_a_lead_makes_links_for_people_of_their_corpora_alone(client_of):
    lead, other = make_person("lead"), make_person("other")
    mine, theirs = make_corpus(lead), make_corpus(other)
    people = {name: make_person(name) for name in ("inside", "shared")}
    people["boss"] = make_person("boss", is_superuser=True)
    members = {
        name: mine.memberships.create(person=person, role=Membership.Role.ANNOTATOR)
        for name, person in people.items()
    }
    theirs.memberships.create(person=people["shared"], role=Membership.Role.ANNOTATOR)
    client = client_of(lead)
    page = client.get(reverse("members", args=[mine.pk])).content.decode()
    assert page.count("Password reset link") == 1

    def status(client, name):
        return client.post(reverse("member_reset_link", args=[members[name].pk])).status_code

    assert [status(client, name) for name in members] == [200, 404, 404]
    assert status(client_of(people["inside"]), "inside") == 404
    own = mine.memberships.get(person=lead)
    assert client.post(reverse("member_reset_link", args=[own.pk])).status_code == 404
