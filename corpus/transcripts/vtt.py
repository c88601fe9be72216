"""Plain: WebVTT (.vtt), through webvtt-py."""

import io

import webvtt

from corpus.complaints import gettext_noop
from corpus.transcripts import RawCue, TranscriptError
from corpus.transcripts.times import seconds, span


def parse(text: str) -> list[RawCue]:
    """Cues with their voice as speaker. Raises TranscriptError if one of them cannot be read."""
    try:
        captions = webvtt.from_buffer(io.StringIO(text)).captions
    except webvtt.errors.MalformedFileError as error:
        raise TranscriptError(
            gettext_noop("The transcript is not valid WebVTT: %(why)s"), why=str(error) or "WEBVTT"
        ) from error
    arrows = sum("-->" in line for line in text.split("\n"))
    if arrows != len(captions):  # the library passes over what it does not understand
        raise TranscriptError(
            gettext_noop(
                "The transcript has %(arrows)d lines with `-->` but %(cues)d cues that can be read."
                " Expected lines such as `00:01.000 --> 00:02.500` followed by text."
            ),
            arrows=arrows,
            cues=len(captions),
        )
    cues = []
    for number, caption in enumerate(captions, 1):
        place = f"#{number}"
        start, end = span(seconds(caption.start, place), seconds(caption.end, place), place)
        cues.append(RawCue(start, end, tuple(caption.text.split("\n")), caption.voice or ""))
    return cues
