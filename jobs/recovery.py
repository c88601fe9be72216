"""What every worker does beside its tasks: it requeues jobs that a dead worker left, sends those
again that the queue has lost, and does whatever else apps register in `STEPS`.
"""

import logging
import threading

from django.apps import apps
from django.conf import settings
from django.db import close_old_connections, transaction
from django.utils import timezone

from core.scratch import remove_abandoned
from jobs.models import Job, JobStatus
from jobs.workers import UNREACHABLE, queue_length

log = logging.getLogger(__name__)


def job_models():
    """Every model whose rows are jobs."""
    return [model for model in apps.get_models() if issubclass(model, Job)]


def requeue_stale(everything=False):
    """Queue again the jobs whose worker has written no heartbeat for too long; how many rows.

    `everything`: no worker is running at all, so whatever is not over is queued again. What has
    ended several workers fails instead (`Job.recover`).
    """
    count = 0
    for model in job_models():
        going = model.objects.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
        for job in going.order_by("queued_at", "pk"):  # first come, first served
            with transaction.atomic():
                count += _requeue(job, everything)
    return count


def _requeue(job, everything):
    waits = everything and job.status == JobStatus.QUEUED
    if not waits and not job.recover(left=everything):
        return 0
    job.later()
    return 1


def put_back():
    """Let what is running wait again, because the application was stopped on purpose: no job has
    ended its worker. How many rows; whoever starts the application again sends them.
    """
    return sum(
        model._base_manager.filter(status=JobStatus.RUNNING).update(
            status=JobStatus.QUEUED, progress=0.0, queued_at=timezone.now()
        )
        for model in job_models()
    )


def hand_back(labels_and_keys):
    """Let the jobs of a worker that was told to stop wait for another one; the rows. Whoever calls
    this sends them (`Job.later`) once the worker works on them no more.
    """
    jobs = [apps.get_model(label).objects.filter(pk=pk).first() for label, pk in labels_and_keys]
    return [job for job in jobs if job and job.hand_back()]


def resend_lost():
    """Send again what has waited for a while although its queue is empty: a Redis that was killed
    keeps no messages, and a second delivery does nothing. How many rows.
    """
    count = 0
    waiting = [
        job
        for model in job_models()
        for job in model.objects.filter(status=JobStatus.QUEUED).order_by("queued_at", "pk")
        if job.unclaimed and not job.waits
    ]
    empty = {queue for queue in {job.queue for job in waiting} if not queue_length(queue)}
    for job in waiting:
        if job.queue in empty:
            job.later()
            count += 1
    return count


STEPS = {  # what is logged, with a count -> what is done; apps add theirs when they are ready
    "requeued %s that a dead worker left": requeue_stale,
    "sent %s again that the queue had lost": resend_lost,
    "deleted %s temporary folders of processes that were killed": remove_abandoned,
}


def run_steps(steps=STEPS):
    """Do every step once. What goes wrong in one is logged, keeps no other from its turn, and is
    tried again in the next round.
    """
    for message, step in steps.items():
        try:
            if count := step():
                log.warning(message, count)
        except UNREACHABLE as error:
            log.warning("the queue does not answer: %s", error)
        except Exception:
            log.exception("upkeep failed: %s", step.__name__)
    close_old_connections()


def start():
    """A thread that does so until the process ends."""

    def forever():
        pause = threading.Event()
        while not pause.wait(settings.UPKEEP_EVERY):
            run_steps()

    threading.Thread(target=forever, name="upkeep", daemon=True).start()
