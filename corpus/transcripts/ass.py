"""Plain: Advanced SubStation Alpha (.ass) and SubStation Alpha (.ssa).

Our own reading of events, since pysubs2 drops an event whose line it cannot read, and reads fields
in the order of the standard whatever the file's own `Format:` says.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.errors import gettext_noop
from corpus.problems import Problem
from corpus.transcripts import Parsed, RawCue, TranscriptError, tiers, times
from corpus.transcripts.markup import Marked, ass
from corpus.transcripts.tiers import TierContent
from corpus.transcripts.times import SHOWN, clock

FORMAT = (
    "layer",
    "start",
    "end",
    "style",
    "name",
    "marginl",
    "marginr",
    "marginv",
    "effect",
    "text",
)
KINDS = ("dialogue", "comment", "picture", "sound", "movie", "command")
MOSTLY = 0.8  # share of a style's events that are signs or effects

TOO_FEW = gettext_noop("Has %(found)d fields instead of %(expected)d; left out.")
NO_TIME = gettext_noop("“%(start)s” to “%(end)s” are no times; left out.")
COMMENTS = gettext_noop(
    "Comments in braces left out, which no player shows: %(count)d; the first is here."
)
STRANGE = gettext_noop("Is no event; left out.")


@dataclass(frozen=True)
class Event:
    """One Dialogue line: its number in the file, its fields by lower-case name, its words."""

    line: int
    fields: Mapping[str, str]
    marked: Marked

    @property
    def words(self) -> str:
        return " / ".join(line.strip() for line in self.marked.lines if line.strip())

    @property
    def style(self) -> str:
        return self.fields.get("style", "").strip().lstrip("*")

    @property
    def placed(self) -> bool:
        return "\\pos(" in self.fields["text"] or "\\move(" in self.fields["text"]


def parse(text: str, styles: Collection[str] = ()) -> Parsed:
    """Dialogue events with words, of the `styles` asked for or of those that hold talk.

    Events that cannot be read are reported by line. Raises TranscriptError if there are no events.
    """
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if line.strip().lower() == "[events]"), None)
    if start is None:
        raise TranscriptError(gettext_noop("The transcript is not ASS: it has no [Events]."))
    problems: list[Problem] = []
    events = list(_events(lines, start + 1, problems))
    found = tiers.chosen("style", _styles(events), styles)
    read = {tier.name for tier in found if tier.read}
    cues = [cue for event in events if event.style in read for cue in _cues(event, problems)]
    rejected = [problem for problem in problems if problem.outcome == "rejected"]
    if not cues and rejected:
        raise times.refusal("ASS", rejected)
    return Parsed(cues, [*problems, *tiers.left_out(found)], found)


def _events(lines: Sequence[str], start: int, problems: list[Problem]) -> Iterator[Event]:
    names: Sequence[str] = FORMAT
    comments = []
    for number, line in enumerate(lines[start:], start + 1):
        kind, colon, rest = line.strip().partition(":")
        kind = kind.strip().lower()
        if line.strip().startswith("[") and line.strip().endswith("]"):
            break
        if kind == "format" and colon:
            names = [name.strip().lower() for name in rest.split(",")]
            names = ["name" if name == "actor" else name for name in names]
        elif kind == "dialogue" and colon:
            fields = _fields(rest.lstrip(), names)
            if fields is None:
                count = rest.count(",") + 1
                details = {"found": count, "expected": len(names)}
                value = line.strip()[:SHOWN]
                problems.append(Problem(number, "", value, "rejected", TOO_FEW, details))
                continue
            event = Event(number, fields, ass(fields["text"]))
            comments += [(number, comment) for comment in event.marked.comments]
            yield event
        elif (
            line.strip()
            and not (kind in KINDS and colon)
            and not line.strip().startswith((";", "!"))
        ):
            problems.append(Problem(number, "", line.strip()[:SHOWN], "rejected", STRANGE))
    if comments:
        number, first = comments[0]
        details = {"count": len(comments)}
        problems.append(Problem(number, "", first[:SHOWN], "repaired", COMMENTS, details))


def _fields(rest: str, names: Sequence[str]) -> dict[str, str] | None:
    """The fields by name; commas beyond their number belong to the words, wherever these stand."""
    cells = rest.split(",")
    if len(cells) < len(names) or "text" not in names or not {"start", "end"} <= set(names):
        return None
    at, more = names.index("text"), len(cells) - len(names)
    words = ",".join(cells[at : at + more + 1])
    return dict(zip(names, [*cells[:at], words, *cells[at + more + 1 :]], strict=True))


def _styles(events: Sequence[Event]) -> list[TierContent]:
    found = []
    for style in dict.fromkeys(event.style for event in events):
        own = [event for event in events if event.style == style]
        spoken = [event for event in own if event.words]
        effects = sum(
            event.fields.get("effect", "").strip().lower() in ("fx", "karaoke") for event in own
        )
        reason = ""
        if sum(event.placed for event in spoken) >= MOSTLY * max(len(spoken), 1):
            reason = tiers.PLACED
        elif effects >= MOSTLY * len(own):
            reason = tiers.EFFECT
        found.append(TierContent(style, len(spoken), spoken[0].words if spoken else "", reason))
    return found


def _cues(event: Event, problems: list[Problem]) -> Iterator[RawCue]:
    texts = [event.fields[name] for name in ("start", "end")]
    start, end = map(clock, texts)
    if start is None or end is None:
        if event.words:
            details = {"start": texts[0][:20], "end": texts[1][:20]}
            problems.append(
                Problem(event.line, "", event.words[:SHOWN], "rejected", NO_TIME, details)
            )
        return
    odd = start.odd or end.odd
    span, odd_times = times.checked(start.seconds, end.seconds, event.line, "", event.words, odd)
    problems += odd_times
    if span:
        name = event.fields.get("name", "").strip()
        yield RawCue(*span, event.marked.lines, name, line=event.line, tier=event.style)
