"""The pool of the web server: the same threads again, and none that nobody needs."""

import threading
from concurrent.futures import wait

import pytest

from core.thread_pool import ThreadPool
from tests.waiting import LIMIT, wait_until


def test_one_thread_does_what_comes_one_after_another():
    pool = ThreadPool(10)
    used = set()
    for _ in range(20):
        used.add(pool.submit(threading.get_ident).result(LIMIT))
        wait_until(lambda: pool.idle, "the thread to be idle")
    assert len(used) == 1 == pool.count


def test_at_most_so_many_at_once_and_the_rest_waits():
    pool, gate = ThreadPool(3), threading.Event()
    futures = [pool.submit(gate.wait, LIMIT) for _ in range(10)]
    assert pool.count == 3 and len(pool.backlog) == 7
    gate.set()
    assert all(future.result(LIMIT) for future in futures)


def test_threads_that_nobody_needs_end():
    pool = ThreadPool(5, idle=0.02)
    wait([pool.submit(threading.get_ident) for _ in range(5)])
    wait_until(lambda: pool.count == 0, "the threads to end")
    assert pool.submit(int, "7").result(LIMIT) == 7


def test_an_error_is_of_its_work_alone():
    pool = ThreadPool(1)
    with pytest.raises(ValueError, match="invalid literal"):
        pool.submit(int, "x").result(LIMIT)
    assert pool.submit(int, "7").result(LIMIT) == 7
