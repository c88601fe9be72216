"""Plain: Praat TextGrid, long and short; an interval tier is a speaker.

Our own reading of its tokens, as Praat defines them (free-standing numbers, strings in quotes,
flags), since praatio refuses the whole file for one interval.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from core.errors import gettext_noop
from corpus.problems import Problem
from corpus.transcripts import Parsed, RawCue, TranscriptError, tiers, times
from corpus.transcripts.tiers import TierContent, speaker
from corpus.transcripts.times import SHOWN

TOKEN = re.compile(
    r'"(?P<text>(?:[^"]|"")*)"|(?<!\S)(?P<number>[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?![^\s,])|![^\n]*'
)
KINDS = ("IntervalTier", "TextTier")

NO_INTERVAL = gettext_noop("Is no interval: two times and a text were expected; left out.")
MISCOUNTED = gettext_noop("Tier %(name)s says that it has %(said)d entries; %(found)d were found.")


@dataclass
class _Tier:
    name: str
    points: bool
    line: int
    stated_count: int = 0
    cues: list[RawCue] = field(default_factory=list)
    count: int = 0


def parse(text: str, asked: Collection[str] = ()) -> Parsed:
    """The labelled intervals of the tiers asked for, or of those that hold talk.

    Intervals that cannot be read are reported by line. Raises TranscriptError if it is no TextGrid.
    """
    if "ooBinaryFile" in text[:40]:
        raise TranscriptError(
            gettext_noop("The TextGrid is binary. Save it in Praat as a text file and try again.")
        )
    tokens = _tokens(text)
    if not any(token in KINDS for _, token in tokens) or "TextGrid" not in text[:2000]:
        raise TranscriptError(
            gettext_noop("The transcript is not a valid TextGrid: %(why)s"), why="IntervalTier"
        )
    problems: list[Problem] = []
    found = _read(tokens, problems)
    options = tiers.chosen("tier", [_content(tier) for tier in found], asked)
    read = {tier.name for tier in options if tier.read}
    cues = [cue for tier in found if tier.name in read and not tier.points for cue in tier.cues]
    rejected = [problem for problem in problems if problem.outcome == "rejected"]
    if not cues and rejected:
        raise times.refusal("TextGrid", rejected)
    return Parsed(cues, [*problems, *tiers.left_out(options)], options)


def _tokens(text: str) -> list[tuple[int, str | float]]:
    """Strings and numbers in order, each with its line."""
    found: list[tuple[int, str | float]] = []
    line, place = 1, 0
    for token in TOKEN.finditer(text):
        line, place = line + text.count("\n", place, token.start()), token.start()
        if token["text"] is not None:
            found.append((line, token["text"].replace('""', '"')))
        elif token["number"]:
            found.append((line, float(token["number"])))
    return found


def _read(tokens: Sequence[tuple[int, str | float]], problems: list[Problem]) -> list[_Tier]:
    found: list[_Tier] = []
    chunk: list[tuple[int, str | float]] = []
    place = 0
    while place < len(tokens):
        line, token = tokens[place]
        name = tokens[place + 1][1] if place + 1 < len(tokens) else None
        if token in KINDS and isinstance(name, str) and not (chunk and found):
            header = [value for _, value in tokens[place + 2 : place + 5]]
            numbers = header if all(isinstance(value, float) for value in header) else []
            stated_count = (
                int(numbers[2]) if len(numbers) == 3 and abs(float(numbers[2])) < 1e9 else -1
            )
            found.append(_Tier(name, token == "TextTier", line, stated_count))
            place += 2 + len(numbers)
            chunk = []
            continue
        chunk.append((line, token))
        place += 1
        if isinstance(token, str):
            if found:
                _entry(found[-1], chunk, problems)
            chunk = []
    if chunk and found:
        problems.append(Problem(chunk[0][0], found[-1].name[:80], "", "rejected", NO_INTERVAL))
    for tier in found:
        if tier.stated_count not in (-1, tier.count):
            details = {"name": tier.name, "said": tier.stated_count, "found": tier.count}
            problems.append(Problem(tier.line, tier.name[:80], "", "warning", MISCOUNTED, details))
    return found


def _entry(tier: _Tier, chunk: list[tuple[int, str | float]], problems: list[Problem]) -> None:
    tier.count += 1
    *numbers, (line, words) = chunk
    words = str(words)
    first = chunk[0][0]
    if len(numbers) != (1 if tier.points else 2):
        problems.append(Problem(first, tier.name[:80], words[:SHOWN], "rejected", NO_INTERVAL))
        return
    start, end = (float(value) for _, value in (numbers[0], numbers[-1]))
    lines = tuple(words.split("\n"))
    if tier.points:
        tier.cues.append(RawCue(start, end, lines, line=first))
        return
    span, time_problems = times.checked(start, end, first, tier.name[:80], words.strip())
    problems += time_problems
    if span and words.strip():
        tier.cues.append(RawCue(*span, lines, speaker(tier.name), line=first, tier=tier.name))


def _content(tier: _Tier) -> TierContent:
    spoken = [" ".join(cue.lines).strip() for cue in tier.cues]
    spoken = [words for words in spoken if words]
    reason = tiers.POINTS if tier.points else ""
    return TierContent(tier.name, len(spoken), spoken[0] if spoken else "", reason)
