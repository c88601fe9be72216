"""The places of the side bar: by role, with what waits, and nothing that blinding withholds."""

import re

import pytest
from django.urls import NoReverseMatch, reverse

from annotation.agreement.item_counts import catch_up
from core.places import CappedCount, current_place, places
from people.models import Person
from tests.factories import (
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_round,
)  # fmt: skip

LINK = re.compile(r'<a href="([^"]+)"\s+title="([^"]+)"(.*?)</a>', re.DOTALL)
COUNT = re.compile(r'aria-hidden="true">(\d+\+?)<')


@pytest.fixture
def bar(client_of):
    """The side bar of a page: label -> (address, whether one is there, what waits there)."""

    def of(person, address="/account/", **cookies):
        client = client_of(person)
        for name, value in cookies.items():
            client.cookies[name] = value
        page = client.get(address, follow=True).content.decode()
        side = page[page.index('id="side"') : page.index("</side-bar>")]
        return {
            label: (href, "aria-current" in more, "".join(COUNT.findall(more)))
            for href, label, more in LINK.findall(side)
        }

    return of


def contest(judged):
    """Two contested items in a round."""
    catch_up(judged)
    some = judged.items.order_by("pk").values_list("pk", flat=True)[:2]
    judged.items.update(open=False)
    judged.items.filter(pk__in=list(some)).update(open=True)


def test_an_annotator_sees_few_places_and_a_lead_all(bar, corpus, lead):
    assert list(bar(make_member(corpus))) == ["My tasks", "Overview", "Data", "Releases"]
    assert list(bar(make_member(corpus, role="adjudicator"))) == [
        *("My tasks", "Adjudication", "Overview", "Data", "Rounds", "Label scheme"),
        *("Expert labels", "Agreement", "Releases"),
    ]
    assert {"Speakers", "Quality", "Experiments", "Members", "Jobs", "Settings"} < set(bar(lead))
    assert list(bar(make_person("stranger"))) == ["My tasks"]


def test_every_place_of_a_lead_can_be_opened_and_is_the_current_one(bar, client_of, corpus, lead):
    make_dialogue(corpus)
    make_round(corpus, [make_member(corpus)])
    for label, (address, _here, _count) in bar(lead).items():
        assert client_of(lead).get(address, follow=True).status_code == 200, address
        assert [one for one, link in bar(lead, address).items() if link[1]] == [label]


def test_pages_of_a_place_are_named_once_and_exist():
    listed = [place for place in places() if place.group != "action"]
    named = [name for place in listed for name in [place.url, *place.pages]]
    assert len(named) == len(set(named))
    for name in named:
        with pytest.raises(NoReverseMatch, match="no arguments not found|tried"):
            reverse(name, args=["a", "b", "c", "d"])  # an unknown name is another sentence
    assert current_place("round_dialogues").url == "rounds" and current_place("setup") is None


def test_away_from_a_corpus_it_is_of_the_one_looked_at_last(bar, corpus, lead):
    other = make_corpus(lead, name="zzz other")
    assert bar(lead)["Overview"][0] == f"/corpora/{corpus.pk}/"
    assert bar(lead, corpus=str(other.pk))["Overview"][0] == f"/corpora/{other.pk}/"
    assert bar(lead, corpus="nonsense")["Overview"][0] == f"/corpora/{corpus.pk}/"
    assert bar(lead, f"/corpora/{corpus.pk}/", corpus=str(other.pk))["Overview"] == (
        f"/corpora/{corpus.pk}/", True, "",
    )  # fmt: skip


def test_what_waits_is_counted(bar, corpus, lead):
    contest(make_judged_round(corpus))
    assert bar(lead)["Adjudication"][2] == "2"
    judge = make_member(corpus)
    make_round(corpus, [judge], name="second")
    assert bar(judge)["My tasks"][2] == "1"


def test_a_round_with_nothing_left_for_somebody_is_not_counted(bar, corpus):
    judge = make_member(corpus)
    dialogue = make_dialogue(corpus)
    opened = make_round(corpus, [judge], dialogues=[dialogue])
    assert bar(judge)["My tasks"][2] == "1"
    opened.participants.update(quota=0)
    opened.assignments.filter(person=judge).update(state="submitted")
    assert bar(judge)["My tasks"][2] == ""


def test_whoever_annotates_learns_nothing_from_counts(bar, corpus, lead):
    judged = make_judged_round(corpus)
    contest(judged)
    assert bar(lead)["Adjudication"][2]
    judged.participants.create(person=lead)
    assert bar(lead)["Adjudication"][2] == "" and bar(lead)["Quality"][2] == ""


def test_it_costs_one_query_in_a_corpus_and_two_elsewhere(
    client_of, corpus, lead, django_assert_num_queries
):
    client = client_of(lead)
    client.get("/tasks/")
    with django_assert_num_queries(5):  # session, person, the form's, memberships, counts
        client.get("/account/")


def test_counts_are_capped(corpus, lead, monkeypatch):
    monkeypatch.setattr("core.places.MOST", 2)
    for name in "abc":
        make_person(name)
    rows = Person.objects.filter(pk=lead.pk).values_list(CappedCount(Person.objects.all()))
    assert rows.get() == (2,)


def test_agreement_of_a_corpus_asks_for_the_round(client_of, corpus, lead):
    client, address = client_of(lead), f"/corpora/{corpus.pk}/agreement/"
    assert "There is no round yet" in client.get(address).content.decode()
    one = make_judged_round(corpus)
    assert client.get(address).url == f"/rounds/{one.pk}/agreement/"
    two = make_round(corpus, [make_member(corpus)], name="second")
    page = client.get(f"/corpora/{corpus.pk}/adjudication/").content.decode()
    assert f"/rounds/{one.pk}/adjudication/" in page and f"/rounds/{two.pk}/adjudication/" in page
    assert client.get(f"/corpora/{corpus.pk}/quality/").status_code == 200
    assert client_of(make_member(corpus)).get(address).status_code == 404
