"""Waiting for a condition instead of for a time.

A limit is there for what hangs. A machine that is busy may take long, which is no failure.
"""

import time

import pytest

LIMIT = 300.0  # seconds


def wait_until(condition, what, limit=LIMIT, state=None, pause=time.sleep):
    """Poll until `condition()` is true; its value. Fails after `limit` seconds with `what` it
    waited for and with what `state()` gives then, or else with the last value of the condition.
    """
    deadline = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > deadline:
            now = state() if state else value
            pytest.fail(f"Waited {limit:.0f} s for {what}; the state is: {now!s}")
        pause(0.05)
    return value
