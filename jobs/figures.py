"""What Prometheus is told of jobs, queues, workers and room, computed at each scrape."""

import shutil
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily

from jobs.health import redis_client, workers_by_queue
from jobs.recovery import job_models
from jobs.workers import UNREACHABLE

QUEUES = ("work", "train", "gpu")


def figures():
    jobs = GaugeMetricFamily("shengqing_jobs", "Jobs by kind and state.", labels=["kind", "state"])
    for model in job_models():
        states = dict(model._base_manager.order_by().values_list("status").annotate(n=Count("pk")))
        for state in model.Status.values:
            jobs.add_metric([model._meta.model_name, state], states.get(state, 0))
    yield jobs
    yield from _queues()
    workers = GaugeMetricFamily(
        "shengqing_workers", "Workers that take a queue, as they last said.", labels=["queue"]
    )
    for queue, count in workers_by_queue().items():
        if count is not None:
            workers.add_metric([queue], count)
    yield workers
    yield GaugeMetricFamily("shengqing_database_bytes", "Size of the database.", database_size())
    free = shutil.disk_usage(settings.DATA_DIR).free
    yield GaugeMetricFamily("shengqing_disk_free_bytes", "Room left under DATA_DIR.", free)


def _queues():
    lengths = GaugeMetricFamily(
        "shengqing_queue_length", "Messages that wait in a queue.", labels=["queue"]
    )
    up = 1
    try:
        with redis_client() as client:
            for queue in QUEUES:
                lengths.add_metric([queue], client.llen(queue))
    except UNREACHABLE:
        up = 0
    yield lengths
    yield GaugeMetricFamily("shengqing_redis_up", "1 if Redis answers.", up)


def database_size():
    """Bytes on disk."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return cursor.fetchone()[0]
    name = str(connection.settings_dict["NAME"])
    files = (Path(name + suffix) for suffix in ("", "-wal"))
    return sum(path.stat().st_size for path in files if path.exists())
