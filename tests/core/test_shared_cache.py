"""What processes of several hosts remember together."""

import pytest
from django.core.cache import caches

from people.throttle import Attempts
from tests.workers import start_redis


@pytest.fixture
def shared(settings, tmp_path):
    """The cache `kept` in a Redis, and what ends that."""
    settings.DATA_DIR, path = tmp_path, tmp_path / "redis.sock"
    server = start_redis(path)
    settings.CACHES = settings.CACHES | {
        "kept": {
            "BACKEND": "core.shared_cache.SharedCache",
            "LOCATION": f"unix://{path}?db=0",
            "OPTIONS": {"serializer": "core.shared_cache.JSONSerializer"},
        }
    }
    yield server
    server.terminate()
    server.wait()


def test_values_are_remembered_and_attempts_counted_by_all_hosts(shared, settings, tmp_path):
    kept = caches["kept"]
    for value in ({"tasks": {"emotion": [1, 0.5, None]}}, 3, 0.25, True, "词"):
        kept.set("key", value)
        assert kept.get("key") == value
    for host in ("first", "second"):
        settings.DATA_DIR = tmp_path / host
        Attempts("view", "192.0.2.1", now=0).add()
    assert Attempts("view", "192.0.2.1", now=0).count == 2
    assert Attempts("view", "192.0.2.2", now=0).count == 0
    assert not (tmp_path / "first").exists()


def test_without_its_redis_nothing_is_remembered_and_each_host_counts(shared, settings):
    shared.kill()
    shared.wait()
    caches["kept"].set("key", 1)
    assert caches["kept"].get("key", "default") == "default"
    Attempts("view", "192.0.2.1", now=0).add()
    assert Attempts("view", "192.0.2.1", now=0).count == 1
