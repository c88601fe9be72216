"""Plain: characters that nobody sees or says, taken out of words."""

import unicodedata
from dataclasses import dataclass

JOINERS = "\u200c\u200d"
BREAKS = dict.fromkeys(map(ord, "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), "\n")
BLANKS = dict.fromkeys(
    map(ord, "\t\u2800\u3164\uffa0\u115f\u1160"), " "
)  # fillers look like blanks
# zero width without being of the category Cf
HIDDEN = {0x034F, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)}
HIDDEN |= set(range(0xE0000, 0xE1000))
# of the category Cf, and seen: signs that enclose the number after them
SEEN = {*range(0x0600, 0x0606), 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x110BD, 0x110CD}
JOINING = (  # scripts that write some letters otherwise beside a joiner
    *((0x0600, 0x08FF), (0x0900, 0x0DFF), (0x1000, 0x109F), (0x1780, 0x18AF)),
    *((0xA800, 0xA9FF), (0xFB50, 0xFEFE), (0x10A00, 0x11FFF)),
)
SKIN = range(0x1F3FB, 0x1F400)
FLAG = 0x1F3F4


@dataclass(frozen=True)
class Tidied:
    """Words without what is not seen, and how many characters went."""

    text: str
    invisible: int = 0
    control: int = 0


def tidy(text: str) -> Tidied:
    """`text` without invisible and control characters; separators of lines become line breaks.

    Joiners stay where an emoji or a script needs them, variation selectors after what they vary.
    """
    text = text.translate(BREAKS).translate(BLANKS)
    kept: list[str] = []
    invisible = control = 0
    for index, sign in enumerate(text):
        kind = unicodedata.category(sign)
        if sign == "\n" or not (kind in ("Cc", "Cf", "Cs") or ord(sign) in HIDDEN):
            kept.append(sign)
        elif kind == "Cs":
            kept.append("\ufffd")
            control += 1
        elif kind == "Cc":
            control += 1
        elif _needed(ord(sign), kept, text[index + 1 : index + 2]):
            kept.append(sign)
        else:
            invisible += 1
    return Tidied("".join(kept), invisible, control)


def bare(text: str) -> str:
    """One line of a file as it is seen: without what is invisible, and without blanks around."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return tidy(text).text.strip()


def _needed(code: int, before: list[str], after: str) -> bool:
    if code in SEEN:
        return True
    last = _last(before)
    if chr(code) in JOINERS:
        following = ord(after) if after else 0
        if chr(code) == "\u200d" and _pictorial(last) and _pictorial(following):
            return True
        return _joins(ord(before[-1]) if before else 0) and (_joins(following) or code == 0x200D)
    if 0xFE00 <= code <= 0xFE0F or 0x180B <= code <= 0x180D or code == 0x180F:
        return bool(before) and (_pictorial(last) or _varies(before[-1]))
    if 0xE0100 <= code <= 0xE01EF:
        return bool(before) and unicodedata.category(before[-1]) == "Lo"
    if 0xE0020 <= code <= 0xE007F:
        tail = "".join(before).rstrip("".join(map(chr, range(0xE0020, 0xE0080))))
        return tail.endswith(chr(FLAG))
    return False


def _last(before: list[str]) -> int:
    """The last sign, behind selectors and skin tones."""
    for sign in reversed(before):
        if not (0xFE00 <= ord(sign) <= 0xFE0F or ord(sign) in SKIN):
            return ord(sign)
    return 0


def _pictorial(code: int) -> bool:
    return (
        0x1F000 <= code <= 0x1FAFF
        or 0x2190 <= code <= 0x2BFF
        or code in (0xA9, 0xAE, 0x203C, 0x2049, 0x2122, 0x2139, 0x3030, 0x303D, 0x3297, 0x3299)
    )


def _varies(sign: str) -> bool:
    """Digits of keycaps, Han characters, Mongolian letters and mathematical signs."""
    return sign in "0123456789#*" or unicodedata.category(sign) in ("Lo", "Sm", "So")


def _joins(code: int) -> bool:
    return any(first <= code <= last for first, last in JOINING)
