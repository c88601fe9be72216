"""Plain: rolling captions, in which each entry repeats what the entry before it ended with.

Captions of live broadcasts and YouTube's own show two lines that move up: every line comes two or
three times, some for 10 ms only. Read as they stand, everybody says everything twice.
"""

from collections.abc import Sequence
from dataclasses import replace

from corpus.transcripts import RawCue

APART = 0.5  # seconds between two entries that roll
SHARE = 0.3  # of the entries that repeat, from which a file counts as rolling
FEWEST = 3


def repeats(cues: Sequence[RawCue]) -> int:
    """How many entries repeat the entry before; 0 unless the file looks like rolling captions."""
    count = several = 0
    for before, cue in zip(cues, cues[1:], strict=False):
        if _follows(before, cue) and (_repeated(before, cue) or _grows(before, cue)):
            count += 1
            several += len(cue.lines) > _repeated(before, cue) or cue.end - cue.start < 0.1
    usual = count >= FEWEST and count >= SHARE * len(cues) and several >= count / 3
    return count if usual else 0


def once(cues: Sequence[RawCue]) -> list[RawCue]:
    """The entries with each line once, where it first stands; those that only repeat go."""
    result: list[RawCue] = []
    before = None
    for cue in cues:
        follows = before is not None and _follows(before, cue)
        if before is not None and follows and result and _grows(before, cue):
            result[-1] = replace(result[-1], end=cue.end, lines=cue.lines[-len(result[-1].lines) :])
        else:
            known = _repeated(before, cue) if before is not None and follows else 0
            if known < len(cue.lines):
                result.append(_from(cue, known))
        if cue.lines:
            before = cue
    return result


def _from(cue: RawCue, known: int) -> RawCue:
    return replace(cue, lines=cue.lines[known:], voices=cue.voices[known:])


def _follows(before: RawCue, cue: RawCue) -> bool:
    return bool(before.lines and cue.lines) and cue.start - before.end < APART


def _repeated(before: RawCue, cue: RawCue) -> int:
    """How many of the first lines are the last lines of the entry before."""
    most = min(len(before.lines), len(cue.lines))
    return next((n for n in range(most, 0, -1) if before.lines[-n:] == cue.lines[:n]), 0)


def _grows(before: RawCue, cue: RawCue) -> bool:
    """True if an entry is the one before with more words at its end."""
    *above, last = before.lines
    return (
        len(cue.lines) == len(before.lines)
        and list(cue.lines[:-1]) == above
        and cue.lines[-1] != last
        and cue.lines[-1].startswith(last)
    )
