"""Plain: the entries of SRT and WebVTT, which differ in little but their header.

Our own reading of lines, since the libraries `srt` and `webvtt-py` change or lose cues silently:
`03,14` is read as 3.014 s, a line that holds only a number as the next index, a cue after a blank
line inside another is dropped, and one cue that cannot be read refuses or hides the whole file.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.errors import gettext_noop
from corpus.problems import Problem
from corpus.transcripts import Parsed, RawCue, times
from corpus.transcripts.characters import bare
from corpus.transcripts.markup import subtitle
from corpus.transcripts.times import SHOWN, Clock, clock

ARROW = r"(?:--+\s*>|-\s+-\s*>|[–—]+\s*>|→|⟶)"
TIMING = re.compile(
    rf"(?:(\d{{1,9}})\s+)?({times.CLOCK.pattern})\s*{ARROW}"
    rf"\s*({times.CLOCK.pattern})(?![\d:.,])(.*)"
)
HALF = re.compile(rf"\s*{ARROW}\s*")
LOOSE = re.compile(r"-\s*-?\s*>|→")
SETTINGS = re.compile(r"(?:\s+[A-Za-z][\w-]*:\S*)*\s*")
INDEX = re.compile(r"\d{1,9}")
NARROW = str.maketrans("０１２３４５６７８９：，．－＞", "0123456789:,.->")
LEAP = 20  # by which the index of a cue may leap beyond the last, where no blank line precedes it

OUTSIDE = gettext_noop("Belongs to no entry; left out.")
READINGS = gettext_noop("Readings of ruby characters left out: %(count)d; the first is here.")
BLANK = gettext_noop("A blank line stands inside the entry; what follows it was read with it.")


@dataclass
class Entry:
    """One cue: the line (from 0) of its times, the times as written, and its lines of words."""

    at: int
    times: tuple[Clock, Clock] | None
    raw: str
    numbered: str = ""  # its index, where that stands on the line of the times
    first: str = ""  # words that follow the times on their line
    before: str = ""  # its index or name, where that stands on the line before
    body: list[tuple[int, str]] = field(default_factory=list)


def entries(lines: Sequence[str], named: bool = False) -> tuple[list[Entry], list[tuple[int, str]]]:
    """The cues among `lines`, readable or not, and the lines before the first.

    With `named`, a line before the times may hold any name of the cue (WebVTT), not only a number.
    """
    seen = [bare(line) for line in lines]
    found = [entry for at in range(len(seen)) if (entry := _entry(seen, at, named))]
    heads = _heads(seen, found, named)
    for entry, head, end in zip(found, heads, [*heads[1:], len(lines)], strict=False):
        entry.before = seen[head] if head < entry.at else ""
        entry.body = [(at, lines[at]) for at in range(entry.at + 1, end)]
        while entry.body and not entry.body[-1][1].strip():
            entry.body.pop()
    before = range(heads[0] if heads else len(lines))
    return found, [(at, seen[at]) for at in before if seen[at]]


def _entry(seen: Sequence[str], at: int, named: bool) -> Entry | None:
    line = seen[at].translate(NARROW)
    if not (">" in line or "→" in line or "⟶" in line) and not _heading(seen, at):
        return None
    found = TIMING.fullmatch(line)
    if found:
        start, end, rest = clock(found[2]), clock(found[8]), seen[at][found.start(14) :]
        words = "" if SETTINGS.fullmatch(rest) else rest.strip()
        if start and end:
            return Entry(at, (start, end), seen[at], found[1] or "", words)
    return Entry(at, None, seen[at]) if _meant(seen, at, line, named) else None


def _meant(seen: Sequence[str], at: int, line: str, named: bool) -> bool:
    """True if a line that cannot be read stands where times stand, or has a time at an arrow."""
    sides = HALF.split(line)
    numeric = line[:1].isdigit() or line[:1] in "-−"
    if numeric and len(sides) == 2 and (clock(sides[0]) or clock(sides[1].split(" ")[0])):
        return True
    if named and len(sides) == 2 and not (at and seen[at - 1] and at > 1 and seen[at - 2]):
        return True
    if not _heading(seen, at):
        return False
    return (
        len(sides) == 2
        or bool(LOOSE.search(line) and times.CLOCK.search(line))
        or (len(times.CLOCK.findall(line)) == 2)
    )


def _heading(seen: Sequence[str], at: int) -> bool:
    """True if a line follows an index that follows a blank line: the place of times."""
    return at > 0 and bool(INDEX.fullmatch(seen[at - 1])) and (at == 1 or not seen[at - 2])


def _heads(seen: Sequence[str], found: Sequence[Entry], named: bool) -> list[int]:
    """The line where each cue begins: that of its index or name, else that of its times."""
    before = [entry.numbered or (seen[entry.at - 1] if entry.at else "") for entry in found]
    numbered = sum(bool(INDEX.fullmatch(line)) for line in before) > len(found) / 2
    heads, last = [], 0
    floor = -1  # the line of the times before
    for entry in found:
        head = entry.at
        if not entry.numbered:
            place = _index(seen, entry.at, floor, numbered, last)
            if place is None and named:
                place = _name(seen, entry.at, floor)
            head = entry.at if place is None else place
        label = entry.numbered or seen[head]
        last = int(label) if INDEX.fullmatch(label) else last
        heads.append(head)
        floor = entry.at
    return heads


def _index(seen: Sequence[str], at: int, floor: int, numbered: bool, last: int) -> int | None:
    """The line of the index of the cue whose times stand at `at`; None if it has none.

    A number may be the last words of the cue before: it is an index after a blank line, or where
    it goes on from the last index.
    """
    place = at - 1
    while place > floor and not seen[place]:
        place -= 1
    if place <= floor or not INDEX.fullmatch(seen[place]):
        return None
    number, apart = int(seen[place]), place < at - 1
    follows = number == last + 1
    if place == floor + 1 and floor >= 0:  # all that the cue before would have for words
        return place if follows and not apart else None
    if not seen[place - 1] or place == 0:
        return place if follows or (numbered and not apart) else None
    return place if follows or (numbered and not apart and _near(number, last)) else None


def _near(number: int, last: int) -> bool:
    return number in (0, 1, last) or last < number <= last + LEAP


def _name(seen: Sequence[str], at: int, floor: int) -> int | None:
    place = at - 1
    alone = place > floor + 1 and seen[place] and not seen[place - 1]
    return place if alone or (floor < 0 and place >= 0 and seen[place]) else None


def parsed(found: Sequence[Entry], kind: str, problems: list[Problem]) -> Parsed:
    """The entries as cues, with their problems.

    Raises TranscriptError if there are some and none can be read.
    """
    cues, clocks, readings = [], [], []
    for entry in found:
        body = (
            [entry.first, *(line for _, line in entry.body)]
            if entry.first
            else [line for _, line in entry.body]
        )
        marked = subtitle("\n".join(body))
        readings += [(entry.at + 1, reading) for reading in marked.readings]
        words = " / ".join(filter(None, map(bare, marked.lines)))
        if entry.times is None:
            value = " ".join(filter(None, [entry.before, entry.raw, words]))[:SHOWN]
            problems.append(Problem(entry.at + 1, "", value, "rejected", times.UNREADABLE))
            continue
        clocks += [(entry.at + 1, time) for time in entry.times]
        start, end = entry.times
        odd = start.odd or end.odd
        span, odd_times = times.checked(start.seconds, end.seconds, entry.at + 1, "", words, odd)
        problems += odd_times
        if span:
            cues.append(RawCue(*span, marked.lines, line=entry.at + 1, voices=marked.voices))
    rejected = [problem for problem in problems if problem.outcome == "rejected"]
    if not cues and found and rejected:
        raise times.refusal(kind, rejected)
    if readings:
        line, first = readings[0]
        details = {"count": len(readings)}
        problems.append(Problem(line, "", first[:SHOWN], "repaired", READINGS, details))
    return Parsed(cues, [*problems, *times.fractions(clocks)])


def outside(lines: Sequence[tuple[int, str]]) -> Iterator[Problem]:
    """Problems of lines that belong to no cue."""
    for at, line in lines:
        yield Problem(at + 1, "", line[:SHOWN], "rejected", OUTSIDE)
