"""Tasks through a real Redis and a real Celery worker: REDIS_URL's, or the embedded one."""

import os
import signal
from pathlib import Path

import pytest
from celery.contrib.testing.worker import start_worker
from django.core.files import File
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from config.celery import app
from corpus.models import Source
from jobs.models import MOST_DEATHS, UNCLAIMED_AFTER, JobStatus
from jobs.workers import queue_length
from modeling.learner.checkpoints import read_checkpoint
from modeling.learner.run_directory import RunDirectory
from modeling.models import Experiment, TrainingRun
from modeling.training_workers import training_worker_count
from tests.factories import (
    make_corpus,
    make_held_source,
    make_judged_round,
    make_release,
    make_waiting_source,
)
from tests.waiting import LIMIT, wait_until
from tests.workers import end_of, kill_all, pool_process, start_broker, worker_process

EPOCHS = 200  # of the run that is killed: enough to be still at work after some checkpoints


@pytest.fixture
def queue(settings):
    """The Celery application with a Redis that answers."""
    server = start_broker(settings)
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
        queue, pool="solo", perform_ping_check=False, queues=["work"], loglevel="error",
        shutdown_timeout=LIMIT,
    ):  # fmt: skip
        wait_until(lambda: not Source.objects.get().active, "the upload to be cut")
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
    with start_worker(
        queue, pool="solo", perform_ping_check=False, queues=["work", "train"], loglevel="error",
        shutdown_timeout=LIMIT,
    ):  # fmt: skip
        assert training_worker_count() is not None
        wait_until(lambda: not TrainingRun.objects.get().active, "the run to be trained")
    run.refresh_from_db()
    assert run.status == JobStatus.DONE, run.failure_text
    assert all(part.status == JobStatus.DONE for part in release.feature_parts.all())
    assert run.results["missing"]["modalities"] == {"text": 0, "audio": 0, "vision": 0}


def events_kept(run):
    """How many events of a run its last checkpoint counts."""
    return (read_checkpoint(RunDirectory(run.directory)) or {"events": 0})["events"]


@pytest.mark.django_db(transaction=True)
def test_killing_worker_and_queue_in_mid_run_costs_what_came_after_the_checkpoint(
    settings, tmp_path
):
    server = start_broker(settings)
    log = tmp_path / "worker.log"
    corpus = make_corpus()
    release = make_release(corpus, [make_judged_round(corpus, dialogues=6)])
    app.conf.task_always_eager = False
    try:
        options = {"epochs": EPOCHS, "patience": EPOCHS, "width": 32}
        experiment = Experiment.request(None, release, ["hard-text"], [1, 2], options=options)
        first, second = experiment.runs.order_by("seed")
        with worker_process(settings, log) as worker:
            wait_until(lambda: events_kept(first) > 30, "a checkpoint", state=lambda: end_of(log))
            kill_all(worker)
        done, kept = len(first.events()), read_checkpoint(RunDirectory(first.directory))
        assert kept["events"] > done / 2  # the last of them, a fraction of a second ago
        first.refresh_from_db()
        assert first.status == JobStatus.RUNNING  # nobody could say that it died
        if server:
            server.kill()
            server.wait()
        server = start_broker(settings)  # remembers nothing
        TrainingRun.objects.filter(pk=first.pk).update(
            heartbeat=timezone.now() - 2 * first.stale_after
        )
        first.refresh_from_db()
        assert first.stale
        TrainingRun.objects.filter(pk=second.pk).update(
            queued_at=timezone.now() - 2 * UNCLAIMED_AFTER, options=options | {"epochs": 2}
        )
        with worker_process(settings, log):
            states = TrainingRun.objects.values_list("status", flat=True)
            wait_until(
                lambda: set(states.all()) == {JobStatus.DONE}, "both runs to end", 4 * LIMIT,
                state=lambda: end_of(log),
            )  # fmt: skip
    finally:
        app.conf.task_always_eager = True
        if server:
            server.terminate()
            server.wait()
    first.refresh_from_db()
    epochs = [event["epoch"] for event in first.events() if event["event"] == "epoch"]
    assert epochs == list(range(1, EPOCHS + 1)) and first.attempt == 2
    assert {run.attempt for run in experiment.runs.all()} == {1, 2}


