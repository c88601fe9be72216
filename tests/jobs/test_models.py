import datetime
import threading

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation

from core.errors import UserError
from jobs.models import MOST_DEATHS, STALE_AFTER, JobStatus, Stopped
from jobs.recovery import requeue_stale
from tests.factories import make_source
from tests.waiting import wait_until


@pytest.fixture
def job(corpus):
    source = make_source(corpus)
    source.status = JobStatus.QUEUED
    source.save()
    return source


def twin(job):
    return type(job).objects.get(pk=job.pk)


def test_only_one_worker_gets_the_row(job):
    other = twin(job)
    assert job.claim() and not other.claim()
    assert job.attempt == 1 and job.status == JobStatus.RUNNING


def test_it_ends_done_and_whole(job):
    job.claim()
    with job.outcome_recorded():
        job.report_progress(0.5)
    assert (job.status, job.progress) == (JobStatus.DONE, 1.0)


def test_a_refusal_is_kept_and_said_in_the_readers_language(job):
    job.claim()
    with job.outcome_recorded():
        raise UserError("The transcript is empty.")
    assert job.status == JobStatus.FAILED and job.failure_text == "The transcript is empty."
    with translation.override("zh-hans"):
        assert twin(job).failure_text == "字幕是空的。"


def test_an_unforeseen_error_is_kept_too(job):
    job.claim()
    with job.outcome_recorded():
        raise KeyError("x")
    assert job.status == JobStatus.FAILED and "KeyError: 'x'" in job.failure_text


def test_stopping_a_running_job_takes_effect_at_the_next_beat(job):
    job.claim()
    with job.outcome_recorded():
        assert twin(job).stop()
        with pytest.raises(Stopped):
            job.report_progress(0.1)
        raise Stopped
    assert job.status == JobStatus.STOPPED


def test_a_worker_that_lost_its_row_cannot_settle_it(job):
    job.claim()
    with job.outcome_recorded():
        other = twin(job)
        other.stop()
        other.requeue()
        assert other.claim()
    assert twin(job).status == JobStatus.RUNNING and twin(job).attempt == 2


def test_only_ended_or_stale_work_is_requeued(job):
    assert not job.requeue()
    job.claim()
    assert not job.requeue()
    type(job).objects.update(heartbeat=timezone.now() - STALE_AFTER - datetime.timedelta(seconds=1))
    stale = twin(job)
    assert stale.stale and stale.requeue() and stale.status == JobStatus.QUEUED
    assert not stale.requeue()


@pytest.mark.django_db(transaction=True)
def test_work_that_cannot_beat_is_kept_alive(job):
    """While a large file is read, a thread beats beside the work."""
    assert job.claim()
    silent = type(job).objects.filter(pk=job.pk)
    silent.update(heartbeat=timezone.now() - 2 * STALE_AFTER)
    assert twin(job).stale
    with job.heartbeat_thread(every=0.01):
        wait_until(lambda: not twin(job).stale, "a heartbeat")
    silent.update(heartbeat=timezone.now() - 2 * STALE_AFTER)
    assert twin(job).stale  # once it is over nobody beats


@pytest.mark.django_db(transaction=True)
def test_work_in_a_transaction_is_not_held_up_by_its_heartbeat(job, monkeypatch):
    """On SQLite the thread waits for the transaction, which ends after the thread is waited for."""
    begun, update = threading.Event(), QuerySet.update

    def noticed(self, **values):
        if threading.current_thread().name == "heartbeat":
            begun.set()
        return update(self, **values)

    monkeypatch.setattr(QuerySet, "update", noticed)
    monkeypatch.setattr("jobs.models.HEARTBEAT_END", 0.05)
    with transaction.atomic():
        assert job.claim()
        with job.heartbeat_thread(every=0.01):
            wait_until(begun.is_set, "a heartbeat")
    wait_until(
        lambda: not any(each.name == "heartbeat" for each in threading.enumerate()),
        "the end of the thread",
    )
    assert twin(job).status == JobStatus.RUNNING


