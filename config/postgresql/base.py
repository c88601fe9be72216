"""Django's PostgreSQL backend; a kept connection is asked only where something has come from it."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self):
        """A server that has gone has closed the connection, which shows as something to read."""
        if self.connection is None or self.connection.closed:
            return False
        silent = not select.select([self.connection.fileno()], [], [], 0)[0]
        return silent or super().is_usable()