@pytest.mark.django_db(transaction=True)
def test_a_job_that_kills_its_worker_three_times_fails_and_the_next_one_is_done(
    settings, tmp_path, film, srt
):
    server = start_broker(settings)
    log = tmp_path / "worker.log"
    app.conf.task_always_eager = False
    corpus = make_corpus()
    poisoned, good = (corpus.sources.create(title=title, gap=3.0) for title in ("bad", "good"))
    for source in (poisoned, good):
        with film.open("rb") as media, srt.open("rb") as words:
            source.media.save("film.mp4", File(media))
            source.transcript.save("film.srt", File(words))
    pipe = Path(poisoned.transcript.path)
    pipe.unlink()
    os.mkfifo(pipe)  # whoever reads it waits for ever, until killed
    mine = Source.objects.filter(pk=poisoned.pk)
    try:
        poisoned.later()
        with worker_process(settings, log) as worker:
            for death in range(1, MOST_DEATHS + 1):
                wait_until(
                    mine.filter(status=JobStatus.RUNNING, attempt=death).exists,
                    f"attempt {death}", state=lambda: end_of(log),
                )  # fmt: skip
                os.kill(pool_process(worker), signal.SIGKILL)
                mine.update(heartbeat=timezone.now() - 2 * poisoned.stale_after)
            wait_until(
                mine.filter(status=JobStatus.FAILED).exists, "it to fail", state=lambda: end_of(log)
            )
            good.later()
            wait_until(
                Source.objects.filter(pk=good.pk, status=JobStatus.DONE).exists, "the next job",
                state=lambda: end_of(log),
            )  # fmt: skip
    finally:
        app.conf.task_always_eager = True
        pipe.unlink()
        if server:
            server.terminate()
            server.wait()
    poisoned.refresh_from_db()
    assert poisoned.deaths == MOST_DEATHS and "ended 3 times" in poisoned.failure_text


@pytest.mark.django_db(transaction=True)
def test_a_worker_outlives_a_restart_of_redis_and_takes_the_next_job(settings, tmp_path, film, srt):
    server = start_broker(settings)
    if server is None:
        pytest.skip("REDIS_URL names a Redis that is not ours to restart")
    log, corpus = tmp_path / "worker.log", make_corpus()
    app.conf.task_always_eager = False
    first, let_go = make_held_source(corpus, film, srt)
    rows = Source.objects.filter(pk=first.pk)
    try:
        first.later()
        with worker_process(settings, log) as worker:
            running = rows.filter(status=JobStatus.RUNNING)
            wait_until(running.exists, "the first job", state=lambda: end_of(log))
            server.kill()
            server.wait()
            server = start_broker(settings)  # remembers nothing
            connected = "Connected to redis"
            wait_until(
                lambda: log.read_text().count(connected) == 2, "it to connect again",
                state=lambda: end_of(log),
            )  # fmt: skip
            let_go()
            wait_until(
                rows.filter(status=JobStatus.DONE).exists, "it to end", state=lambda: end_of(log)
            )
            second = make_waiting_source(corpus, film, srt, "next")
            second.later()
            wait_until(
                Source.objects.filter(pk=second.pk, status=JobStatus.DONE).exists, "the next job",
                state=lambda: end_of(log),
            )  # fmt: skip
            assert worker.poll() is None
    finally:
        app.conf.task_always_eager = True
        server.terminate()
        server.wait()
    assert list(Source.objects.values_list("attempt", flat=True)) == [1, 1]
    assert corpus.dialogues.count() == 4


@pytest.mark.django_db(transaction=True)
def test_a_stopping_worker_hands_its_run_back(settings, tmp_path):
    server = start_broker(settings)
    log, corpus = tmp_path / "worker.log", make_corpus()
    release = make_release(corpus, [make_judged_round(corpus, dialogues=4)])
    app.conf.task_always_eager = False
    try:
        options = {"epochs": 80, "patience": 80, "width": 16}
        run = Experiment.request(None, release, ["hard-text"], [1], options=options).runs.get()
        with worker_process(settings, log, STOP_AFTER="0") as worker:
            wait_until(lambda: events_kept(run) > 8, "a checkpoint", state=lambda: end_of(log))
            worker.terminate()
            assert worker.wait(LIMIT) == 0
        assert queue_length("train") == 1  # for the next worker, which begins at the checkpoint
    finally:
        app.conf.task_always_eager = True
        if server:
            server.terminate()
            server.wait()
    run.refresh_from_db()
    assert (run.status, run.attempt, run.deaths) == (JobStatus.QUEUED, 1, 0)
    assert f"modeling.trainingrun {run.pk} waits for another worker" in end_of(log)
    assert len(run.events()) >= events_kept(run) > 8
