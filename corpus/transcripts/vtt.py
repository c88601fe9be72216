"""Plain: WebVTT (.vtt)."""

import re

from core.errors import gettext_noop
from corpus.problems import Problem
from corpus.transcripts import Parsed, TranscriptError
from corpus.transcripts.characters import bare
from corpus.transcripts.subtitle_blocks import BLANK, TIMING, Entry, entries, outside, parsed

ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t:].*)?")  # blocks that are no cues
NO_HEADER = gettext_noop("The first line is not WEBVTT; the file was read as WebVTT all the same.")
MAPPED = gettext_noop(
    "The file maps its times to a broadcast stream (X-TIMESTAMP-MAP); they are read as written."
)


def parse(text: str) -> Parsed:
    """Cues with their voices as speakers; blocks NOTE, STYLE and REGION are no cues.

    Cues that cannot be read are reported by the line of their times. Raises TranscriptError if
    there is no cue and no header.
    """
    lines = text.split("\n")
    header = bare(lines[0]).startswith("WEBVTT")
    found, before = entries(_without_notes(lines), named=True)
    if not found and not header:
        raise TranscriptError(
            gettext_noop("The transcript is not valid WebVTT: %(why)s"), why="WEBVTT"
        )
    problems = [] if header else [Problem(1, "", bare(lines[0])[:80], "warning", NO_HEADER)]
    start = _end_of_header(lines) if header else 0
    for at, line in before:
        if "X-TIMESTAMP-MAP" in line:
            problems.append(Problem(at + 1, "", line[:120], "warning", MAPPED))
    problems += outside([row for row in before if row[0] >= start])
    for entry in found:
        problems += _joined(entry)
    return parsed(found, "WebVTT", problems)


def _end_of_header(lines: list[str]) -> int:
    return next((at for at, line in enumerate(lines) if not line.strip()), len(lines))


def _without_notes(lines: list[str]) -> list[str]:
    """The lines with the blocks that are no cues emptied, so that the others keep their number."""
    result, aside = [], False
    for at, line in enumerate(lines):
        seen = line.strip("\ufeff \t")
        if not seen:
            aside = False
        elif ASIDE.fullmatch(seen) and (at == 0 or not lines[at - 1].strip()):
            aside = True
        elif aside and TIMING.fullmatch(seen):  # a block that no blank line ends
            aside = False
        result.append("" if aside else line)
    return result


def _joined(entry: Entry) -> list[Problem]:
    """The problem of a cue with a blank line inside: players end it there."""
    blank = False
    for at, line in entry.body:
        if blank and bare(line):
            return [Problem(at + 1, "", bare(line)[:80], "repaired", BLANK)]
        blank = blank or line == ""
    return []
