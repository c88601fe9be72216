"""Which workers are there, and which queues they take."""

from celery import current_app
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

CACHE_SECONDS = 10  # that a count is kept
REPLY_TIMEOUTS = (
    0.7,
    3.0,
)  # seconds to answer; where none does, they may be busy
UNREACHABLE = (OSError, OperationalError, RedisError)  # what a broker that is away raises


def worker_count(queue):
    """How many workers take a queue, or None where Redis itself does not answer."""
    counts = worker_counts()
    return None if counts is None else counts.get(queue, 0)


def worker_counts():
    """Queue -> how many workers take it, or None where Redis itself does not answer."""
    counts = cache.get("queues")
    if counts is None:
        counts = _count_by_queue()
        cache.set("queues", "away" if counts is None else counts, CACHE_SECONDS)
    return None if counts == "away" else counts


def queue_length(queue):
    """How many messages wait in a queue. Raises one of UNREACHABLE."""
    with current_app.connection_for_write() as connection:
        return connection.default_channel.client.llen(queue)


def _count_by_queue():
    """Queue -> how many workers take it; None where nothing can be asked."""
    try:
        with current_app.connection_for_write() as fresh:  # the pool's are dead if Redis was
            fresh.ensure_connection(max_retries=1, interval_start=0.1)  # else it takes six seconds
            for seconds in REPLY_TIMEOUTS:
                inspector = current_app.control.inspect(timeout=seconds, connection=fresh)
                if queues_by_worker := inspector.active_queues() or {}:
                    break
    except UNREACHABLE:
        return None
    counts: dict[str, int] = {}
    for queues in queues_by_worker.values():
        for each in queues:
            counts[each["name"]] = counts.get(each["name"], 0) + 1
    return counts
