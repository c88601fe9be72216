"""The checklist: what is done, what comes next, who sees it."""

import re

import pytest
from django.urls import reverse

from annotation.models import Report
from jobs.models import JobStatus
from tests.factories import (
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_source,
)

pytestmark = pytest.mark.django_db
GETTING_STARTED = "/getting-started/"


@pytest.fixture
def owner():
    return make_person("owner", is_superuser=True)


def states(client):
    page = client.get(GETTING_STARTED).content.decode()
    return re.findall(r'<li class="(done|next|later)"', page)


def test_steps_follow_the_rows(owner, client_of):
    client = client_of(owner)
    assert states(client) == ["next"] + 5 * ["later"]
    make_corpus(owner, synthetic=True)  # the demo is a corpus, but nothing of one's own
    assert states(client) == ["done", "next"] + 4 * ["later"]
    corpus = make_corpus(owner)
    source = make_source(corpus)
    assert states(client) == 2 * ["done"] + ["next"] + 3 * ["later"]
    make_dialogue(corpus, source=source)
    assert states(client) == ["done", "done", "next", "done", "later", "later"]
    opened = make_judged_round(corpus)
    assert states(client) == 5 * ["done"] + ["next"]
    page = client.get(GETTING_STARTED).content.decode()
    assert reverse("agreement", args=[opened.pk]) in page
    assert "Getting started" in client.get("/").content.decode()
    report = Report.request(owner, opened, Report.Kind.AGREEMENT)
    Report.objects.filter(pk=report.pk).update(status=JobStatus.DONE)
    assert states(client) == 6 * ["done"]
    assert "Getting started" not in client.get("/").content.decode()


def test_every_button_and_guide_leads_somewhere(owner, client_of):
    corpus = make_corpus(owner)
    make_judged_round(corpus)
    client = client_of(owner)
    page = client.get(GETTING_STARTED).content.decode().partition('class="checklist"')[2]
    page = page.partition("</main>")[0]
    links = set(re.findall(r'href="([^"]+)"', page))
    assert len(links) == 8  # six buttons, two chapters
    for address in links:
        assert client.get(address).status_code == 200, address


def test_it_can_be_left_and_returned_to(owner, client_of):
    client = client_of(owner)
    assert GETTING_STARTED in client.get("/").content.decode()
    client.post(reverse("checklist_dismissal"), {"shown": "0"})
    client.post(reverse("checklist_dismissal"), {"shown": "0"})
    assert GETTING_STARTED not in client.get("/").content.decode()
    assert states(client)[0] == "next"
    client.post(reverse("checklist_dismissal"), {"shown": "1"})
    assert GETTING_STARTED in client.get("/").content.decode()


def test_annotators_have_none(client_of):
    annotator = client_of(make_member(make_corpus()))
    assert annotator.get(GETTING_STARTED).status_code == 404
    assert annotator.post(reverse("checklist_dismissal")).status_code == 404
    assert GETTING_STARTED not in annotator.get("/").content.decode()
