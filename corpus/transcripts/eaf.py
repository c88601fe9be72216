"""Plain: ELAN (.eaf); a tier is a speaker.

Our own reading of the XML, since pympi drops TIME_ORIGIN and annotations whose id comes twice,
knows no lines, and refuses the whole file for one annotation without a time.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from core.errors import gettext_noop
from corpus.problems import Problem
from corpus.transcripts import Parsed, RawCue, Tier, TranscriptError, tiers, times
from corpus.transcripts.tiers import TierContent, speaker
from corpus.transcripts.time_sharing import shares
from corpus.transcripts.times import SHOWN

SPEAKER = re.compile(
    r"\b(?:speakers?|spk|spkr|participants?|who)\b|说话人|讲话人|发言人|角色", re.I
)
TRANSLATION = re.compile(
    r"\b(?:trans|transl|translations?|free ?transl\w*|ft|english|en|eng)\b|翻译|译文|英文|英语",
    re.I,
)
UNITS = {"": 1.0, "milliseconds": 1.0, "PAL-frames": 40.0, "NTSC-frames": 1001 / 30}  # in ms
DEEPEST = 20  # tiers below tiers

NO_TIME = gettext_noop("Tier %(tier)s: the annotation has no time; left out.")
ORIGIN = gettext_noop(
    "The annotations have their zero at %(seconds).3f s of the media (TIME_ORIGIN), which was added"
    " to their times."
)
ORIGINS = gettext_noop(
    "The media files have different zeros (TIME_ORIGIN %(origins)s ms). The first was added."
)
BROKEN = gettext_noop("The XML breaks here (%(why)s). What stands before was read.")
GIVES_SPEAKER = gettext_noop("it gives the speaker of another tier")
GIVES_TRANSLATION = gettext_noop("it gives the translation of another tier")


@dataclass
class _Annotation:
    id: str
    line: int
    words: str = ""
    slots: tuple[str, str] = ("", "")  # of an annotation that has times
    parent: str = ""  # the annotation that it refers to


@dataclass
class _Tier:
    name: str
    participant: str
    parent: str
    own: list[_Annotation] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        return [each.words.strip() for each in self.own if each.words.strip()]

    def is_called(self, pattern: re.Pattern[str]) -> bool:
        return bool(pattern.search(re.sub(r"[_\-.:/@]+", " ", self.name)))


class _Document:
    """What an ELAN file holds, gathered while expat goes through it."""

    def __init__(self) -> None:
        self.root = ""
        self.unit = ""
        self.origins: list[str] = []
        self.slots: dict[str, float | None] = {}  # milliseconds
        self.tiers: list[_Tier] = []
        self.problems: list[Problem] = []
        self._inside = False

    def read(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = lambda tag, has: self._start(
            tag, has, parser.CurrentLineNumber
        )
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._words
        try:
            parser.Parse(text.encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            details = {"why": str(error)[:120]}
            self.problems.append(Problem(error.lineno, "", "", "rejected", BROKEN, details))

    def _start(self, tag: str, has: Mapping[str, str], line: int) -> None:
        self.root = self.root or tag
        if tag == "HEADER":
            self.unit = has.get("TIME_UNITS", "")
        elif tag == "MEDIA_DESCRIPTOR":
            self.origins.append(has.get("TIME_ORIGIN", "0"))
        elif tag == "TIME_SLOT":
            self.slots[has.get("TIME_SLOT_ID", "")] = _number(has.get("TIME_VALUE", ""))
        elif tag == "TIER":
            name, participant = has.get("TIER_ID", ""), has.get("PARTICIPANT", "")
            self.tiers.append(_Tier(name, participant, has.get("PARENT_REF", "")))
        elif tag in ("ALIGNABLE_ANNOTATION", "REF_ANNOTATION") and self.tiers:
            slots = has.get("TIME_SLOT_REF1", ""), has.get("TIME_SLOT_REF2", "")
            parent = has.get("ANNOTATION_REF", "")
            each = _Annotation(has.get("ANNOTATION_ID", ""), line, slots=slots, parent=parent)
            self.tiers[-1].own.append(each)
        self._inside = tag == "ANNOTATION_VALUE"

    def _end(self, tag: str) -> None:
        self._inside = False

    def _words(self, text: str) -> None:
        if self._inside and self.tiers and self.tiers[-1].own:
            self.tiers[-1].own[-1].words += text


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None


def parse(text: str, asked: Collection[str] = ()) -> Parsed:
    """The annotations of the tiers asked for, or of those that hold talk; TIME_ORIGIN is added.

    A tier's participant is the speaker, else its name. A tier below it that is called after
    speakers or a translation gives those of each annotation. Annotations that cannot be read are
    reported by line and id. Raises TranscriptError if it is no ELAN file.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise TranscriptError(gettext_noop("The transcript declares entities; ELAN files do not."))
    document = _Document()
    document.read(text.lstrip("\ufeff \n\t"))
    if document.root != "ANNOTATION_DOCUMENT" or document.unit not in UNITS:
        why = document.unit or f"<{document.root}>"
        raise TranscriptError(
            gettext_noop("The transcript is not a valid ELAN file: %(why)s"), why=why[:200]
        )
    return _Reading(document).parsed(asked)


