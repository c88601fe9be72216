"""Plain: votes as tables write them, into answers of raters.

Counts say how many gave each value, not who: they become answers of as many unnamed raters, "Rater
1" and on. Whoever stands behind such a name is another person in every row, so that measures over
all raters (alpha) hold, and those of a pair do not.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import UserError, gettext_noop
from corpus.formats import Judged

UNNAMED = "Rater %d"
MOST_VOTES = 1000  # of one utterance
SEPARATORS = re.compile(r"[,;|/、，；]")


class VotesError(UserError):
    """A cell that holds no votes as they were announced."""


def of_unnamed(task: str, counts: Mapping[str, int]) -> tuple[Judged, ...]:
    """Value -> number of votes, as answers of unnamed raters. Raises VotesError for too many."""
    total = sum(counts.values())
    if total > MOST_VOTES:
        raise VotesError(
            gettext_noop("%(count)d votes for one utterance; at most %(most)d are read"),
            count=total,
            most=MOST_VOTES,
        )
    values = [value for value, count in counts.items() for _ in range(count)]
    return tuple(Judged(UNNAMED % n, task, value) for n, value in enumerate(values, 1))


def counts_in(cell: str, order: Sequence[str]) -> dict[str, int]:
    """`4100000`, `4,1,0,0,0,0,0` or `[4, 1, …]` -> value -> votes, in the order of the values.

    Raises VotesError.
    """
    inner = cell.strip().strip("[](){} ")
    parts = [part.strip() for part in SEPARATORS.split(inner)] if SEPARATORS.search(inner) else []
    parts = parts or inner.split()
    if len(parts) == 1:
        parts = list(parts[0])
    if len(parts) != len(order) or not all(part.isdecimal() and part.isascii() for part in parts):
        raise VotesError(
            gettext_noop("expected %(count)d digits, the votes for %(values)s"),
            count=len(order),
            values=", ".join(order),
        )
    return {value: int(part) for value, part in zip(order, parts, strict=True)}


def list_in(cell: str) -> list[str]:
    """`1,2,1,…` or `["1", "2"]` -> the votes, in their order."""
    whole = _json(cell)
    if isinstance(whole, list):
        return [_text(each) for each in whole]
    inner = cell.strip().strip("[](){} ")
    return [part.strip().strip("'\"") for part in SEPARATORS.split(inner)] if inner else []


def named_in(cell: str) -> dict[str, str]:
    """`{"Ann1": "2", …}` -> rater -> vote. Raises VotesError."""
    whole = _json(cell)
    if not isinstance(whole, dict) or any(isinstance(v, list | dict) for v in whole.values()):
        raise VotesError(gettext_noop('expected an object such as {"Ann1": "joy", "Ann2": "fear"}'))
    return {str(name).strip(): _text(value) for name, value in whole.items()}


def _json(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()
