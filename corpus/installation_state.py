"""What jobs depend on: workers, queues, disk, and the versions of the programs that do the work."""

import platform
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata

import django
from celery import current_app
from django.conf import settings
from django.db import connection

from core.confinement import Confinement, missing_for
from corpus.ffmpeg_binary import ffmpeg_path
from corpus.media_process import missing_confinement
from jobs.workers import UNREACHABLE, queue_length, worker_counts

EVERY_QUEUE = ("work", "train", "gpu")


@dataclass(frozen=True)
class Queue:
    """A queue with the workers that take it and the messages that wait; None: nobody can say."""

    name: str
    workers: int | None
    length: int | None

    @property
    def is_stuck(self) -> bool:
        """Whether something waits that no worker takes."""
        return bool(self.length) and self.workers == 0


def queues() -> list[Queue]:
    """Every queue. Where the workers are busy the answer takes seconds, and is then kept."""
    counts = worker_counts()
    return [Queue(name, _workers(counts, name), _length(counts, name)) for name in EVERY_QUEUE]


def _workers(counts, name):
    return None if counts is None else counts.get(name, 0)


def _length(counts, name):
    if counts is None:  # Redis is away, which one has waited for already
        return None
    try:
        return queue_length(name)
    except UNREACHABLE:
        return None


def disk() -> dict[str, float]:
    """Bytes of the disk that holds DATA_DIR, and the share that is used in percent."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    used = usage.total - usage.free
    percent = round(100 * used / usage.total) if usage.total else 0
    return {"total": usage.total, "free": usage.free, "used": used, "percent": percent}


def versions(redis_answers: bool) -> dict[str, str]:
    """Program -> its version; empty for what is not there."""
    return {
        "Shengqing": settings.VERSION,
        "Python": platform.python_version(),
        "Django": django.get_version(),
        "PyTorch": installed_version("torch"),
        "ffmpeg": ffmpeg_version(),
        "Redis": _redis_version() if redis_answers else "",
        "PostgreSQL" if connection.vendor == "postgresql" else "SQLite": _database_version(),
    }


def installed_version(package: str) -> str:
    """The version of a Python package, without importing it."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


@lru_cache(maxsize=1)
def unconfined() -> tuple[str, ...]:
    """What of the reading of media this machine cannot confine."""
    return missing_confinement()


@lru_cache(maxsize=1)
def unconfined_learner() -> tuple[str, ...]:
    """What of the training of networks this machine cannot confine."""
    if not settings.CONFINE_LEARNER:
        return ("files", "network")
    return missing_for(Confinement(local_sockets=True))


@lru_cache(maxsize=1)
def ffmpeg_version() -> str:
    try:
        answer = subprocess.run(
            [ffmpeg_path(), "-version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    words = answer.stdout.split()
    return words[2] if len(words) > 2 else ""


def _redis_version() -> str:
    try:
        with current_app.connection_for_write() as fresh:
            return fresh.default_channel.client.info("server")["redis_version"]
    except UNREACHABLE:
        return ""


def _database_version() -> str:
    asked = {"postgresql": "SHOW server_version", "sqlite": "SELECT sqlite_version()"}
    with connection.cursor() as cursor:
        cursor.execute(asked[connection.vendor])
        return str(cursor.fetchone()[0])
