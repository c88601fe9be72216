"""An archived corpus is read-only: every route that would change it refuses."""

import json

import pytest
from django.db import transaction
from django.test import Client

from annotation.models import Participant, Round
from annotation.queue.dispatch import claim_next
from corpus.archive import nouns
from corpus.models import Corpus
from modeling.models import Evaluation, Experiment, RegisteredModel, TrainingRun
from people.models import Event
from tests.factories import make_corpus, make_dialogue, make_member, make_person, open_round
from tests.permissions.walk import Addresses, routes
from tests.permissions.world import Secrets, World

pytestmark = pytest.mark.django_db

CHANGING = ("POST", "PATCH", "DELETE")
OPEN = {  # what may be done to an archived corpus, and what changes none of its rows
    *("unarchive_corpus", "offer_ownership", "withdraw_offer", "accept_ownership"),
    *("delete_corpus", "new_corpus", "attempt_deletion", "diff"),
    *("api_ownership_offer", "api_ownership", "api_delete_corpus", "api_attempt_deletion"),
    *("api_corpora", "api_archival", "api_diffs", "api_verification"),
    *("login", "logout", "set_language", "invitation", "shared", "grant"),
}
ELSEWHERE = ("installation/", "account/", "api/account/", "security/")  # of no corpus


@pytest.fixture
def world(settings, tmp_path):
    settings.MEDIA_ROOT, settings.WORK_DIR = tmp_path / "media", tmp_path / "work"
    settings.RELEASES_DIR, settings.RUNS_DIR = tmp_path / "releases", tmp_path / "runs"
    world = World(Secrets(), "full", tmp_path, learns=False)
    world.experiment = Experiment.objects.create(release=world.release, started_by=world.lead)
    world.run = TrainingRun.objects.create(release=world.release, status="done")
    world.evaluation = Evaluation.objects.create(training_run=world.run, status="done")
    world.model = RegisteredModel.objects.create(run=world.run, name="m", registered_by=world.lead)
    return world


@pytest.mark.one_database
def test_every_route_of_an_archived_corpus_that_changes_it_refuses(world):
    addresses = Addresses(world)
    world.corpus.archive(world.lead)
    lead, stranger = Client(), Client()
    lead.force_login(world.lead)
    stranger.force_login(world.people["stranger"])
    answers, strangers = {}, {}
    for route in routes():
        of_a_corpus = route.pattern.split("/")[0] in (*nouns, "api") or "<int:pk>" in route.pattern
        own = route.method in CHANGING and not route.pattern.startswith(ELSEWHERE)
        if own and of_a_corpus and route.name not in OPEN:
            for address, data in addresses.of(route, "lead")[:1]:
                for client, found in ((lead, answers), (stranger, strangers)):
                    with transaction.atomic():
                        if address.startswith("/api/"):
                            sent = json.dumps(data)
                            kind = "application/json"
                            response = client.generic(route.method, address, sent, kind)
                        else:
                            response = getattr(client, route.method.lower())(address, data)
                        transaction.set_rollback(True)
                    found[f"{route.method} {route.name}"] = response
    assert len(answers) > 50
    refused = [r for r in answers.values() if r.status_code == 403]
    assert {name: r.status_code for name, r in answers.items() if r.status_code != 403} == {}
    assert all("is archived and read-only" in response.content.decode() for response in refused)
    met = {name for name, r in strangers.items() if b"archived" in r.content}
    assert met == set()  # nobody else hears of it


def test_the_owner_alone_archives_and_unarchives(lead, corpus, client_of):
    other = make_member(corpus, "lead")
    path = f"/corpora/{corpus.pk}/archival/"
    assert client_of(other).post(path).status_code == 404
    client_of(lead).post(path)
    client_of(lead).post(path)
    settings = client_of(other).get(f"/corpora/{corpus.pk}/settings/administration/")
    assert f"Archived by {lead}" in settings.content.decode()
    page = client_of(other).get(f"/corpora/{corpus.pk}/").content.decode()
    assert "This corpus is archived" in page
    assert client_of(other).post(f"{path}removal/").status_code == 404
    client_of(lead).post(f"{path}removal/")
    assert not Corpus.objects.get().is_archived
    verbs = Event.objects.filter(corpus_id=corpus.pk).order_by("pk").values_list("verb", flat=True)
    assert list(verbs)[-2:] == ["archive", "unarchive"]


def main_of(response):
    """The content of a page, without its frame, which names all corpora."""
    return response.content.decode().partition("<main")[2].partition("</main>")[0]


def test_it_stands_apart_in_the_list_and_its_rounds_among_no_tasks(lead, corpus, client_of):
    make_dialogue(corpus)
    annotator = make_member(corpus)
    open_round(corpus, [annotator], name="the round")
    make_corpus(lead, name="another")
    corpus.archive(lead)
    home = main_of(client_of(lead).get("/"))
    assert corpus.name not in home and "another" in home
    archived = main_of(client_of(lead).get("/?state=archived"))
    assert corpus.name in archived and "another" not in archived
    assert "the round" not in client_of(annotator).get("/tasks/").content.decode()
    refused = client_of(annotator).post(f"/rounds/{Round.objects.get().pk}/next/")
    assert refused.status_code == 403
    corpus.unarchive(lead)
    assert "the round" in client_of(annotator).get("/tasks/").content.decode()
    assert claim_next(Participant.objects.get())


def test_no_corpus_but_the_archived_one_refuses(lead, corpus, client_of):
    make_corpus(make_person(), name="elsewhere").archive(lead)
    sent = {"name": "renamed", "language": "zh", "media_policy": "members"}
    assert client_of(lead).post(f"/corpora/{corpus.pk}/settings/", sent).status_code == 302
    corpus.refresh_from_db()
    assert (corpus.name, corpus.media_policy) == ("renamed", "members")
