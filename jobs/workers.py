"""Which workers are there, and which queues they take."""

from celery import current_app
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

FRESH = 10  # seconds that an answer counts
PATIENCE = 0.7  # seconds that workers have to answer
UNREACHABLE = (OSError, OperationalError, RedisError)  # what a broker that is away raises


def workers_of(queue):
    """How many workers take a queue, or None where Redis itself does not answer."""
    found = cache.get("queues")
    if found is None:
        found = _asked()
        cache.set("queues", "away" if found is None else found, FRESH)
    return None if found is None or found == "away" else found.get(queue, 0)


def _asked():
    """Queue -> how many workers take it; None where nothing can be asked."""
    try:
        with current_app.connection_for_write() as fresh:  # the pool's are dead if Redis was
            asked = current_app.control.inspect(timeout=PATIENCE, connection=fresh)
            told = asked.active_queues() or {}
    except UNREACHABLE:
        return None
    found = {}
    for queues in told.values():
        for each in queues:
            found[each["name"]] = found.get(each["name"], 0) + 1
    return found
