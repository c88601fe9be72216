"""Plain: finds and masks phone, identity and account numbers and e-mail addresses in transcripts.

Numbers are also found where they are spoken (一三八…, 幺 for 1) or parted by spaces and hyphens.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass

DIGITS = str.maketrans("零〇一二三四五六七八九幺两", "0012345678912")
GAP = r"[\s\-‐-―·.]?"
KINDS = ("email", "identity", "phone", "account")
HINT = re.compile(r"[@＠]|(?:[\d０-９零〇一二三四五六七八九幺两][\s\-‐-―·.]?){7}")


@dataclass(frozen=True)
class PersonalDataMatch:
    """Characters `start` to `end` of a text, which may be personal data of a `kind`."""

    start: int
    end: int
    kind: str
    words: str


def _spaced(*characters: str) -> str:
    """A pattern of single characters with a possible gap after each but the last."""
    return GAP.join(characters)


def _digits(count: int) -> list[str]:
    return [r"\d"] * count


def _identity(number: str) -> bool:
    """The check digit of a resident identity number (GB 11643-1999)."""
    bare = re.sub(r"[^\dXx]", "", number).upper()
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(bare[:17], weights, strict=True))
    return "10X98765432"[total % 11] == bare[17]


def _card(number: str) -> bool:
    """Luhn's check digit (ISO/IEC 7812-1) of a bank card."""
    digits = [int(c) for c in number if c.isdigit()][::-1]
    doubled = [d * 2 - 9 if d > 4 else d * 2 for d in digits[1::2]]
    return len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _any(match: str) -> bool:
    return True


def _alone(pattern: str) -> re.Pattern[str]:
    """The pattern where no further digit stands before or after it."""
    return re.compile(rf"(?<!\d){pattern}(?!\d)")


PATTERNS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("email", re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), _any),
    ("identity", _alone(_spaced(*_digits(17), r"[\dXx]")), _identity),
    ("account", _alone(_spaced(*_digits(16)) + rf"(?:{GAP}\d){{0,3}}"), _card),
    ("phone", _alone(rf"(?:\+?86{GAP})?" + _spaced("1", "[3-9]", *_digits(9))), _any),
    ("phone", _alone(rf"0\d{{2,3}}{GAP}" + _spaced("[2-8]", *_digits(6)) + r"\d?"), _any),
)


def find_personal_data(text: str) -> list[PersonalDataMatch]:
    """What is found in `text`, in order, without overlaps."""
    if not HINT.search(text):
        return []
    plain = _plain(text)
    matches: list[PersonalDataMatch] = []
    for kind, pattern, holds in PATTERNS:
        for place in pattern.finditer(plain):
            start, end = place.span()
            free = all(end <= other.start or start >= other.end for other in matches)
            if free and holds(place.group()):
                matches.append(PersonalDataMatch(start, end, kind, text[start:end]))
    return sorted(matches, key=lambda match: match.start)


def _plain(text: str) -> str:
    """The text with every digit as ASCII; as long as the text."""
    folded = "".join(new if len(new := unicodedata.normalize("NFKC", c)) == 1 else c for c in text)
    return folded.translate(DIGITS)


def mask_personal_data(text: str, cleared: Collection[str] = ()) -> tuple[str, list[str]]:
    """The text with 〔kind〕 for what was found, and the kinds; `cleared` words stay."""
    kinds, pieces, at = [], [], 0
    for match in find_personal_data(text):
        if match.words not in cleared:
            pieces += [text[at : match.start], f"〔{match.kind}〕"]
            kinds.append(match.kind)
            at = match.end
    return "".join([*pieces, text[at:]]) if kinds else text, kinds
