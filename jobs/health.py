"""Whether the application can do its work: database, migrations, Redis, disk; workers beside it."""

import logging
import os
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from jobs.workers import UNREACHABLE, worker_count

CACHE_SECONDS = 1.0  # that an answer is kept
MIGRATED_SECONDS = 60.0  # that "all migrations are applied" is kept
WORKER_SECONDS = 15.0  # between two questions to the workers, who may take seconds to answer
AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "socket_connect_timeout": 2}
QUEUES = ("work", "train")

log = logging.getLogger(__name__)

_lock = threading.Lock()
_kept: dict = {}  # name -> (monotonic time until which it holds, value)


def checked():
    """{"status": "ok" | "failed", "checks": …}, at most a second old."""
    with _lock:
        return _keep("all", CACHE_SECONDS, _check)


def _keep(name, seconds, find):
    until, value = _kept.get(name, (0.0, None))
    if time.monotonic() >= until:
        value = find()
        _kept[name] = time.monotonic() + seconds, value
    return value


def forget():
    """Ask anew, whatever is kept."""
    _kept.clear()


def _check():
    checks = {
        "database": database_fault(),
        "migrations": "",
        "redis": redis_fault(),
        "disk": disk_fault(),
    }
    if not checks["database"]:
        checks["migrations"] = migration_fault()
    failed = any(checks.values())
    if failed != _kept.get("failed", (0, False))[1]:
        _kept["failed"] = 0, failed
        log.error("not ready: %s", checks) if failed else log.info("ready again")
    workers = workers_by_queue()
    return {
        "status": "failed" if failed else "ok",
        "checks": {name: fault or "ok" for name, fault in checks.items()},
        "workers": workers,
        "warnings": [f"no worker takes the queue {q}" for q, n in workers.items() if n == 0],
    }


def database_fault():
    """Why nothing can be written, "" if it can; nothing is written to find out."""
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SHOW transaction_read_only")
                return "" if cursor.fetchone()[0] == "off" else "the database is read-only"
            cursor.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    except DatabaseError:
        return "the database does not answer"
    path = Path(connection.settings_dict["NAME"])
    if path.exists() and not all(os.access(each, os.W_OK) for each in (path, path.parent)):
        return "the database is read-only"
    return ""


def migration_fault():
    """Whether the tables are those that this version needs."""
    until, _value = _kept.get("migrated", (0.0, None))
    if time.monotonic() < until:
        return ""
    try:
        executor = MigrationExecutor(connection)
        left = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "the database does not answer"
    if left:
        return f"{len(left)} migrations are not applied"
    _kept["migrated"] = time.monotonic() + MIGRATED_SECONDS, True
    return ""


def redis_fault():
    """Whether the queue answers."""
    try:
        with redis_client() as client:
            client.ping()
    except UNREACHABLE:
        return "Redis does not answer"
    return ""


@contextmanager
def redis_client():
    """The client of the queue's Redis. Raises one of UNREACHABLE, after seconds at most."""
    with current_app.connection_for_write(transport_options=AT_ONCE) as fresh:
        yield fresh.default_channel.client


def disk_fault():
    """Whether there is room for what people upload."""
    if shutil.disk_usage(settings.DATA_DIR).free < settings.LEAST_FREE_DISK:
        return "the disk is nearly full"
    return ""


def workers_by_queue():
    """Queue -> how many workers take it, as they last said; None while they were not asked.

    They are asked from a thread: whoever is dead would be waited for.
    """
    until, counts = _kept.get("workers", (0.0, dict.fromkeys(QUEUES)))
    if time.monotonic() >= until:
        _kept["workers"] = time.monotonic() + WORKER_SECONDS, counts
        threading.Thread(target=_ask_workers, name="health", daemon=True).start()
    return counts


def _ask_workers():
    counts = {queue: worker_count(queue) for queue in QUEUES}
    _kept["workers"] = time.monotonic() + WORKER_SECONDS, counts