def left_by_a_dead_worker(job):
    """The row as somebody else finds it after its worker was killed a while ago."""
    assert twin(job).claim()
    type(job).objects.filter(pk=job.pk).update(heartbeat=timezone.now() - 2 * STALE_AFTER)
    return twin(job)


def test_a_job_that_ended_three_workers_fails_with_that_reason(job, lead):
    for deaths in range(1, MOST_DEATHS):
        assert left_by_a_dead_worker(job).recover()
        assert (twin(job).status, twin(job).deaths) == (JobStatus.QUEUED, deaths)
    assert not left_by_a_dead_worker(job).recover()
    failed = twin(job)
    assert (failed.status, failed.deaths) == (JobStatus.FAILED, MOST_DEATHS)
    assert "ended 3 times" in failed.failure_text and failed.finished_at
    with translation.override("zh-hans"):
        assert "3 次" in failed.failure_text
    failed.retry_by(lead)
    assert (twin(job).deaths, twin(job).status) == (0, JobStatus.QUEUED)


def test_a_worker_that_is_alive_has_not_died(job):
    job.claim()
    assert not twin(job).recover() and twin(job).status == JobStatus.RUNNING
    assert twin(job).recover(left=True) and twin(job).deaths == 1


def test_failing_for_its_workers_is_followed_up_like_any_end(job, monkeypatch):
    ended = []
    monkeypatch.setattr(type(job), "follow_up", "tests.jobs.test_models.noted", raising=False)
    monkeypatch.setattr("tests.jobs.test_models.noted", ended.append, raising=False)
    type(job).objects.update(deaths=MOST_DEATHS - 1)
    left_by_a_dead_worker(job).recover()
    assert [row.status for row in ended] == [JobStatus.FAILED]


def test_what_is_stopped_on_purpose_waits_and_no_death_is_counted(job):
    job.claim()
    call_command("requeue", stopped=True, verbosity=0)
    assert (twin(job).status, twin(job).deaths) == (JobStatus.QUEUED, 0)


def test_starting_again_after_a_crash_counts_a_death(job, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    job.claim()
    requeue_stale(everything=True)
    assert (twin(job).status, twin(job).deaths) == (JobStatus.QUEUED, 1)


@pytest.fixture
def move_clock(monkeypatch):
    """Move the clock of the machine by so many hours from what it shows now."""

    def move(hours):
        now = timezone.now
        monkeypatch.setattr(timezone, "now", lambda: now() + datetime.timedelta(hours=hours))

    return move


def test_a_clock_that_is_set_back_leaves_no_job_to_a_dead_worker(job, move_clock):
    assert twin(job).claim()
    move_clock(-3)
    assert requeue_stale() == 1
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED and not job.unclaimed
    move_clock(-3)
    assert job.unclaimed  # so that it is sent again when the queue has lost it


def test_a_live_worker_whose_clock_is_moved_does_its_job_once(job, move_clock):
    """Whoever took the row meanwhile has it; the first one ends at its next progress."""
    for hours in (5, -5):
        first = twin(job)
        assert first.claim()
        with first.outcome_recorded():
            move_clock(hours)
            assert requeue_stale() == 1
            second = twin(job)
            assert second.claim()
            first.finish()
            raise AssertionError("the first one has stored its result")
        second.report_progress(0.5)
        assert twin(job).status == JobStatus.RUNNING
        with second.outcome_recorded():
            second.finish()
        assert twin(job).status == JobStatus.DONE
        type(job).objects.update(status=JobStatus.QUEUED, queued_at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_clock_set_forward_silences_no_heartbeat(job, move_clock):
    assert job.claim()
    with job.heartbeat_thread(every=0.01):
        move_clock(24)
        wait_until(lambda: not twin(job).stale, "a heartbeat of tomorrow")
