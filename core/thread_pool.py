"""Plain: a pool of many threads of which the same few are used, as long as few are needed.

Each thread that has entered the application keeps a connection to the database; Python's own pool
gives work to all of its threads in turn. Here the thread that was busy last is taken first, and one
that nobody has needed for a while ends, and its connection with it.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any

IDLE = 30.0  # seconds until a thread that nobody needs ends


class ThreadPool(Executor):
    """At most `threads` threads; work beyond that waits."""

    def __init__(self, threads: int, idle: float = IDLE) -> None:
        self.most, self.idle_for = threads, idle
        self.count = 0
        self.idle: list[_Thread] = []
        self.backlog: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self.lock = threading.Lock()

    def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        work = future, lambda: function(*arguments, **named)
        with self.lock:
            if self.idle:
                self.idle.pop().give(work)
            elif self.count < self.most:
                self.count += 1
                _Thread(self, work).start()
            else:
                self.backlog.append(work)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to wait for: the threads end with the process."""
        if cancel_futures:
            with self.lock:
                for future, _call in self.backlog:
                    future.cancel()
                self.backlog.clear()


class _Thread(threading.Thread):
    def __init__(self, pool: ThreadPool, work: tuple[Future[Any], Callable[[], Any]]) -> None:
        super().__init__(name="web", daemon=True)
        self.pool, self.work = pool, work
        self.given: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()

    def give(self, work: tuple[Future[Any], Callable[[], Any]]) -> None:
        self.given.put(work)

    def run(self) -> None:
        while True:
            future, call = self.work
            del self.work
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:
                    future.set_exception(error)
            del future, call
            if not self._wait():
                return

    def _wait(self) -> bool:
        """Whether there is work again; a thread without has left the pool."""
        pool = self.pool
        with pool.lock:
            if pool.backlog:
                self.work = pool.backlog.popleft()
                return True
            pool.idle.append(self)
        try:
            self.work = self.given.get(timeout=pool.idle_for)
        except Empty:
            with pool.lock:
                if self in pool.idle:
                    pool.idle.remove(self)
                    pool.count -= 1
                    return False
            self.work = self.given.get()  # it was given work at this very moment
        return True
