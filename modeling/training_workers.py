"""How many workers can take training runs."""

from django.conf import settings

from jobs.models import JobStatus
from jobs.workers import worker_count
from modeling.models import TrainingRun


def training_worker_count(queue="train"):
    """How many workers take a queue, or None where Redis itself does not answer.

    Whoever trains at the moment counts although it may be too busy to answer. `gpu` is the queue of
    the machines that have one.
    """
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return int(queue == "train")
    count = worker_count(queue)
    return None if count is None else max(count, _busy(queue))


def _busy(queue):
    working = TrainingRun.objects.filter(status=JobStatus.RUNNING)
    return sum(run.queue == queue and not run.stale for run in working)
