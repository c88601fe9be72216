"""What every worker does beside its tasks: it takes up jobs that a dead worker, or a queue that
forgot, has left behind, and whatever else apps register in `STEPS`.
"""

import logging
import threading

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db import close_old_connections, transaction
from django.utils import timezone

from jobs.models import UNCLAIMED_AFTER, Job, JobStatus
from jobs.workers import UNREACHABLE

log = logging.getLogger(__name__)


def job_models():
    """Every model whose rows are jobs."""
    return [model for model in apps.get_models() if issubclass(model, Job)]


def take_up(everything=False):
    """Queue anew what its worker has been silent about for too long; how many rows.

    `everything`: no worker is running at all, so whatever is not over is taken up.
    """
    count = 0
    for model in job_models():
        going = model.objects.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
        for job in going.order_by("queued_at", "pk"):  # first come, first served
            with transaction.atomic():
                count += _take_up(job, everything)
    return count


def _take_up(job, everything):
    if everything and job.status == JobStatus.RUNNING:
        job.stop()
    if not (everything and job.status == JobStatus.QUEUED) and not job.requeue():
        return 0
    job.later()
    return 1


def remind():
    """Send again what has waited for a while although its queue is empty: a Redis that was killed
    keeps no messages, and a second delivery does nothing. How many rows.
    """
    before, count = timezone.now() - UNCLAIMED_AFTER, 0
    waiting = [
        job
        for model in job_models()
        for job in model.objects.filter(status=JobStatus.QUEUED, queued_at__lt=before).order_by(
            "queued_at", "pk"
        )
        if not job.waits
    ]
    empty = {queue for queue in {job.queue for job in waiting} if not waiting_in(queue)}
    for job in waiting:
        if job.queue in empty:
            job.later()
            count += 1
    return count


def waiting_in(queue):
    """How many messages wait in a queue. Raises one of UNREACHABLE."""
    with current_app.connection_for_write() as connection:
        return connection.default_channel.client.llen(queue)


STEPS = {  # what is logged, with a count -> what is done; apps add theirs when they are ready
    "took up %s that a dead worker left": take_up,
    "sent %s that the queue had forgotten": remind,
}


def once(steps=STEPS):
    """One round of all that. What goes wrong in one is logged, keeps no other from its turn, and is
    tried again in the next round.
    """
    for words, step in steps.items():
        try:
            if count := step():
                log.warning(words, count)
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
            once()

    threading.Thread(target=forever, name="upkeep", daemon=True).start()
