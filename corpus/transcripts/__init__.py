"""Plain: transcript files into cues. One module a format, each with `parse`.

A format yields RawCues, their markup read as the format defines it, and says what it could not
read; `cleaning.clean` removes invisible characters and sound notes, finds speakers, parts what
several people say in one entry, and splits bilingual lines; `reading.read` puts the two together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import UserError
from corpus.problems import Problem


class TranscriptError(UserError):
    """A transcript that cannot be read; the message says where and what was expected."""


@dataclass(frozen=True)
class RawCue:
    """One entry of a file: seconds from the start of the episode, its lines, who is named."""

    start: float
    end: float
    lines: tuple[str, ...]
    speaker: str = ""
    line: int = field(default=0, compare=False)  # of the file where it stands, 0 if unknown
    voices: tuple[str, ...] = ()  # who says each of the lines, where the entry names several
    tier: str = ""  # or style, of which it is
    translation: str = ""  # where the file keeps it apart
    estimated: bool = False  # if its times are shared out


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


@dataclass(frozen=True)
class Tier:
    """A tier (ELAN, TextGrid) or style (ASS) of a file, and whether it is read."""

    name: str
    kind: str  # "tier" | "style"
    count: int  # entries with words
    example: str
    read: bool
    proposed: bool
    reason: str = ""  # why it is not proposed, a template; empty if it is


@dataclass(frozen=True)
class Parsed:
    """What a format's parser found: entries in order of the file, problems by line, tiers."""

    cues: list[RawCue]
    problems: list[Problem] = field(default_factory=list)
    tiers: Sequence[Tier] = ()
