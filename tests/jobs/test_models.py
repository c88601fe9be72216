import datetime

import pytest
from django.utils import timezone, translation

from core.errors import UserError
from jobs.models import STALE_AFTER, JobStatus, Stopped
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
