"""Which workers are there, and which queues they take.

Each worker says so in the broker every few seconds. To ask all of them and to wait for whoever
answers, as Celery's `inspect` does, takes most of a second, in which a page is not there.
"""

import json
import logging
import os
import socket
import threading
from contextlib import contextmanager

from celery import current_app
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

CACHE_SECONDS = 10  # that a count is kept
ANNOUNCED_EVERY = 5.0  # seconds
FORGOTTEN_AFTER = 20  # seconds without a word
NAMES, ENTRY = "shengqing:workers", "shengqing:worker:{}"  # keys: all names, and one's queues
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


def announce(queues, name=None):
    """Say that this worker takes some queues; said again from time to time until it ends. Returns
    what ends it.
    """
    name = name or f"{socket.gethostname()}:{os.getpid()}"
    over = threading.Event()

    def forever():
        while True:
            try:
                _say(name, queues)
            except UNREACHABLE as error:  # pages say that the queue is away
                log.warning("the queue does not answer: %s", error)
            if over.wait(ANNOUNCED_EVERY):
                break
        try:
            _take_back(name)
        except UNREACHABLE:  # gone with its Redis, as when everything is stopped at once
            log.info("%s could not take back its announcement", name)

    thread = threading.Thread(target=forever, name="announcement", daemon=True)
    thread.start()

    def end():
        over.set()
        thread.join(FORGOTTEN_AFTER)

    return end


@contextmanager
def _redis():
    """The broker's own client. Raises one of UNREACHABLE, soon."""
    with current_app.connection_for_write() as fresh:  # the pool's are dead if Redis was
        fresh.ensure_connection(max_retries=1, interval_start=0.1)  # else it takes six seconds
        yield fresh.default_channel.client


def _say(name, queues):
    with _redis() as redis:
        redis.sadd(NAMES, name)
        redis.set(ENTRY.format(name), json.dumps(sorted(queues)), ex=FORGOTTEN_AFTER)


def _take_back(name):
    with _redis() as redis:
        redis.delete(ENTRY.format(name))
        redis.srem(NAMES, name)


def _count_by_queue():
    """Queue -> how many workers take it; None where nothing can be asked."""
    counts: dict[str, int] = {}
    try:
        with _redis() as redis:
            names = sorted(redis.smembers(NAMES))
            entries = redis.mget([ENTRY.format(_text(name)) for name in names]) if names else []
            if gone := [name for name, entry in zip(names, entries, strict=True) if not entry]:
                redis.srem(NAMES, *gone)
    except UNREACHABLE:
        return None
    for entry in filter(None, entries):
        for queue in json.loads(entry):
            counts[queue] = counts.get(queue, 0) + 1
    return counts


def _text(name):
    return name.decode() if isinstance(name, bytes) else name
