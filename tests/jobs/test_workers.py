"""Which workers take which queues, as they say in the broker."""

from contextlib import contextmanager

import pytest
from celery import current_app
from django.core.cache import cache

from jobs import workers
from tests.waiting import wait_until
from tests.workers import start_broker


@pytest.fixture
def broker(settings):
    server = start_broker(settings)
    cache.clear()
    yield current_app
    cache.clear()
    if server:
        server.terminate()
        server.wait()


def counted():
    cache.clear()
    return workers.worker_counts()


def test_workers_are_counted_by_what_they_announce(broker, monkeypatch):
    assert counted() == {}
    monkeypatch.setattr(workers, "ANNOUNCED_EVERY", 0.05)
    ends = [workers.announce(["work", "train"], "a"), workers.announce(["work"], "b")]
    wait_until(lambda: counted() == {"work": 2, "train": 1}, "both to announce themselves")
    with broker.connection_for_write() as connection:  # a Redis that has lost everything
        connection.default_channel.client.flushdb()
    wait_until(lambda: counted() == {"work": 2, "train": 1}, "both to do so again")
    ends.pop()()
    assert counted() == {"work": 1, "train": 1}
    with broker.connection_for_write() as connection:  # what a killed worker leaves
        connection.default_channel.client.sadd(workers.NAMES, "killed")
    assert counted() == {"work": 1, "train": 1}
    with broker.connection_for_write() as connection:
        assert connection.default_channel.client.smembers(workers.NAMES) == {b"a"}
    ends.pop()()
    assert workers.worker_count("train") == 1  # what was counted counts for some seconds
    assert counted() == {} and workers.worker_count("train") == 0


def test_without_a_broker_nothing_is_known(monkeypatch):
    @contextmanager
    def away():
        raise ConnectionRefusedError
        yield

    monkeypatch.setattr(workers, "_redis", away)
    assert counted() is None and workers.worker_count("train") is None
