"""Plain: entries of a transcript file into lines of talk."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from core.errors import gettext_noop
from core.normalization import normalized
from corpus.problems import Problem
from corpus.transcripts import Cue, RawCue, rolling, speakers
from corpus.transcripts.bilingual import BILINGUAL, FEWEST, Languages, languages, part, script
from corpus.transcripts.characters import tidy
from corpus.transcripts.speakers import Candidate, Choice
from corpus.transcripts.time_sharing import shares

SOUND = re.compile(r"^[\s♪♫♬\-–—]*(?:[(（\[【][^()（）\[\]【】]{1,40}[)）\]】][\s♪♫♬]*|[♪♫♬]+.*)$")
# a dash, a bullet or `>>` before what a speaker says; two dashes are a pause or a broken word
DASH = re.compile(r"(?:[-–—‐‑−－﹣•●▪‣]|>{2,3})(?![-–—‐‑−－﹣>])\s*(?=\S)")
PAUSE = re.compile(r"(?:——|--|––|·)(?![-–—])\s*(?=\S)")  # a turn where several lines begin so
MINUS = re.compile(r"[-–−－﹣]\d")
INLINE = re.compile(r"(?<=[。！？!?…”\"])\s*(?=[-–—](?![-–—\d])\s*\S)|(?<=[.])\s+(?=[-–—]\s*\S)")
FEWEST_PAIRS = 2  # of entries at the same time, for two languages
GOES_ON = re.compile(r"[-–—,，、…]$")  # ends a line that goes on in the next
MARK = re.compile(r"[-–—‐‑−－﹣•●▪‣]?")  # a line of nothing else says nothing

INVISIBLE = gettext_noop("Invisible characters removed: %(count)d; the first is here.")
CONTROL = gettext_noop("Control characters removed: %(count)d; the first is here.")
UNREADABLE = gettext_noop("Unreadable characters, shown as �: %(count)d; the first is here.")
ROLLING = gettext_noop(
    "%(count)d of %(all)d entries repeat the entry before, as rolling captions do. They can be read"
    " so that each line stands once."
)


@dataclass(frozen=True)
class Cleaned:
    """Lines of talk in order of time, what was found about them, and what was taken away."""

    cues: list[Cue]
    sounds: int = 0  # entries or turns that only describe a sound, such as “（音乐）”
    empty: int = 0
    languages: Languages = Languages()  # noqa: RUF009 (it is frozen)
    speakers: list[Candidate] = field(default_factory=list)
    rolling: int = 0  # entries that repeat the one before
    dashed: int = 0  # entries with a dash at the start of a line
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # the descriptions of sounds

    @property
    def bilingual(self) -> bool:
        return self.languages.bilingual


@dataclass(frozen=True)
class _Turn:
    """What one speaker says within an entry."""

    speaker: str
    lines: tuple[str, ...]
    translation: str = ""

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.lines))


def clean(
    raw: Sequence[RawCue],
    choice: Choice = Choice(),  # noqa: B008 (it is frozen)
    bilingual: str = "proposed",
    roll: bool = False,
    dashes: bool = True,
) -> Cleaned:
    """Every entry becomes one cue or several, is counted as a sound note, or is counted as empty.

    `choice` says which names before a colon are speakers, `bilingual` which line is the transcript
    (see `bilingual.languages`); with `roll`, lines of rolling captions are read once; with
    `dashes`, a dash at the start of a line begins what another speaker says.
    """
    problems: list[Problem] = []
    tidied = _simultaneous(_tidied(raw, problems))
    order = sorted(tidied, key=lambda cue: cue.start)
    repeated = rolling.repeats(order)
    if roll:
        tidied = rolling.once(order)
    elif repeated:
        details = {"count": repeated, "all": len(raw)}
        problems.append(Problem(0, "", "", "warning", ROLLING, details))
    spoken = [cue for cue in tidied if cue.lines]
    talk_cues = [cue for cue in spoken if not all(map(SOUND.match, cue.lines))]
    notes = [" ".join(cue.lines) for cue in spoken if all(map(SOUND.match, cue.lines))]
    found = languages([cue.lines for cue in talk_cues], bilingual)
    own = [line for cue in talk_cues if not cue.speaker for line in _talk(cue, found, dashes)]
    named = speakers.candidates(own, choice)
    reader = _Reader(found, named, dashes, notes)
    cues = [cue for entry in talk_cues for cue in reader.cues(entry)]
    cues.sort(key=lambda cue: cue.start)
    return Cleaned(
        cues,
        sounds=len(notes),
        empty=len(tidied) - len(spoken),
        languages=found,
        speakers=reader.candidates(),
        rolling=repeated,
        dashed=sum(any(map(DASH.match, cue.lines)) for cue in talk_cues),
        problems=problems,
        notes=notes,
    )


def _tidied(raw: Sequence[RawCue], problems: list[Problem]) -> list[RawCue]:
    """The entries without what nobody sees, each line without blanks around and between."""
    counts: Counter[str] = Counter()
    first: dict[str, tuple[int, str]] = {}
    result = []
    for cue in raw:
        rows: list[tuple[str, str]] = []
        voices = cue.voices or ("",) * len(cue.lines)
        for text, voice in zip(cue.lines, voices, strict=True):
            found = tidy(text)
            removed = {
                INVISIBLE: found.invisible,
                CONTROL: found.control,
                UNREADABLE: found.text.count("\ufffd"),
            }
            for reason, count in removed.items():
                if count:
                    counts[reason] += count
                    first.setdefault(reason, (cue.line, " ".join(found.text.split())))
            lines = [" ".join(line.split()) for line in found.text.split("\n")]
            rows += [(line, _name(voice)) for line in lines if not MARK.fullmatch(line)]
        result.append(
            replace(
                cue,
                lines=tuple(line for line, _ in rows),
                voices=tuple(voice for _, voice in rows) if cue.voices else (),
                speaker=_name(cue.speaker),
                translation=_name(cue.translation),
            )
        )
    for reason, count in counts.items():
        line, value = first[reason]
        outcome = "warning" if reason == UNREADABLE else "repaired"
        problems.append(Problem(line, "", value[:120], outcome, reason, {"count": count}))
    return result


def _name(text: str) -> str:
    return " ".join(tidy(text).text.split())


def _simultaneous(cues: Sequence[RawCue]) -> list[RawCue]:
    """Two entries at the same time in two languages become one, where most of the file is so."""
    groups: dict[tuple[int, int], list[RawCue]] = {}
    for cue in cues:
        groups.setdefault((round(cue.start * 100), round(cue.end * 100)), []).append(cue)
    pairs = [group for group in groups.values() if _two_languages(group)]
    double = [group for group in groups.values() if len(group) == 2 and _one_speaker(group)]
    enough = max(FEWEST_PAIRS, FEWEST * len(groups))
    if len(pairs) < enough or len(double) < BILINGUAL * len(groups):
        return list(cues)
    ways = Counter((script(" ".join(a.lines)), script(" ".join(b.lines))) for a, b in pairs)
    tiers = Counter((a.tier, b.tier) for a, b in pairs)
    result = []
    for group in groups.values():
        apart = len(group) == 2 and (group[0].tier, group[1].tier) in tiers
        if apart and group[0].tier == group[1].tier:
            way = script(" ".join(group[0].lines)), script(" ".join(group[1].lines))
            apart = way in ways or "" in way or "latin" in way
        if apart and _one_speaker(group):
            one, two = group
            lines = (*one.lines, *two.lines)
            result.append(replace(one, lines=lines, speaker=one.speaker or two.speaker))
        else:
            result += group
    return result


def _two_languages(group: Sequence[RawCue]) -> bool:
    if len(group) != 2 or not _one_speaker(group):
        return False
    one, two = (script(" ".join(cue.lines)) for cue in group)
    return bool(one and two) and one != two


def _one_speaker(group: Sequence[RawCue]) -> bool:
    names = {cue.speaker for cue in group if cue.speaker}
    return len(names) <= 1 and not any(cue.voices or cue.translation for cue in group)


def _talk(cue: RawCue, found: Languages, dashes: bool) -> Iterator[str]:
    """The lines of an entry in the language of the transcript that may begin with a name."""
    for voice, lines in _groups(cue):
        if voice:
            continue
        own, _ = _parted(lines, found)
        rows = [line for _, line in _turn_lines(own, dashes)]
        for index, line in enumerate(rows):
            named = speakers.prefix(line)
            follows = rows[index + 1] if index + 1 < len(rows) else ""
            yield f"{line} {follows}" if named and not named.words else line


def _groups(cue: RawCue) -> list[tuple[str, list[str]]]:
    """Consecutive lines of one voice; the whole entry is one where nobody is named by line."""
    if not cue.voices:
        return [(cue.speaker, list(cue.lines))]
    groups: list[tuple[str, list[str]]] = []
    for voice, line in zip(cue.voices, cue.lines, strict=True):
        if not groups or groups[-1][0] != voice:
            groups.append((voice, []))
        groups[-1][1].append(line)
    return groups


def _parted(lines: Sequence[str], found: Languages) -> tuple[list[str], list[str]]:
    """The lines of the transcript and those of the translation; what is alone is transcript."""
    if found.order is None:
        return list(lines), []
    first, second = part(lines, found.order)
    own, foreign = (first, second) if found.first else (second, first)
    return (own, foreign) if own else (foreign, [])


def _turn_lines(lines: Sequence[str], dashes: bool) -> list[tuple[bool, str]]:
    """Each line without the dash that begins it, and whether that dash begins a turn."""
    if not dashes:
        return [(False, line) for line in lines]
    rows = [row for line in lines for row in (INLINE.split(line) if DASH.match(line) else [line])]
    begins = PAUSE if sum(bool(PAUSE.match(row)) for row in rows) > 1 else DASH
    found = [begins.match(row) for row in rows]
    plain = any(dash and not MINUS.match(row) for dash, row in zip(found, rows, strict=True))
    is_dash = [
        dash is not None and (plain or not MINUS.match(row))
        for dash, row in zip(found, rows, strict=True)
    ]
    alone = is_dash.index(True) if sum(is_dash) == 1 else 0
    if alone and GOES_ON.search(rows[alone - 1]):
        is_dash[alone] = False
    turns = sum(is_dash) > 1 or alone > 0
    return [
        (dash and turns, row[found_.end() :] if dash and found_ else row)
        for dash, row, found_ in zip(is_dash, rows, found, strict=True)
    ]


class _Reader:
    """Entries into cues, with the speakers that are taken."""

    def __init__(
        self, found: Languages, named: Sequence[Candidate], dashes: bool, notes: list[str]
    ) -> None:
        self.languages, self.named, self.dashes, self.notes = found, named, dashes, notes
        self.names: Collection[str] = speakers.names(named)
        self.aliases: dict[str, Counter[str]] = {}

    def candidates(self) -> list[Candidate]:
        """The candidates with what the other language calls them."""
        return [
            replace(each, aliases=tuple(name for name, _ in self.aliases[each.name].most_common(3)))
            if each.name in self.aliases
            else each
            for each in self.named
        ]

    def cues(self, cue: RawCue) -> Iterator[Cue]:
        turns = [turn for group in _groups(cue) for turn in self._turns(*group)]
        spans = shares((cue.start, cue.end), [turn.text for turn in turns])
        several = len(turns) > 1
        for index, (turn, span) in enumerate(zip(turns, spans, strict=True)):
            if several and SOUND.match(turn.text) and not turn.translation:
                self.notes.append(": ".join(filter(None, (turn.speaker, turn.text))))
                continue
            translation = turn.translation
            if cue.translation and index == 0:
                translation = " ".join(filter(None, (translation, cue.translation)))
            yield Cue(
                *span,
                turn.text,
                turn.speaker,
                translation,
                estimated=several or cue.estimated,
                line=cue.line,
            )

    def _turns(self, speaker: str, lines: Sequence[str]) -> list[_Turn]:
        own, foreign = _parted(lines, self.languages)
        turns = self._split(own, speaker, self.names)
        if not foreign:
            return turns
        words = self._foreign(foreign, named=any(turn.speaker for turn in turns))
        if len(words) > len(turns) or len(words) == 1:
            last = len(turns) - 1 if len(words) > 1 else 0
            words = [*words[:last], " ".join(words[last:])]
        return [
            replace(turn, translation=self._translated(turn, words[index]))
            if index < len(words)
            else turn
            for index, turn in enumerate(turns)
        ]

    def _split(self, lines: Sequence[str], speaker: str, names: Collection[str]) -> list[_Turn]:
        """What each speaker says: a turn begins at a dash, and at a name that is taken."""
        turns: list[tuple[str, list[str]]] = []
        rows = _turn_lines(lines, self.dashes)
        for index, (begins, line) in enumerate(rows):
            named = None if speaker else speakers.prefix(line)
            alone = named is not None and not named.words and index + 1 == len(rows)
            if named and named.name in names and not alone:
                turns.append((named.name, [named.words]))
            elif begins or not turns:
                turns.append((speaker, [line]))
            else:
                turns[-1][1].append(line)
        return [_Turn(name, tuple(own)) for name, own in turns]

    def _foreign(self, lines: Sequence[str], named: bool) -> list[str]:
        """What each speaker says in the other language, with the name where one stands there."""
        words: list[str] = []
        for begins, line in _turn_lines(lines, self.dashes):
            name = speakers.prefix(line) if named else None
            if begins or not words or (name and name.words and speakers.plausible(name.name)):
                words.append(line)
            else:
                words[-1] += f" {line}"
        return words

    def _translated(self, turn: _Turn, words: str) -> str:
        """A translation without the name of a speaker that the transcript names, too."""
        named = speakers.prefix(words)
        if not (turn.speaker and named and named.words) or named.bracketed:
            return words
        same = normalized(named.name) == normalized(turn.speaker)
        if not same and not speakers.plausible(named.name):
            return words
        if not same:
            self.aliases.setdefault(turn.speaker, Counter())[named.name] += 1
        return named.words
