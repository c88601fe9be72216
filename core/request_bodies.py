"""Plain WSGI: a body is read before the application is entered, and within a deadline.

A server with many threads lets few of them into the application at a time: who sends slowly holds a
thread, which is cheap, and not for long. Files are sent outside as well, so that slow readers keep
nobody out.
"""

import io
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import IO, Any

from core.full_disk import NOT_SAVED, is_full_disk

Environment = dict[str, Any]
Application = Callable[[Environment, Callable[..., Any]], Iterable[bytes]]

BLOCK = 16 * 1024  # bytes that have to come within PATIENCE
PATIENCE = 20.0  # seconds, also for the head of a request
READ_FIRST = 17 * 1024**2  # a piece of an upload is read whole; of larger bodies, so much
IN_MEMORY = 1024**2
TOO_SLOW = b"This request took too long to arrive. Nothing was saved; try again.\n"


class Deadlines:
    """Sockets that must have brought something by a time; one thread shuts those that have not."""

    def __init__(self) -> None:
        self.waiting: dict[socket.socket, float] = {}
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None

    def set(self, connection: socket.socket) -> None:
        with self.lock:
            self.waiting[connection] = time.monotonic() + PATIENCE
            if self.thread is None:  # not before: a server forks
                self.thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)
                self.thread.start()

    def clear(self, connection: socket.socket) -> None:
        with self.lock:
            self.waiting.pop(connection, None)

    @contextmanager
    def within(self, connection: socket.socket | None) -> Iterator[None]:
        if connection is None:
            yield
            return
        self.set(connection)
        try:
            yield
        finally:
            self.clear(connection)

    def _watch(self) -> None:
        while True:
            time.sleep(1)
            with self.lock:
                now = time.monotonic()
                for connection in [each for each, at in self.waiting.items() if at < now]:
                    del self.waiting[connection]
                    try:
                        connection.shutdown(socket.SHUT_RD)  # who reads from it gets the end
                    except OSError:
                        continue  # it is closed already


deadlines = Deadlines()


class TooSlow(ConnectionError):
    """A body that ended, or was cut off, before it was complete."""


class RequestBodies:
    """Wraps an application: whole bodies first, then at most so many `threads` inside."""

    def __init__(self, application: Application, threads: int) -> None:
        self.application = application
        self.entrance: SimpleQueue[None] = SimpleQueue()  # cheaper to wait at than a semaphore
        for _ in range(threads):
            self.entrance.put(None)

    def __call__(self, environ: Environment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        connection = environ.get("gunicorn.socket")
        if connection is not None:
            deadlines.clear(connection)  # the head is here
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if not length:
            return self._answer(environ, start_response)
        body = Body(environ["wsgi.input"], length, connection)
        try:
            body.read_first()
        except TooSlow:
            body.close()
            kind = ("Content-Type", "text/plain; charset=utf-8")
            start_response("408 Request Timeout", [kind, ("Connection", "close")])
            return [TOO_SLOW]
        except OSError as error:  # the body is kept in a temporary file
            if not is_full_disk(error):
                raise
            kind = ("Content-Type", "text/plain; charset=utf-8")
            start_response("507 Insufficient Storage", [kind, ("Connection", "close")])
            return [f"{NOT_SAVED}\n".encode()]
        environ["wsgi.input"] = io.BufferedReader(body)
        try:
            return self._answer(environ, start_response)
        finally:
            body.close()

    def _answer(self, environ: Environment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The answer; what may still compute is written from inside, files by the server."""
        started: list[Callable[[bytes], Any]] = []

        def start(*arguments: Any) -> Any:
            started[:] = [start_response(*arguments)]
            return started[0]

        self.entrance.get()
        try:
            found = self.application(environ, start)
            wrapper = environ.get("wsgi.file_wrapper")
            is_file = isinstance(wrapper, type) and isinstance(found, wrapper)
            if is_file or getattr(found, "is_of_files", False):
                return found
            try:
                if not getattr(found, "streaming", False):
                    return list(found)
                for block in found:
                    started[0](block)
                return []
            finally:
                if hasattr(found, "close"):
                    found.close()
        finally:
            self.entrance.put(None)


class Body(io.RawIOBase):
    """A request's body: what was read first, then the rest as it comes. Raises TooSlow."""

    def __init__(self, source: Any, length: int, connection: socket.socket | None) -> None:
        self.source, self.left, self.connection = source, length, connection
        self.kept: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115

    def readable(self) -> bool:
        return True

    def read_first(self) -> None:
        most = READ_FIRST
        while self.left and most > 0:
            block = self._block()
            most -= len(block)
            self.kept.write(block)
        self.kept.seek(0)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        block = self.kept.read(len(view)) or (self._block(len(view)) if self.left else b"")
        view[: len(block)] = block
        return len(block)

    def _block(self, most: int = BLOCK) -> bytes:
        with deadlines.within(self.connection):
            wanted = min(BLOCK, most, self.left)
            try:
                block: bytes = self.source.read(wanted)
            except OSError as error:
                raise TooSlow from error
        if len(block) < wanted:
            raise TooSlow
        self.left -= len(block)
        return block

    def close(self) -> None:
        self.kept.close()
        super().close()
