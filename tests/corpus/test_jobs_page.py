"""The pages that list jobs, of a corpus and of the installation."""

import datetime
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from annotation.models import Report
from corpus import installation_state
from corpus.models import ClipRecut, IntegrityCheck, Source
from jobs.job_list import kinds
from jobs.models import JobStatus
from people.models import Event
from tests.factories import (
    make_corpus,
    make_dialogue,
    make_member,
    make_person,
    make_round,
    make_source,
)


def make_job(corpus, title, status, **fields):
    source = make_source(corpus, title=title)
    fields.setdefault("finished_at", None if status in ("queued", "running") else timezone.now())
    Source.objects.filter(pk=source.pk).update(status=status, **fields)
    source.refresh_from_db()
    return source


@pytest.fixture
def page(client_of, corpus, lead):
    """The text of the list of jobs of the corpus, as its lead sees it."""

    client = client_of(lead)

    def text(query=""):
        response = client.get(f"/corpora/{corpus.pk}/jobs/{query}")
        assert response.status_code == 200
        return response.content.decode()

    return text


def test_it_lists_what_runs_waits_has_failed_and_ended_lately(page, corpus):
    now = timezone.now()
    running = {"started_at": now - datetime.timedelta(seconds=60), "heartbeat": now}
    make_job(corpus, "runs", "running", progress=0.5, **running)
    make_job(corpus, "waits", "queued")
    failure = {"template": "The transcript is empty.", "values": {}}
    make_job(corpus, "broke", "failed", failure=failure, deaths=3)
    make_job(corpus, "went well", "done")
    make_job(corpus, "long ago", "done", finished_at=now - datetime.timedelta(days=90))
    make_job(corpus, "undecided", "draft")
    shown = page()
    for text in ("runs", "waits", "broke", "went well", "50 %"):
        assert text in shown
    assert "The transcript is empty." in shown and "ended 3 times" in shown
    assert re.search(r"about 6\d s left", shown)
    assert "long ago" not in shown and "undecided" not in shown
    assert shown.index(">waits<") < shown.index(">broke<")  # what is active comes first
    assert 'hx-trigger="every 3s"' in shown


def test_it_asks_again_only_while_something_is_active(page, corpus):
    make_job(corpus, "over", "done")
    assert "every 3s" not in page()


def test_filters_and_search(page, corpus, lead):
    make_job(corpus, "E01 rain", "failed")
    make_job(corpus, "E02 snow", "done")
    over = {"status": "done", "finished_at": timezone.now()}
    IntegrityCheck.objects.create(corpus=corpus, person=lead, **over)
    assert "E01 rain" not in page("?q=snow") and "E02 snow" in page("?q=snow")
    assert "E02 snow" not in page("?state=failed") and "E01 rain" in page("?state=failed")
    only = page("?kind=integritycheck")
    assert "check of" in only and "E01 rain" not in only
    assert "Nothing matches these filters." in page("?q=nothing-like-it")
    assert "E01 rain" not in page("?kind=nonsense&state=nonsense")


def test_failed_jobs_are_counted_in_the_navigation(page, corpus):
    assert "1 waiting" not in page()
    make_job(corpus, "broke", "failed")
    assert "1 waiting" in page()


def test_queries_do_not_grow_with_the_jobs(page, corpus, lead):
    make_job(corpus, "one", "queued")
    ClipRecut.objects.create(corpus=corpus, person=lead)
    make_dialogue(corpus)
    opened = make_round(corpus, [make_member(corpus)])
    Report.objects.create(round=opened, kind=Report.Kind.QUALITY)
    page()
    with CaptureQueriesContext(connection) as before:
        page()
    for number in range(25):
        make_job(corpus, f"more {number}", "queued")
    with CaptureQueriesContext(connection) as after:
        page()
    assert len(after) <= len(before)
    assert len(after) < 15


def test_cancelling_and_retrying_are_recorded_and_lead_back(client_of, corpus, lead):
    job = make_job(corpus, "waits", "queued")
    back = f"/corpora/{corpus.pk}/jobs/?state=queued"
    client = client_of(lead)
    response = client.post(f"/jobs/source/{job.pk}/stop/", {"back": back})
    assert response.headers["Location"] == back
    job.refresh_from_db()
    assert job.status == JobStatus.STOPPED
    response = client.post(
        f"/jobs/source/{job.pk}/attempts/", {"back": "https://elsewhere.example/"}
    )
    assert response.headers["Location"] == f"/corpora/{corpus.pk}/jobs/"
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED
    events = Event.objects.filter(noun_id=job.pk, noun="source")
    assert [event.verb for event in events] == ["ingest", "stop"]


def test_nobody_else_acts_on_jobs(client_of, corpus):
    job = make_job(corpus, "waits", "queued")
    draft = make_job(corpus, "draft", "draft")
    others = make_corpus()
    for person in (make_person(), make_member(corpus), others.memberships.get().person):
        client = client_of(person)
        assert client.get(f"/corpora/{corpus.pk}/jobs/").status_code == 404
        assert client.post(f"/jobs/source/{job.pk}/stop/").status_code == 404
        assert client.get("/installation/jobs/").status_code == 404
    lead = corpus.memberships.get(role="lead").person
    for address in (f"source/{draft.pk}", f"nonsense/{job.pk}", "source/999999"):
        assert client_of(lead).post(f"/jobs/{address}/stop/").status_code == 404


def test_administrators_see_and_act_on_the_jobs_of_all_corpora(client_of, corpus):
    job = make_job(corpus, "waits", "queued")
    other = make_job(make_corpus(name="another corpus"), "elsewhere", "failed")
    client = client_of(make_person("root", is_superuser=True))
    shown = client.get("/installation/jobs/").content.decode()
    assert "waits" in shown and "elsewhere" in shown and "another corpus" in shown
    assert "elsewhere" not in client.get(f"/installation/jobs/?q={corpus.name}").content.decode()
    assert client.post(f"/jobs/source/{job.pk}/stop/").status_code == 302
    assert client.post(f"/jobs/source/{other.pk}/attempts/").status_code == 302
    assert {row.status for row in Source.objects.all()} == {JobStatus.STOPPED, JobStatus.QUEUED}


def test_workers_disk_and_versions_are_a_part_of_their_own(client_of, lead, corpus, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    shown = client_of(lead).get("/jobs/machine/", headers={"HX-Request": "true"}).content.decode()
    assert "Redis does not answer" in shown and "Django" in shown and "free" in shown
    assert "<html" not in shown and str(settings.DATA_DIR) not in shown
    assert client_of(make_person()).get("/jobs/machine/").status_code == 404


def test_every_kind_of_job_says_what_a_list_shows():
    assert len({str(model.kind_label) for model in kinds().values()}) == len(kinds())
    for model in kinds().values():
        assert model.page_url is not None and model.kind_label
        for path in (model.corpus_field, model.person_field, *model.name_fields):
            assert not path or model._base_manager.values(path).query


def test_what_a_system_does_not_confine_is_said(client_of, lead, corpus, settings, monkeypatch):
    def shown():
        return client_of(lead).get("/jobs/machine/").content.decode()

    monkeypatch.setattr(installation_state, "unconfined", lambda: ())
    monkeypatch.setattr(installation_state, "missing_for", lambda _: ("files",))
    installation_state.unconfined_learner.cache_clear()
    page = shown()
    assert "It can change all files" in page and "It can reach the network" not in page
    settings.CONFINE_LEARNER = False
    installation_state.unconfined_learner.cache_clear()
    assert "It can reach the network" in shown()
    installation_state.unconfined_learner.cache_clear()
