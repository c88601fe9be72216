"""Plain: entries of a transcript file into lines of talk."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from corpus.transcripts import Cue, RawCue

SPEAKER = re.compile(r"^\s*(?!\d+[:：])([^\s:：,，。！？!?“”\"'《》]{1,20})\s*[:：]\s*(?=\S)")
MARKUP = re.compile(r"<[^<>]{1,60}>|\{\\[^{}]{1,200}\}")
SOUND = re.compile(r"^[\s♪♫\-–—]*(?:[(（\[【][^()（）\[\]【】]{1,40}[)）\]】][\s♪♫]*|[♪♫]+.*)$")
HAN = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile(r"[A-Za-z]{2,}")
BILINGUAL = 0.5  # share of entries with a line in each language that makes a file bilingual


@dataclass(frozen=True)
class Cleaned:
    """Lines of talk in order of time, and what was taken away."""

    cues: list[Cue]
    sounds: int  # entries that only describe a sound, such as “（音乐）”
    empty: int
    bilingual: bool


def clean(raw: Sequence[RawCue]) -> Cleaned:
    """Every entry becomes one cue, is counted as a sound note, or is counted as empty."""
    tidied = [(cue, [_tidy(line) for line in cue.lines]) for cue in raw]
    tidied = [(cue, [line for line in lines if line]) for cue, lines in tidied]
    spoken = [(cue, lines) for cue, lines in tidied if lines]
    heard = [(cue, lines) for cue, lines in spoken if not all(SOUND.match(x) for x in lines)]
    bilingual = bool(heard) and sum(_both(lines) for _, lines in heard) >= BILINGUAL * len(heard)
    cues = [_cue(cue, lines, bilingual) for cue, lines in heard]
    cues.sort(key=lambda cue: (cue.start, cue.end))
    return Cleaned(cues, len(spoken) - len(heard), len(tidied) - len(spoken), bilingual)


def _tidy(line: str) -> str:
    return " ".join(MARKUP.sub("", line).split())


def _both(lines: Sequence[str]) -> bool:
    return any(map(HAN.search, lines)) and any(LATIN.search(x) and not HAN.search(x) for x in lines)


def _cue(cue: RawCue, lines: Sequence[str], bilingual: bool) -> Cue:
    foreign = [line for line in lines if bilingual and not HAN.search(line)]
    own = [line for line in lines if line not in foreign] or list(lines)
    translation = " ".join(foreign) if own != foreign else ""
    words, speaker = " ".join(own), cue.speaker.strip()
    named = None if speaker else SPEAKER.match(words)
    if named:
        speaker, words = named.group(1), words[named.end() :]
    return Cue(cue.start, cue.end, words, speaker, translation)
