"""How many statements a page asks the database: so many, however large the corpus is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.overview import fill, pages

MOST = {
    "start page of a lead": 30,
    "overview of the corpus": 24,
    "its pace": 8,
    "dialogues": 11,
    "a dialogue": 12,
    "its editor": 15,
    "search for utterances": 18,
    "search everywhere": 19,
    "speakers": 12,
    "integrity check": 15,
    "expert labels": 14,
    "personal data": 11,
    "rounds": 8,
    "form of a round": 33,
    "a round": 25,
    "its results": 12,
    "its history": 10,
    "its dialogues": 14,
    "agreement": 18,
    "items": 16,
    "adjudication": 27,
    "quality": 14,
    "comments": 13,
    "releases": 12,
    "form of a release": 28,
    "form of a run": 11,
    "jobs": 10,
    "audit log": 10,
    "start page of an annotator": 25,
    "my tasks": 20,
    "annotation history": 17,
    "workbench": 21,
}


@pytest.mark.django_db
@pytest.mark.parametrize("utterances", [120, 1200])
def test_pages_ask_so_many_statements(client_of, utterances):
    lead, annotator, corpus, opened = fill(utterances)
    asked = {}
    for name, (person, address) in pages(lead, annotator, corpus, opened).items():
        client = client_of(person)
        client.get(address)  # what is asked once a process
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200, name
        asked[name] = len(queries)
    assert {name: count for name, count in asked.items() if count > MOST[name]} == {}
    assert set(asked) == set(MOST)
