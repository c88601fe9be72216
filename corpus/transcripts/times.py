"""Plain: times as transcripts write them."""

import re

from corpus.complaints import gettext_noop
from corpus.transcripts import TranscriptError

CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,6})?)")
SECONDS = re.compile(r"\d+(?:\.\d+)?")


def seconds(text: str, place: str) -> float:
    """`83.5`, `1:23.5`, `00:01:23,500` -> 83.5. Raises TranscriptError naming `place`."""
    text = text.strip()
    found = CLOCK.fullmatch(text)
    if found:
        hours, minutes, rest = found.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))
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
