"""Plain: memory while very many small objects are made, and after large ones have gone."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the search for cycles of objects, which goes through all that was read again and
    again and finds none: half of the time that a large JSON file takes.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def return_freed() -> None:
    """Give the system what was freed and is kept for later, where the C library is glibc: for after
    something large that a process makes once.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