class _Reading:
    """Annotations of a document with their spans, speakers and translations."""

    def __init__(self, document: _Document) -> None:
        self.tiers = document.tiers
        self.problems = document.problems
        self.slots = _seconds(document, self.problems)
        self.by_id = {each.id: each for tier in self.tiers for each in tier.own}
        self.tier_of = {each.id: tier for tier in self.tiers for each in tier.own}
        self.roles = {tier.name: role for tier in self.tiers if (role := self._role(tier))}
        self.beside: dict[tuple[str, str], list[str]] = {}  # role, annotation -> words
        for tier in self.tiers:
            for each in tier.own if self.roles.get(tier.name) else ():
                if each.parent and each.words.strip():
                    key = self.roles[tier.name], each.parent
                    self.beside.setdefault(key, []).append(each.words.strip())

    def _role(self, tier: _Tier) -> str:
        """Why a tier is no talk but belongs to another; empty if it may be talk."""
        if tier.parent and tier.is_called(SPEAKER):
            return GIVES_SPEAKER
        if tier.parent and tier.is_called(TRANSLATION):
            return GIVES_TRANSLATION
        below = [each for each in self.tiers if each.parent == tier.name and each.words]
        if tier.is_called(SPEAKER) and any(not each.is_called(SPEAKER) for each in below):
            return GIVES_SPEAKER
        return ""

    def parsed(self, asked: Collection[str]) -> Parsed:
        found = tiers.chosen("tier", [self._content(tier) for tier in self.tiers], asked)
        read = {tier.name for tier in found if tier.read}
        cues = [cue for tier in self.tiers if tier.name in read for cue in self._cues(tier)]
        rejected = [problem for problem in self.problems if problem.outcome == "rejected"]
        if not cues and rejected:
            raise times.refusal("ELAN", rejected)
        return Parsed(cues, [*self.problems, *tiers.left_out(self._unread(found))], found)

    def _unread(self, found: Sequence[Tier]) -> list[Tier]:
        return [tier for tier in found if self.roles.get(tier.name) is None]

    def _content(self, tier: _Tier) -> TierContent:
        reason = self.roles.get(tier.name, "")
        if not reason and tier.parent:
            above = next((each for each in self.tiers if each.name == tier.parent), None)
            silent = above is None or not above.words or above.name in self.roles
            reason = "" if silent else tiers.DEPENDENT
        words = tier.words
        return TierContent(tier.name, len(words), words[0] if words else "", reason)

    def _cues(self, tier: _Tier) -> Iterator[RawCue]:
        siblings: dict[str, list[_Annotation]] = {}
        for each in tier.own:
            siblings.setdefault(each.parent or f"#{id(each)}", []).append(each)
        for group in siblings.values():
            span = self._span(group[0])
            parts = shares(span, [each.words for each in group]) if span else []
            for index, each in enumerate(group):
                yield from self._cue(tier, each, parts[index] if span else None, len(group) > 1)

    def _cue(
        self, tier: _Tier, each: _Annotation, span: tuple[float, float] | None, estimated: bool
    ) -> Iterator[RawCue]:
        words, place = each.words.strip(), f"{tier.name} {each.id}".strip()[:80]
        if span is None:
            if words:
                details = {"tier": tier.name}
                problem = Problem(each.line, place, words[:SHOWN], "rejected", NO_TIME, details)
                self.problems.append(problem)
            return
        times_, time_problems = times.checked(*span, each.line, place, words)
        self.problems.extend(time_problems)
        if times_ and words:
            yield RawCue(
                *times_,
                tuple(each.words.split("\n")),
                self._speaker(tier, each),
                line=each.line,
                tier=tier.name,
                translation=self._beside(each, GIVES_TRANSLATION),
                estimated=estimated,
            )

    def _span(self, each: _Annotation, deep: int = 0) -> tuple[float, float] | None:
        """Seconds of an annotation: its own, or those of the one that it refers to."""
        if each.parent:
            above = self.by_id.get(each.parent)
            return self._span(above, deep + 1) if above and deep < DEEPEST else None
        start, end = (self.slots.get(slot) for slot in each.slots)
        return None if start is None or end is None else (start, end)

    def _speaker(self, tier: _Tier, each: _Annotation) -> str:
        given = self._beside(each, GIVES_SPEAKER)
        above = self.tier_of.get(each.parent)
        if not given and above and self.roles.get(above.name) == GIVES_SPEAKER:
            given = self.by_id[each.parent].words.strip()
        name = given or tier.participant.strip()
        if not name and above:
            name = above.participant.strip() or speaker(above.name)
        return name or speaker(tier.name)

    def _beside(self, each: _Annotation, role: str) -> str:
        """The words of annotations of a tier with this role that refer to this one."""
        return " ".join(self.beside.get((role, each.id), ()))


def _seconds(document: _Document, problems: list[Problem]) -> dict[str, float | None]:
    """Slot -> seconds of the media."""
    origins = [_number(origin) or 0.0 for origin in document.origins]
    origin = origins[0] if origins else 0.0
    if len(set(origins)) > 1:
        shown = {"origins": ", ".join(document.origins)[:80]}
        problems.append(Problem(0, "TIME_ORIGIN", "", "warning", ORIGINS, shown))
    elif origin:
        shown_ = {"seconds": origin / 1000}
        value = document.origins[0][:40]
        problems.append(Problem(0, "TIME_ORIGIN", value, "warning", ORIGIN, shown_))
    unit = UNITS[document.unit]
    return {
        slot: None if value is None else (value * unit + origin) / 1000
        for slot, value in document.slots.items()
    }
