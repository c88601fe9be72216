"""Reading the database as it was at one moment, while others go on writing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection

Aside = Callable[..., Any]


@contextmanager
def database_snapshot() -> Iterator[Aside]:
    """Every query in here sees the rows of one moment, and none can write; nobody waits for it.

    What has to be written meanwhile, as a heartbeat, goes through the function that this gives:
    `aside(act, *arguments)` calls `act` on a connection of its own and gives what it gives.
    Inside another transaction this is a part of that, and `aside` calls at once.
    """
    if connection.in_atomic_block:
        yield lambda act, *arguments: act(*arguments)
        return
    with ThreadPoolExecutor(1, "aside") as beside, _snapshot():
        try:
            yield lambda act, *arguments: beside.submit(act, *arguments).result()
        finally:
            beside.submit(_close).result()


def _snapshot():
    return connection.snapshot()  # type: ignore[attr-defined]  # both of core.databases have it


def _close():
    connection.close()  # that of the thread which calls it
