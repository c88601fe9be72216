"""The Celery application: tasks live in each app's tasks.py."""

import os

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_ready, worker_shutdown
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

announced: list = []  # what ends the announcements of this process

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
def keep_up(sender, **_):
    """Work of dead workers is taken up by the living; pages hear which queues these take."""
    from jobs import recovery, workers

    recovery.start()
    announced.append(workers.announce(list(sender.app.amqp.queues.consume_from)))


@worker_shutdown.connect
def say_goodbye(**_):
    """Pages hear at once that it takes nothing more."""
    while announced:
        announced.pop()()
