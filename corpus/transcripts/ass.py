"""Plain: Advanced SubStation Alpha (.ass, .ssa), through pysubs2."""

import pysubs2

from corpus.complaints import gettext_noop
from corpus.transcripts import RawCue, TranscriptError
from corpus.transcripts.times import span


def parse(text: str) -> list[RawCue]:
    """Dialogue events without comments and drawings; karaoke and styling tags go.

    Raises TranscriptError if the file has no events, or naming the one that cannot be read.
    """
    if "[events]" not in text.lower():
        raise TranscriptError(gettext_noop("The transcript is not ASS: it has no [Events]."))
    try:
        events = pysubs2.SSAFile.from_string(text, format_="ass").events
    except (pysubs2.exceptions.Pysubs2Error, ValueError, KeyError, IndexError) as error:
        raise TranscriptError(
            gettext_noop("The transcript is not valid ASS: %(why)s"), why=str(error)[:200]
        ) from error
    cues = []
    for number, event in enumerate(events, 1):
        if event.is_comment or event.is_drawing:
            continue
        start, end = span(event.start / 1000, event.end / 1000, f"#{number}")
        cues.append(RawCue(start, end, tuple(event.plaintext.split("\n")), event.name.strip()))
    return cues
