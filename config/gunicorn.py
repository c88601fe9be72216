"""What the web server does besides its command line: logs as the application's, shared metrics, one
application that is imported before the workers are forked, so that they share its memory.
"""

import gc
import logging.config
import os
import shutil
import sys
import tempfile
from pathlib import Path

from gunicorn import glogging

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# before the workers start, which read it when they import prometheus_client
METRICS = os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="metrics-"))


class ApplicationLog(glogging.Logger):
    """The server's own lines go where those of the application go."""

    def setup(self, cfg):
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True


logger_class = ApplicationLog
control_socket_disable = True  # nobody here uses it, and two servers of a user would share one


preload_app = True


def on_starting(server):
    """In the master: the log, and no figures of a server before."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
    shutil.rmtree(METRICS, ignore_errors=True)
    Path(METRICS).mkdir(parents=True)


def when_ready(server):
    """Before the workers are forked: no connection is shared, and what was imported stays where it
    is, so that no collection of garbage copies it into each of them.
    """
    from django.db import connections

    connections.close_all()
    gc.collect()
    gc.freeze()


def child_exit(server, worker):
    """A worker that ended answers no more requests."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)


def on_exit(server):
    shutil.rmtree(METRICS, ignore_errors=True)
