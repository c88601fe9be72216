"""Plain: transcript files into cues."""

from dataclasses import dataclass

from corpus.complaints import Complaint


class TranscriptError(Complaint):
    """A transcript that cannot be read; the message says where and what was expected."""


@dataclass(frozen=True)
class Cue:
    """One line of a transcript: seconds from the start of the episode, its speaker and words."""

    start: float
    end: float
    text: str
    speaker: str = ""
