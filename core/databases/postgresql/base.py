"""Django's PostgreSQL backend; a kept connection is asked only where something has come from it."""

import select
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    @contextmanager
    def snapshot(self):
        """A transaction that sees the rows of one moment (that of its first query, which is here)
        and cannot write.
        """
        with transaction.atomic(using=self.alias):
            with self.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
            yield

    def is_usable(self):
        """A server that has gone has closed the connection, which shows as something to read."""
        if self.connection is None or self.connection.closed:
            return False
        silent = not select.select([self.connection.fileno()], [], [], 0)[0]
        return silent or super().is_usable()
