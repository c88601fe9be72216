"""Whether anybody is there to train."""

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from corpus.jobs import JobStatus
from modeling.models import TrainingRun

FRESH = 10  # seconds that an answer counts
PATIENCE = 0.7  # seconds that workers have to answer


def trainers():
    """How many workers take training, or None where the queue itself does not answer.

    Whoever trains at the moment counts although it may be too busy to answer.
    """
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return 1
    found = cache.get("trainers")
    if found is None:
        found = _asked()
        cache.set("trainers", -1 if found is None else found, FRESH)
    return None if found in (None, -1) else max(found, _busy())


def _busy():
    return sum(not run.stale for run in TrainingRun.objects.filter(status=JobStatus.RUNNING))


def _asked():
    try:
        told = current_app.control.inspect(timeout=PATIENCE).active_queues() or {}
    except (OSError, OperationalError, RedisError):  # the broker is not there
        return None
    return sum(any(q["name"] == "train" for q in queues) for queues in told.values())
