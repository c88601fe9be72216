"""Django's SQLite backend with a queue for writers.

SQLite lets a writer that finds the file locked sleep and try again, longer each time, so that under
sixteen writers some wait a hundred times as long as others, and one that sleeps while others take
turns may never find the file free: "database is locked". A lock on a file beside the database is
handed on by the kernel at once; a statement that writes outside a transaction waits for it, too.
"""

import fcntl
import os
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.sqlite3 import base

READS = (
    "SELECT",
    "PRAGMA",
    "EXPLAIN",
    "WITH",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
)


class Cursor(base.SQLiteCursorWrapper):
    """A cursor whose statements outside a transaction wait for their turn if they write."""

    wrapper: "DatabaseWrapper"

    def execute(self, query, params=None):
        if self.wrapper.needs_no_turn(query):
            return super().execute(query, params)
        with self.wrapper.own_turn():
            return super().execute(query, params)

    def executemany(self, query, param_list):
        if self.wrapper.needs_no_turn(query):
            return super().executemany(query, param_list)
        with self.wrapper.own_turn():
            return super().executemany(query, param_list)


class DatabaseWrapper(base.DatabaseWrapper):
    turns = None  # the file whose lock is the turn, opened once
    has_turn = False
    reads_only = False  # the next transaction, which waits for no turn

    @contextmanager
    def snapshot(self):
        """A transaction that sees the rows of one moment (that of its first query, which is here)
        and cannot write. With a write-ahead log it waits for nobody, and nobody for it.
        """
        self.reads_only = True
        try:
            with transaction.atomic(using=self.alias):
                self.cursor().execute("SELECT count(*) FROM sqlite_master").fetchone()
                self.cursor().execute("PRAGMA query_only = ON")
                yield
        finally:
            self.reads_only = False
            if self.connection is not None:
                self.cursor().execute("PRAGMA query_only = OFF")

    def create_cursor(self, name=None):
        cursor = self.connection.cursor(factory=Cursor)
        cursor.wrapper = self
        return cursor

    def needs_no_turn(self, query):
        """Whether a statement only reads, or its transaction has the turn or wants none."""
        return self.in_atomic_block or self.has_turn or query.lstrip()[:9].upper().startswith(READS)

    @contextmanager
    def own_turn(self):
        self._wait_for_turn()
        try:
            yield
        finally:
            self._end_turn()

    def _start_transaction_under_autocommit(self):
        if self.reads_only:
            self.cursor().execute("BEGIN DEFERRED")
            return
        self._wait_for_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # private, not in the stubs
        except BaseException:
            self._end_turn()
            raise

    def _commit(self):
        try:
            return super()._commit()  # type: ignore[misc]  # private, not in the stubs
        finally:
            self._end_turn()

    def _rollback(self):
        try:
            return super()._rollback()  # type: ignore[misc]  # private, not in the stubs
        finally:
            self._end_turn()

    def _close(self):
        try:
            return super()._close()  # type: ignore[misc]  # private, not in the stubs
        finally:
            self._end_turn()
            if self.turns is not None:
                os.close(self.turns)
                self.turns = None

    def _wait_for_turn(self):
        if self.has_turn or self.is_in_memory_db():
            return
        if self.turns is None:
            name = f"{self.settings_dict['NAME']}-turn"
            self.turns = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.turns, fcntl.LOCK_EX)
        self.has_turn = True

    def _end_turn(self):
        if self.has_turn and self.turns is not None:
            fcntl.flock(self.turns, fcntl.LOCK_UN)
            self.has_turn = False
