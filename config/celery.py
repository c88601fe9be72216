"""The Celery application: tasks live in each app's tasks.py."""

import logging
import os
import threading

from celery import Celery
from celery.signals import (
    celeryd_init,
    setup_logging,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)
from django.conf import settings
from django.db import DatabaseError, connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = logging.getLogger(__name__)
announced: list = []  # what ends the announcements of this process
handed_back: list = []  # jobs that others will do, since this worker is to stop

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


@worker_shutting_down.connect
def limit_patience(how, **_):
    """A worker that is told to stop takes nothing more and lets its jobs end. What has not ended
    after STOP_AFTER waits for another worker, so that an update need not wait for a training run.
    """
    if how == "Warm":  # "Cold" ends the tasks itself
        timer = threading.Timer(settings.STOP_AFTER, hand_back)
        timer.daemon = True
        timer.start()


def hand_back():
    """Queue again what this worker has begun; each job ends here at its next progress."""
    from celery.worker import state  # what only a worker loads

    from jobs import recovery
    from jobs.tasks import run_job

    begun = [
        request.args for request in list(state.active_requests) if request.name == run_job.name
    ]
    try:
        handed_back.extend(recovery.hand_back(begun))
    except DatabaseError:  # then their heartbeats end with this worker
        log.exception("the jobs of this worker could not be handed back")
    finally:
        connection.close()


@worker_shutdown.connect
def say_goodbye(**_):
    """Pages hear at once that it takes nothing more; what it handed back goes to others."""
    while announced:
        announced.pop()()
    while handed_back:
        job = handed_back.pop()
        log.warning("%s %s waits for another worker", job._meta.label_lower, job.pk)
        job.later()
