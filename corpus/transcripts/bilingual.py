"""Plain: entries that say everything in two languages, one line or more for each.

Whether a file is bilingual, and in which order, is seen from the scripts of all its entries; where
the lines of one entry part is then seen from their position and script, so that `OK！`, `1997` or
`……` go where their neighbours go.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

BILINGUAL = 0.5  # share of entries with both languages that makes a file bilingual
ALIKE = 0.35  # share of places with the same character, in lines and their other writing
NEARLY_ALL = 0.8
MOST_LINES = 20  # of an entry that may part
FEWEST = 0.2  # share of entries that must show both languages, where the others may
TURN_BY_TURN = 4  # stretches of one script in an entry that says each line in both languages

SCRIPTS = (
    ("kana", re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u31f0-\u31ff\uff66-\uff9d]")),
    ("hangul", re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")),
    ("han", re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇]")),
    ("cyrillic", re.compile(r"[\u0400-\u052f]")),
    ("greek", re.compile(r"[\u0370-\u03ff]")),
    ("arabic", re.compile(r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")),
    ("hebrew", re.compile(r"[\u0590-\u05ff]")),
    ("thai", re.compile(r"[\u0e00-\u0e7f]")),
    ("devanagari", re.compile(r"[\u0900-\u097f]")),
    ("latin", re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")),
)

Order = tuple[str, str]  # the script of the first lines and of the second


@dataclass(frozen=True)
class Languages:
    """What the lines of a file's entries are: one language, or two in this order.

    `first` says that the transcript is what stands first, else what stands second.
    """

    order: Order | None = None
    first: bool = True

    @property
    def bilingual(self) -> bool:
        return self.order is not None


def script(line: str) -> str:
    """The script of a line: "han", "kana" (Japanese), "hangul", "latin", …; "" without letters."""
    return next((name for name, pattern in SCRIPTS if pattern.search(line)), "")


def languages(entries: Sequence[Sequence[str]], asked: str = "proposed") -> Languages:
    """The languages of a file from the lines of its entries.

    `asked` is "proposed", "no" (lines go together), "first" or "second" (which is the transcript).
    Proposed are the lines in Chinese where one language is, else the first.
    """
    if asked == "no" or not entries:
        return Languages()
    votes = Counter(order for lines in entries if (order := _order(lines)))
    common = votes.most_common(1)
    order = common[0][0] if common and _is_usual(entries, common[0][0]) else None
    if order is None and _variants(entries):
        order = ("han", "han")
    if asked in ("first", "second"):
        return Languages(order or (common[0][0] if common else ("", "")), asked == "first")
    return Languages(order, order is None or order[0] == "han" or order[1] != "han")


def _is_usual(entries: Sequence[Sequence[str]], order: Order) -> bool:
    """True if half of the entries show both languages, or some do and nearly all others may."""
    fitting = [lines for lines in entries if len(lines) > 1 and _fits(lines, order)]
    sure = sum(_order(lines) is not None for lines in fitting)
    if sure >= BILINGUAL * len(entries):
        return True
    return sure >= max(2, FEWEST * len(entries)) and len(fitting) >= NEARLY_ALL * len(entries)


def _fits(lines: Sequence[str], order: Order) -> bool:
    scripts = [script(line) for line in lines]
    return bool(_places(scripts, order) or _places(scripts, order[::-1]))


def _order(lines: Sequence[str]) -> Order | None:
    """The two scripts of an entry in their order; None unless it has two, each in one stretch."""
    scripts = [name for line in lines if (name := script(line))]
    if "kana" in scripts:  # a Japanese line may hold no kana, a Chinese one never does
        scripts = [s for i, s in enumerate(scripts) if not (s == "han" and _amid(scripts, i))]
    runs = [name for i, name in enumerate(scripts) if not i or name != scripts[i - 1]]
    return (runs[0], runs[1]) if len(runs) == 2 else None


def _amid(scripts: Sequence[str], at: int) -> bool:
    return 0 < at < len(scripts) - 1 and scripts[at - 1] == scripts[at + 1] == "kana"


def _variants(entries: Sequence[Sequence[str]]) -> bool:
    """True if the entries write each line twice, in traditional and in simplified characters."""
    pairs = [lines for lines in entries if len(lines) == 2 and len(lines[0]) == len(lines[1])]
    pairs = [lines for lines in pairs if script(lines[0]) == script(lines[1]) == "han"]
    places = [a == b for lines in pairs for a, b in zip(*lines, strict=True)]
    if len(pairs) < max(NEARLY_ALL * len(entries), 2) or all(places):
        return False
    return sum(places) >= ALIKE * len(places)


def part(lines: Sequence[str], order: Order) -> tuple[list[str], list[str]]:
    """The lines of an entry in the first language of the file and in the second.

    An entry in one language has all its lines in one of the two.
    """
    scripts = [script(line) for line in lines]
    if len(lines) == 1:
        foreign = _strange(scripts[0], order[0]) and not _strange(scripts[0], order[1])
        return ([], list(lines)) if foreign else (list(lines), [])
    runs = [name for i, name in enumerate(scripts) if name and (not i or name != scripts[i - 1])]
    for swapped in (False, True):
        places = _places(scripts, order[::-1] if swapped else order)
        if places and (len(runs) < TURN_BY_TURN or not places[0][0]):
            at = places[0][2]
            one, two = list(lines[:at]), list(lines[at:])
            return (two, one) if swapped else (one, two)
    return _by_line(lines, scripts, order)


def _places(scripts: Sequence[str], order: Order) -> list[tuple[int, int, int]]:
    """Where lines in these scripts can part into the two languages, the likeliest place first.

    Each is how many lines are unusual in their language, how far from the middle, and the place.
    """
    one, two = order
    if len(scripts) > MOST_LINES:
        return []
    return sorted(
        (_cost(scripts[:at], one) + _cost(scripts[at:], two), abs(2 * at - len(scripts)), at)
        for at in range(1, len(scripts))
        if not any(_strange(name, one) for name in scripts[:at])
        and not any(_strange(name, two) for name in scripts[at:])
    )


def _strange(name: str, language: str) -> bool:
    """True if a line in this script cannot be of the language: Han in English, kana in Chinese.

    Latin letters and lines without letters occur in every language.
    """
    if name in ("", "latin", language) or language == "":
        return False
    return not (name == "han" and language == "kana")


def _cost(scripts: Sequence[str], language: str) -> int:
    """How many of the lines are unusual in the language."""
    return sum(name not in ("", language) for name in scripts)


def _by_line(
    lines: Sequence[str], scripts: Sequence[str], order: Order
) -> tuple[list[str], list[str]]:
    """Lines of two languages in turn: each goes by its script, else where the line before went."""
    parts: tuple[list[str], list[str]] = ([], [])
    side = 0
    for line, name in zip(lines, scripts, strict=True):
        if name in order:
            side = order.index(name)
        elif name:
            side = 0 if not _strange(name, order[0]) else 1
        parts[side].append(line)
    return parts
