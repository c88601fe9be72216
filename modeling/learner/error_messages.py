"""How an error message repeats a wrong value and names the nearest known one."""

import json
from collections.abc import Iterable
from difflib import get_close_matches

MAX_DISPLAY_CHARACTERS = 60  # characters of a wrong value that a sentence repeats


def display_value(value: object) -> str:
    """A wrong value as a sentence repeats it: on one line, and not all of it where it is long."""
    try:
        words = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # also a number of thousands of digits
        words = f"a value of the type {type(value).__name__}"
    words = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in words)
    return (
        words
        if len(words) <= MAX_DISPLAY_CHARACTERS
        else f"{words[:MAX_DISPLAY_CHARACTERS]}… ({len(words)} characters)"
    )


def suggest_name(name: str, known: Iterable[str]) -> str:
    """ ", did you mean …?" where a name is nearly a known one, or else which there are."""
    names = list(known)
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there is {', '.join(names)}."
