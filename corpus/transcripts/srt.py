"""Plain: SubRip (.srt)."""

import srt

from corpus.complaints import gettext_noop
from corpus.transcripts import RawCue, TranscriptError
from corpus.transcripts.times import span


def parse(text: str) -> list[RawCue]:
    """Raises TranscriptError naming the subtitle that cannot be read."""
    try:
        return [_cue(subtitle) for subtitle in srt.parse(text)]
    except srt.SRTParseError as error:
        line = text.count("\n", 0, error.expected_start) + 1
        raise TranscriptError(
            gettext_noop(
                "The transcript is not valid SRT near line %(line)d: expected a number, a line such"
                " as `00:00:01,000 --> 00:00:02,500`, and text."
            ),
            line=line,
        ) from error
    except TranscriptError:
        raise
    except ValueError as error:
        raise TranscriptError(
            gettext_noop("The transcript is not valid SRT: %(why)s"), why=str(error)
        ) from error


def _cue(subtitle: srt.Subtitle) -> RawCue:
    start, end = subtitle.start.total_seconds(), subtitle.end.total_seconds()
    span(start, end, f"#{subtitle.index}")
    return RawCue(start, end, tuple(subtitle.content.split("\n")))
