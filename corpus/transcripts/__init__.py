"""Plain: transcript files into cues. One module a format, each with `parse`.

A format yields RawCues as they stand in the file; `cleaning.clean` takes away markup and sound
notes, finds speakers and splits bilingual lines; `reading.read` puts the two together.
"""

from dataclasses import dataclass, field

from corpus.complaints import Complaint


class TranscriptError(Complaint):
    """A transcript that cannot be read; the message says where and what was expected."""


@dataclass(frozen=True)
class RawCue:
    """One entry of a file: seconds from the start of the episode, its lines, who is named."""

    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str = ""
    line: int = field(default=0, compare=False)  # of the file where it stands, 0 if unknown


@dataclass(frozen=True)
class Cue:
    """One line of talk: seconds from the start of the episode, its words and its speaker.

    `machine` marks what a program proposed and no person has confirmed; `estimated` times that
    several speakers of one entry share by the length of what they say.
    """

    start: float
    end: float
    text: str
    speaker: str = ""
    translation: str = ""
    machine: bool = False
    estimated: bool = False
    line: int = field(default=0, compare=False)  # of the file where it stands, 0 if unknown
