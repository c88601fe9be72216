"""Plain: times as transcripts write them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import gettext_noop
from corpus.problems import Problem
from corpus.transcripts import TranscriptError

# hours (or none), minutes, seconds, and a decimal fraction after a point, comma or colon
CLOCK = re.compile(r"([-−])?\s*(?:(\d{1,6})\s*:\s*)?(\d{1,3})\s*:\s*(\d{1,2})(?:\s*[.,:]\s*(\d+))?")
SECONDS = re.compile(r"\d{1,9}(?:\.\d+)?")
MOST = 60  # minutes of an hour and seconds of a minute; rounding writes 60 itself
LATEST = 10_000_000  # seconds: no episode lasts longer
SHOWN = 120  # characters of a problem's value

UNREADABLE = gettext_noop(
    "No times can be read here. Expected a line such as “00:00:01,000 --> 00:00:02,500”."
)
ENDS_WHEN_IT_STARTS = gettext_noop("Ends when it starts, at %(start).3f s; left out.")
ENDS_BEFORE_IT_STARTS = gettext_noop(
    "Ends at %(end).3f s, before it starts at %(start).3f s; left out."
)
BEFORE_ZERO = gettext_noop("Lies before zero, at %(start).3f to %(end).3f s; left out.")
FROM_ZERO = gettext_noop("Starts before zero, at %(start).3f s; read from zero.")
OVER_SIXTY = gettext_noop(
    "Has more than 60 minutes or seconds; read as %(start).3f to %(end).3f s."
)
FRACTIONS = gettext_noop(
    "%(count)d of %(all)d times have %(widths)s digits after the seconds instead of three. They"
    " are read as decimal fractions: “%(example)s” is %(seconds).3f s. Some players read them"
    " otherwise."
)


@dataclass(frozen=True)
class Clock:
    """A time in seconds, how many digits its fraction has, and how it was written."""

    seconds: float
    digits: int
    odd: bool  # more than 60 minutes or seconds
    text: str


def clock(text: str) -> Clock | None:
    """`00:01:23,5` -> 83.5 s with a fraction of one digit; None if it is no clock."""
    found = CLOCK.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if not found:
        return None
    minus, hours, minutes, seconds, fraction = found.groups()
    value = int(hours or 0) * 3600 + int(minutes) * 60 + float(f"{int(seconds)}.{fraction or 0}")
    odd = int(seconds) > MOST or (hours is not None and int(minutes) > MOST)
    return Clock(-value if minus else value, len(fraction or ""), odd, text.strip())


def seconds(text: str, place: str) -> float:
    """`83.5`, `1:23.5`, `00:01:23,500` -> 83.5. Raises TranscriptError naming `place`."""
    text = text.strip()
    found = clock(text)
    if found and not text.startswith(("-", "−")):
        return found.seconds
    if SECONDS.fullmatch(text):
        return float(text)
    raise TranscriptError(
        gettext_noop(
            "%(place)s: “%(text)s” is no time. Expected seconds (83.5) or a clock (00:01:23,500)."
        ),
        place=place,
        text=text[:40],
    )


def span(start: float, end: float, place: str) -> tuple[float, float]:
    """The two times. Raises TranscriptError naming `place` unless they are in order."""
    if start < 0 or end <= start:
        raise TranscriptError(
            gettext_noop("%(place)s ends at %(end).3f s, before it starts at %(start).3f s."),
            place=place,
            start=start,
            end=end,
        )
    return start, end


def checked(
    start: float, end: float, line: int, column: str, words: str, odd: bool = False
) -> tuple[tuple[float, float] | None, list[Problem]]:
    """The times of an entry, None if it cannot be placed; and their problems.

    An entry without words that cannot be placed says nothing: nothing is lost with it.
    """
    details: dict[str, float] = {"start": start, "end": end}

    def problem(outcome: str, reason: str) -> list[Problem]:
        return [Problem(line, column, words[:SHOWN], outcome, reason, details)]

    if not (abs(start) < LATEST and abs(end) < LATEST):
        details = {}
        return None, problem("rejected", UNREADABLE)
    if end <= start:
        reason = ENDS_WHEN_IT_STARTS if end == start else ENDS_BEFORE_IT_STARTS
        return None, problem("rejected", reason) if words else []
    if end <= 0:
        return None, problem("rejected", BEFORE_ZERO) if words else []
    if start < 0:
        return (0.0, end), problem("repaired", FROM_ZERO)
    return (start, end), problem("repaired", OVER_SIXTY) if odd else []


def fractions(times: Sequence[tuple[int, Clock]]) -> list[Problem]:
    """A warning if fractions of a second, of (line, time), are not three digits wide."""
    unusual = [(line, time) for line, time in times if time.digits not in (0, 3)]
    if not unusual:
        return []
    line, first = unusual[0]
    details = {
        "count": len(unusual),
        "all": len(times),
        "widths": ", ".join(map(str, sorted({time.digits for _, time in unusual}))),
        "example": first.text,
        "seconds": first.seconds,
    }
    return [Problem(line, "", first.text, "warning", FRACTIONS, details)]


def refusal(kind: str, problems: Sequence[Problem]) -> TranscriptError:
    """The error for a file of `kind` in which every entry was rejected."""
    return TranscriptError(
        gettext_noop(
            "No entry of the transcript can be read as %(kind)s. The first of %(count)d, on line"
            " %(line)d (“%(value)s”), has no readable times or ends before it starts."
        ),
        kind=kind,
        count=len(problems),
        line=problems[0].line,
        value=problems[0].value[:60],
    )
