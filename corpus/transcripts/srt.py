"""Plain: SubRip (.srt)."""

from core.errors import gettext_noop
from corpus.transcripts import Parsed, TranscriptError
from corpus.transcripts.subtitle_blocks import INDEX, entries, outside, parsed


def parse(text: str) -> Parsed:
    """Every cue with times that can be read; the others are reported by the line of their times.

    Raises TranscriptError if there is none.
    """
    found, before = entries(text.split("\n"))
    if not found:
        line = before[0] if before else (0, "")
        raise TranscriptError(
            gettext_noop(
                "The transcript is not valid SRT near line %(line)d: expected a number, a line such"
                " as “00:00:01,000 --> 00:00:02,500”, and text."
            ),
            line=line[0] + 1,
        )
    stray = [row for row in before if not INDEX.fullmatch(row[1])]
    return parsed(found, "SRT", list(outside(stray)))
