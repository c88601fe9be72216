"""Types of command options; each refuses a wrong value before anything is begun.

`modeling/learner/options.py` has the same for the learner, which imports nothing of our apps.
"""

import argparse
import os
from math import isfinite
from pathlib import Path

LARGEST = 2**31 - 1  # of a column for whole numbers


def whole(low=0, high=LARGEST):
    """Reads a whole number from `low` to `high`."""

    def read(text):
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {low} to {high}, not {_shown(text)}"
            )
        return value

    return read


def real(low, high):
    """Reads a number from `low` to `high`, neither NaN nor infinite."""

    def read(text):
        try:
            value = float(text)
        except ValueError:
            value = None
        if value is None or not isfinite(value) or not low <= value <= high:
            raise argparse.ArgumentTypeError(
                f"expected a number from {low:g} to {high:g}, not {_shown(text)}"
            )
        return value

    return read


def name(longest):
    """Reads a name of at most `longest` characters, as its column holds it."""

    def read(text):
        if not text.strip() or len(text) > longest or not text.isprintable():
            raise argparse.ArgumentTypeError(
                f"expected a name of 1 to {longest} characters on one line, not {_shown(text)}"
            )
        return text

    return read


def path(text):
    """Reads the name of a file or folder."""
    try:
        possible = text and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half a character
        possible = False
    if not possible:
        raise argparse.ArgumentTypeError(f"expected a file or folder, not {_shown(text)}")
    return Path(text)


def _shown(text, most=60):
    whole_text = repr(text)
    return whole_text if len(whole_text) <= most else f"{whole_text[:most]}…"
