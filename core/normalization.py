"""Plain: how text and names are compared, so that what looks the same is the same.

Normalised text is in Unicode's NFKC form with its case folded (the form that Unicode 3.13 calls
NFKC_Casefold), without invisible characters, with white space collapsed. Search compares
traditional and simplified Chinese as one besides; names of speakers stay apart there.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

from core.memory import return_freed

# Default_Ignorable_Code_Point of Unicode, and controls that are no white space.
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
# What most texts are made of: one character each when normalised, and nothing to the one before.
PLAIN = re.compile("[!-~\u2014\u2018-\u201d\u3001-\u301f\u4e00-\u9fff！-～]+")
HAN = ((0x3400, 0xA000), (0xF900, 0xFB00), (0x20000, 0x32000))  # where Chinese characters stand
# What OpenCC decides by the word: simplified text has the second where traditional text may have
# the first. Exact search tells them apart.
BY_WORD = dict(
    zip("甚著瞭藉覆祇彷徬沈甯迺邨妳牠痺簷", "什着了借复只仿彷沉宁乃村你它痹檐", strict=True)
)
AT_ONCE = 512  # characters converted at a time; each of these stretches is a multiple of it
ROUNDS = 4  # folding and composing can undo each other once; then nothing moves any more


def normalized(text: str) -> str:
    """`text` as names are compared. What is normalised already stays as it is.

    The dotted capital İ and the i with a dot above count as i.
    """
    if text.isascii():  # by far the quickest way where it is one
        return " ".join(INVISIBLE.sub("", text).split()).casefold()
    for _round in range(ROUNDS):
        before = text
        text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
        text = unicodedata.normalize("NFKC", text).replace("i\u0307", "i")
        if text == before:
            break
    return " ".join(text.split())


def visible(text: str) -> str:
    """`text` as it is written, without invisible characters and with white space collapsed."""
    return " ".join(INVISIBLE.sub("", text).split())


def search_key(text: str) -> str:
    """`text` as search compares it: normalised, each Chinese character in its simplified form.

    A character at a time and not a word at a time, because a search for a part of a word has to
    find the word: 乾 stays what it is in 乾坤 and becomes 干 elsewhere.
    """
    key = normalized(text)
    return key if key.isascii() else key.translate(_simplified())


@cache
def _simplified() -> dict[int, str]:
    """Code point -> the simplified form of a character, of all that have another one."""
    from opencc import OpenCC  # takes 20 ms to load, which nobody needs who does not search

    # forms that share a traditional one meet there
    steps = [OpenCC(step) for step in ("s2t", "hk2s", "t2s", "t2s")]
    found: dict[str, str] = {}
    for first in (n for block in HAN for n in range(*block, AT_ONCE)):
        characters = [chr(n) for n in range(first, first + AT_ONCE)]
        lines = "\n".join(characters)
        for step in steps:
            lines = step.convert(lines)
        pairs = zip(characters, lines.split("\n"), strict=True)
        found |= {old: new for old, new in pairs if old != new}
    found |= BY_WORD
    del steps
    return_freed()  # the dictionaries: 28 MB
    return {ord(old): found.get(new, new) for old, new in found.items() if found.get(new) != old}


def occurrences(text: str, words: str, exact: bool = False) -> list[tuple[int, int]]:
    """Where `words` stand in `text`: (first, end) each, in order, none over another.

    Positions are those of `text` as it is, also where its normalised form is shorter or longer.
    """
    if exact:
        return _spans(text, words)
    key = search_key(words)
    whole = search_key(text)
    if not key or key not in whole:
        return []
    if PLAIN.fullmatch(text):
        return _spans(whole, key)
    folded, first, end = "", [], []
    for start, stop, part in _parts(text):
        folded += part
        first += [start] * len(part)
        end += [stop] * len(part)
    found = [(first[a], end[b - 1]) for a, b in _spans(folded, key)]
    return _apart(found)


def _spans(text: str, words: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(re.escape(words), text)] if words else []


def _apart(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without those that begin inside the one before, as two halves of a ﬃ do."""
    kept: list[tuple[int, int]] = []
    for start, end in found:
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def _parts(text: str) -> Iterator[tuple[int, int, str]]:
    """The text in its smallest parts that are normalised each for itself: first, end, key."""
    start, spaced = 0, True  # white space at the beginning goes
    while start < len(text):
        end = start + 1
        while end < len(text) and _joins(text[start:end], text[end]):
            end += 1
        part = text[start:end]
        key = _letter_key(part) if end == start + 1 else search_key(part)
        if not key and INVISIBLE.sub("", part):
            key = "" if spaced else " "
        if key:
            if key != " " and part[0].isspace():  # space and what composes with it
                key = key if spaced else f" {key}"
            yield start, end, key
            spaced = key == " "
        start = end


@lru_cache(maxsize=20_000)
def _letter_key(letter: str) -> str:
    return search_key(letter)


def _joins(part: str, letter: str) -> bool:
    """True if `letter` changes what stands before it, or is nothing by itself."""
    if PLAIN.match(letter) or letter.isspace() or part.isspace():
        return False
    if unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]):
        return True
    key = _letter_key(letter)
    return not key or search_key(part + letter) != search_key(part) + key
