"""Django's SQLite backend with a queue for writers.

SQLite lets a writer that finds the file locked sleep and try again, longer each time, so that under
sixteen writers some wait a hundred times as long as others. A lock on a file beside the database
is handed on by the kernel at once.
"""

import fcntl
import os

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    turn = None  # the lock file, as long as this connection may write

    def _start_transaction_under_autocommit(self):
        self._wait_for_turn()
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._end_turn()
            raise

    def _commit(self):
        try:
            return super()._commit()
        finally:
            self._end_turn()

    def _rollback(self):
        try:
            return super()._rollback()
        finally:
            self._end_turn()

    def close(self):
        try:
            return super().close()
        finally:
            self._end_turn()

    def _wait_for_turn(self):
        if self.turn is None and not self.is_in_memory_db():
            self.turn = os.open(f"{self.settings_dict['NAME']}-turn", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self.turn, fcntl.LOCK_EX)

    def _end_turn(self):
        if self.turn is not None:
            os.close(self.turn)
            self.turn = None
