"""The worker of gunicorn: many threads that wait for clients, few inside the application."""

from gunicorn.workers.gthread import ThreadWorker

from core.request_bodies import deadlines
from core.thread_pool import ThreadPool


class WebWorker(ThreadWorker):
    """A gthread worker in which the head of a request has a deadline, too."""

    def get_thread_pool(self):
        return ThreadPool(self.cfg.threads)

    def set_accept_enabled(self, enabled):
        """Once it is told to stop it refuses connections, instead of letting them wait for an end
        that gives no answer: a proxy says so, or goes to another host.
        """
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                listener.close()

    def handle(self, conn):
        deadlines.set(conn.sock)
        try:
            return super().handle(conn)
        finally:
            deadlines.clear(conn.sock)
