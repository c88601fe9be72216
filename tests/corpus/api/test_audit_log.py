"""The audit log by the API: for leads, page by page, without what is withheld."""

from urllib.parse import quote

import pytest
from django.urls import reverse

from people.models import Event
from tests.factories import make_judged_round, make_member, make_person, make_round, make_source
from tests.people.api.test_views import problem_of, script_of

pytestmark = pytest.mark.django_db


def address(corpus):
    return reverse("api_audit_log", args=[corpus.pk])


def walked(script, where):
    rows = []
    while where:
        page = script.get(where).json()
        rows += page["results"]
        where = page["next"]
    return rows


def test_pages_hide_and_repeat_nothing(lead, corpus):
    source = make_source(corpus, title="甄嬛传")
    for _ in range(5):
        Event.record(lead, "confirm", source, title=source.title)
    script = script_of(lead)
    rows = walked(script, f"{address(corpus)}?limit=2")
    assert [row["id"] for row in rows] == [
        *Event.objects.filter(corpus_id=corpus.pk).values_list("pk", flat=True)
    ]
    first = rows[0]
    assert (first["action"], first["noun_id"], first["username"]) == ("confirm", source.pk, "lead")
    assert "甄嬛传" in first["sentence"] and first["details"] == {"title": "甄嬛传"}
    words = quote("甄嬛")
    for query in (f"q={words}", f"person={lead.pk}&noun=source", "kind=sources&since=2020-01-01"):
        assert len(walked(script, f"{address(corpus)}?limit=2&{query}")) == 5, query
    assert not walked(script, f"{address(corpus)}?person=system&noun=source")
    assert not walked(script, f"{address(corpus)}?until=2020-01-01")


def test_what_cannot_be_read_is_refused(lead, corpus):
    script = script_of(lead)
    for query in ("person=999", "noun=x", "since=x", "kind=x", "cursor=WyJ4Il0", "order=oldest"):
        problem_of(script.get(f"{address(corpus)}?{query}"), 400)
    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        problem_of(script_of(person).get(address(corpus)), 404)
    problem_of(script_of(lead, "write").get(address(corpus)), 403)


def test_who_annotates_blind_does_not_hear_of_answers(corpus):
    make_judged_round(corpus)
    blind = make_member(corpus, "lead")
    dialogue = corpus.dialogues.first()
    make_round(corpus, [blind, make_member(corpus)], dialogues=[dialogue])
    Event.record(None, "set expert labels", dialogue, task="emotion", value="joy")
    script = script_of(blind)
    rows = walked(script, f"{address(corpus)}?limit=3")
    hidden = [row for row in rows if row["withheld"]]
    assert hidden and not any(row["details"] for row in hidden)
    assert not walked(script, f"{address(corpus)}?q=joy&limit=1")
