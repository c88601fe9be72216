"""The Celery application: tasks live in each app's tasks.py."""

import os

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_ready
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("shengqing")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect  # a worker within another process, as in tests, does not send it
def step_back(**_):
    """Whoever is at work in a browser goes first."""
    os.nice(settings.WORKER_NICENESS)


@setup_logging.connect
def keep_logging(**_):
    """Django's LOGGING stands for workers, too; without a receiver Celery sets up its own."""


@worker_ready.connect
def keep_up(**_):
    """Work of workers that died is taken up by those that live."""
    from jobs import recovery

    recovery.start()
