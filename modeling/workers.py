"""Whether anybody is there to train."""

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from corpus.jobs import JobStatus
from modeling.models import TrainingRun

FRESH = 10  # seconds that an answer counts
PATIENCE = (0.7, 3.0)  # seconds that workers have to answer; where nobody does, they may be busy
UNREACHABLE = (OSError, OperationalError, RedisError)  # what a broker that is away raises


def trainers(queue="train"):
    """How many workers take a queue, or None where Redis itself does not answer.

    Whoever trains at the moment counts although it may be too busy to answer. `gpu` is the queue of
    the machines that have one.
    """
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return int(queue == "train")
    found = cache.get("queues")
    if found is None:
        found = _asked()
        cache.set("queues", "away" if found is None else found, FRESH)
    if found is None or found == "away":
        return None
    return max(found.get(queue, 0), _busy(queue))


def _asked():
    """Queue -> how many workers take it; None where nothing can be asked."""
    try:
        with current_app.connection_for_write() as fresh:  # the pool's are dead if Redis was
            for seconds in PATIENCE:
                asked = current_app.control.inspect(timeout=seconds, connection=fresh)
                if told := asked.active_queues() or {}:
                    break
    except UNREACHABLE:
        return None
    found = {}
    for queues in told.values():
        for each in queues:
            found[each["name"]] = found.get(each["name"], 0) + 1
    return found


def _busy(queue):
    working = TrainingRun.objects.filter(status=JobStatus.RUNNING)
    return sum(run.queue == queue and not run.stale for run in working)
