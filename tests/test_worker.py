"""Tasks through a real Redis and a real Celery worker: REDIS_URL's, or the embedded one."""

import datetime
import os
import time

import pytest
import redis
from celery.contrib.testing.worker import start_worker
from django.core.cache import cache
from django.core.files import File
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from config.celery import app
from corpus.models import Source
from jobs.models import JobStatus
from modeling.learner.checkpoints import read_checkpoint
from modeling.learner.run_directory import RunDirectory
from modeling.models import Experiment, TrainingRun
from modeling.training_workers import training_worker_count
from tests.factories import make_corpus, make_judged_round, make_release
from tests.workers import kill_all, start_redis, wait_until, worker_process


@pytest.fixture
def queue(settings):
    """The Celery application with a Redis that answers."""
    server = None
    if not os.environ.get("REDIS_URL"):
        server = start_redis(settings.EMBEDDED_REDIS)
    app.conf.task_always_eager = False
    yield app
    app.conf.task_always_eager = True
    if server:
        server.terminate()
        server.wait()


@pytest.mark.django_db(transaction=True)
def test_an_upload_waits_in_redis_and_is_cut_by_a_worker(queue, film, srt):
    source = make_corpus().sources.create(title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        source.media.save("film.mp4", File(media))
        source.transcript.save("film.srt", File(words))
    with transaction.atomic():
        source.later()
        assert Source.objects.get().status == JobStatus.QUEUED
    with start_worker(
        queue, pool="solo", perform_ping_check=False, queues=["work"], loglevel="error"
    ):
        deadline = time.monotonic() + 60
        while Source.objects.get().active and time.monotonic() < deadline:
            time.sleep(0.1)
    source = Source.objects.get()
    assert source.status == JobStatus.DONE, source.failure_text
    assert source.dialogues.count() == 2 and source.attempt == 1


@pytest.mark.django_db(transaction=True)
def test_a_run_waits_for_its_clips_and_is_trained_by_a_worker(queue, film):
    corpus = make_corpus()
    judged = make_judged_round(corpus, dialogues=3)
    for number, dialogue in enumerate(corpus.dialogues.all()):
        dialogue.clip.save(f"{number}.mp4", ContentFile(film.read_bytes()))
    release = make_release(corpus, [judged], media="dialogues")
    with transaction.atomic():
        experiment = Experiment.request(
            None, release, ["hard-small"], [1], options={"epochs": 1, "width": 32}
        )
    run = experiment.runs.get()
    assert run.status == JobStatus.QUEUED and run.waits
    cache.delete("trainers")
    with start_worker(
        queue, pool="solo", perform_ping_check=False, queues=["work", "train"], loglevel="error"
    ):
        assert training_worker_count() is not None
        deadline = time.monotonic() + 90
        while TrainingRun.objects.get().active and time.monotonic() < deadline:
            time.sleep(0.1)
    run.refresh_from_db()
    assert run.status == JobStatus.DONE, run.failure_text
    assert all(part.status == JobStatus.DONE for part in release.feature_parts.all())
    assert run.results["missing"]["modalities"] == {"text": 0, "audio": 0, "vision": 0}


@pytest.mark.django_db(transaction=True)
def test_killing_worker_and_queue_in_mid_run_costs_what_came_after_the_checkpoint(
    settings, tmp_path
):
    server = start_redis(settings.EMBEDDED_REDIS) if not os.environ.get("REDIS_URL") else None
    log = tmp_path / "worker.log"
    corpus = make_corpus()
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    app.conf.task_always_eager = False
    try:
        options = {"epochs": 400, "patience": 400, "width": 32}
        experiment = Experiment.request(None, release, ["hard-text"], [1, 2], options=options)
        first, second = experiment.runs.order_by("seed")
        with worker_process(settings, log) as worker:
            wait_until(lambda: len(first.events()) > 60, log)
            kill_all(worker)
        done, kept = len(first.events()), read_checkpoint(RunDirectory(first.directory))
        assert kept["events"] > done / 2  # the last of them, a fraction of a second ago
        first.refresh_from_db()
        assert first.status == JobStatus.RUNNING  # nobody could say that it died
        if server:
            server.kill()
            server.wait()
            server = start_redis(settings.EMBEDDED_REDIS)  # remembers nothing
        else:
            redis.Redis.from_url(settings.CELERY_BROKER_URL).flushdb()
        TrainingRun.objects.filter(pk=first.pk).update(
            heartbeat=timezone.now() - datetime.timedelta(minutes=1)
        )
        first.refresh_from_db()
        assert first.stale
        TrainingRun.objects.filter(pk=second.pk).update(
            queued_at=timezone.now() - datetime.timedelta(minutes=1)
        )
        with worker_process(settings, log):
            states = TrainingRun.objects.values_list("status", flat=True)
            wait_until(lambda: set(states.all()) == {JobStatus.DONE}, log, 120)
    finally:
        app.conf.task_always_eager = True
        if server:
            server.terminate()
            server.wait()
    first.refresh_from_db()
    epochs = [event["epoch"] for event in first.events() if event["event"] == "epoch"]
    assert epochs == list(range(1, 401)) and first.attempt == 2
    assert {run.attempt for run in experiment.runs.all()} == {1, 2}
