"""Health and metrics: what probes are told, and who may ask."""

from contextlib import nullcontext

import pytest
from celery.app import app_or_default
from django.db import DatabaseError
from django.test import Client

from jobs import health
from jobs.models import JobStatus
from tests.factories import make_corpus, make_judged_round

pytestmark = pytest.mark.django_db


class Lengths:
    """A Redis with three messages in a queue."""

    def llen(self, queue):
        return {"work": 3}.get(queue, 0)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    health.forget()
    monkeypatch.setattr(
        "jobs.health._ask_workers", lambda: None
    )  # nobody answers: it takes seconds
    monkeypatch.setattr("jobs.health.redis_fault", lambda: "")
    monkeypatch.setattr("jobs.figures.redis_client", lambda: nullcontext(Lengths()))
    yield
    health.forget()


def ready(**kwargs):
    return Client().get("/health/ready/", **kwargs)


def test_it_is_alive_without_a_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = Client().get("/health/live/", headers={"Host": "10.1.2.3:8000"})
    assert answer.status_code == 200 and answer.json() == {"status": "ok"}
    assert answer.headers["Cache-Control"] == "no-store" and not answer.cookies


def test_it_is_ready_when_everything_is_there(django_assert_max_num_queries):
    answer = ready(headers={"Host": "10.1.2.3"})
    assert answer.status_code == 200, answer.json()
    assert answer.json()["checks"] == dict.fromkeys(
        ("database", "migrations", "redis", "disk"), "ok"
    )
    with django_assert_max_num_queries(0):
        assert ready().status_code == 200  # kept for a second


@pytest.mark.parametrize(
    ("name", "fault"),
    [("redis", "Redis does not answer"), ("disk", "the disk is nearly full")],
)
def test_what_is_missing_is_said(monkeypatch, settings, name, fault):
    monkeypatch.setattr("jobs.health.redis_fault", lambda: fault if name == "redis" else "")
    settings.LEAST_FREE_DISK = 10**18 if name == "disk" else 0
    answer = ready()
    assert answer.status_code == 503
    assert answer.json()["status"] == "failed" and answer.json()["checks"][name] == fault


def test_a_redis_that_is_away_is_a_fault(monkeypatch, settings):
    monkeypatch.undo()
    app = app_or_default()
    monkeypatch.setattr(app.conf, "broker_read_url", None)
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    assert health.redis_fault() == "Redis does not answer"


def test_tables_of_an_earlier_version_are_a_fault(monkeypatch):
    monkeypatch.setattr("jobs.health.MigrationExecutor.migration_plan", lambda *_: [1, 2])
    assert ready().json()["checks"]["migrations"] == "2 migrations are not applied"


def test_a_database_that_is_away_is_a_fault(monkeypatch):
    def away():
        raise DatabaseError("secret address")

    monkeypatch.setattr("jobs.health.connection.cursor", away)
    answer = ready()
    assert answer.status_code == 503 and "secret" not in answer.content.decode()
    assert answer.json()["checks"]["database"] == "the database does not answer"


def test_a_queue_without_workers_is_a_warning():
    health._kept["workers"] = (float("inf"), {"work": 2, "train": 0})
    answer = ready()
    assert answer.status_code == 200
    assert answer.json()["workers"] == {"work": 2, "train": 0}
    assert answer.json()["warnings"] == ["no worker takes the queue train"]


def test_metrics_are_for_this_machine_or_for_the_token(settings):
    client = Client()
    assert client.get("/metrics/").status_code == 200
    assert client.get("/metrics/", REMOTE_ADDR="192.0.2.1").status_code == 404
    assert client.get("/metrics/", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 404
    settings.METRICS_TOKEN = "for-prometheus"
    assert client.get("/metrics/").status_code == 404
    for given, status in (("for-prometheus", 200), ("for-prometheu", 404), ("é", 404)):
        headers = {"Authorization": f"Bearer {given}"}
        answer = client.get("/metrics/", headers=headers, REMOTE_ADDR="192.0.2.1")
        assert answer.status_code == status


def test_metrics_count_requests_jobs_and_judgements(monkeypatch):
    corpus = make_corpus()
    make_judged_round(corpus, dialogues=1)
    corpus.sources.create(title="a", status=JobStatus.FAILED)
    health._kept["workers"] = (float("inf"), {"work": 2, "train": None})
    client = Client()
    client.get("/sign-in/")
    client.get("/nothing-here/")
    client.generic("BREW", "/sign-in/")
    text = client.get("/metrics/").content.decode()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    named = 'http_request_duration_seconds_count{method="%s",route="%s",status="%s"}'
    assert float(lines[named % ("GET", "login", 200)]) >= 1
    assert float(lines[named % ("GET", "none", 404)]) >= 1
    assert any('method="other"' in name for name in lines)
    assert lines['shengqing_jobs{kind="source",state="failed"}'] == "1.0"
    assert lines['shengqing_queue_length{queue="work"}'] == "3.0"
    assert (
        lines["shengqing_redis_up"] == "1.0" and lines['shengqing_workers{queue="work"}'] == "2.0"
    )
    assert float(lines["shengqing_judgements_total"]) > 0
    assert float(lines["shengqing_database_bytes"]) > 0
    assert float(lines["shengqing_disk_free_bytes"]) > 0
    assert float(lines["http_requests_in_flight"]) == 0


def test_a_redis_that_is_away_keeps_no_metrics_back(monkeypatch):
    def away():
        raise OSError

    monkeypatch.setattr("jobs.figures.redis_client", away)
    assert "shengqing_redis_up 0.0" in Client().get("/metrics/").content.decode()
