"""Plain: markup of subtitles into lines of words. Only known markup is markup; the rest is words.

The subtitle libraries drop whatever stands between angle brackets or braces, and with it words such
as `爱<3你们>呀`; they read neither character references in SRT nor the readings of ruby.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.entities import html5

# b, i, u … without attributes, or with a class as in WebVTT; font and span with attributes
TAG = re.compile(
    r"<(?P<close>/?)\s*(?:"
    r"(?P<style>[ibusc]|em|strong)(?P<cls>(?:\.[^\s<>&.]+)*)\s*/?"
    r"|(?P<open>font|span|lang|v)(?P<vcls>(?:\.[^\s<>&.]+)*)(?P<rest>\s+[^<>\n]*)?"
    r"|(?P<ruby>ruby|rb|rt|rp)(?:\.[^\s<>&.]+)*\s*"
    r"|(?P<br>br)\s*/?"
    r")>"
    r"|<(?:\d{1,6}:)?\d{1,2}:\d{2}[.,]\d+>"  # the time of a word in karaoke captions
    r"|(?P<override>\{\\[^{}\n]*\})",
    re.IGNORECASE,
)
CLOSING = re.compile(r"</\s*(?P<style>[ibusc]|em|strong)\b", re.IGNORECASE)
RUBY_ENDS = re.compile(r"</\s*(?:rt|rp|ruby)\b|<(?:rt|rp|rb)\b", re.IGNORECASE)
ATTRIBUTE = re.compile(r"[\w-]+\s*=")
REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));")
BLOCK = re.compile(r"\\([{}])|\{([^{}]*)\}|\\([Nnh])")
DRAWING = re.compile(r"\\p(\d+)(?=[\\}\s]|$)")


@dataclass(frozen=True)
class Marked:
    """Lines of an entry without markup, who says each, and what was left out with the markup."""

    lines: tuple[str, ...]
    voices: tuple[str, ...] = ()  # as long as `lines`; empty if nobody is named
    readings: tuple[str, ...] = ()  # of ruby
    comments: tuple[str, ...] = ()  # in braces of ASS, which no player shows


@dataclass
class _Out:
    """Lines being gathered: a new one at each line break and at each change of voice."""

    lines: list[tuple[str, str]] = field(default_factory=lambda: [("", "")])
    voice: str = ""

    def write(self, text: str) -> None:
        first, *rest = text.split("\n")
        voice, line = self.lines[-1]
        if voice != self.voice and line.strip():
            self.lines.append((self.voice, first))
        else:
            self.lines[-1] = (self.voice, line + first if voice == self.voice else first)
        self.lines += [(self.voice, line) for line in rest]

    def marked(self, readings: list[str]) -> Marked:
        named = any(voice for voice, _ in self.lines)
        rows = [row for row in self.lines if row[1].strip()] if named else self.lines
        voices = tuple(voice for voice, _ in rows) if named else ()
        return Marked(tuple(line for _, line in rows), voices, tuple(readings))


def subtitle(text: str) -> Marked:
    """The words of an entry of SRT or WebVTT.

    Styles, fonts, classes, languages, times of words and override blocks such as `{\\an8}` go;
    `<v NAME>` names a voice; of ruby the base text stays; character references are decoded once.
    A style that is opened within a line and never closed is taken for words: `若 a<b 则 c>d`.
    """
    out, readings, place, aside = _Out(), [], 0, False
    last = max((found.start() for found in RUBY_ENDS.finditer(text)), default=-1)
    for found in _tags(text):
        words = text[place : found.start()]
        place = found.end()
        if aside:
            readings.append(unescape(words))
        else:
            out.write(unescape(words))
        name = (found["ruby"] or found["open"] or "").lower()
        if found["br"]:
            out.write("\n")
        elif found["ruby"]:
            aside = not found["close"] and name in ("rt", "rp") and place <= last
        elif name == "v":
            out.voice = "" if found["close"] else unescape(found["rest"] or "").strip()
    out.write(unescape(text[place:]))
    return out.marked([reading for reading in readings if reading.strip("()（） \n")])


def _tags(text: str) -> Iterator[re.Match[str]]:
    """The matches of TAG that are markup."""
    closed = {found["style"].lower(): found.start() for found in CLOSING.finditer(text)}
    place, begun = 0, False  # if the line holds words already
    for found in TAG.finditer(text):
        words = text[place : found.start()]
        begun = bool(words.rpartition("\n")[2].strip(" -–—•")) or (begun and "\n" not in words)
        if found["style"] and not found["close"] and not found["cls"]:
            if begun and closed.get(found["style"].lower(), -1) < found.start():
                continue  # its sign stays, and with it the words before it
        elif found["open"] and not found["close"]:
            rest, name = (found["rest"] or "").strip(), found["open"].lower()
            if name in ("font", "span") and rest and not ATTRIBUTE.match(rest):
                continue
            if name in ("v", "lang") and not rest:
                continue
        place = found.end()
        yield found


def unescape(text: str) -> str:
    """`text` with its character references (`&amp;`, `&#39;`) decoded once; others stay."""
    return REFERENCE.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return html5.get(f"{name};", found.group())
    code = int(decimal) if decimal else int(hexadecimal, 16)
    if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return found.group()
    return chr(code)


def ass(text: str) -> Marked:
    """The words of an ASS event: override blocks and drawings go, `\\N` and `\\n` break the line.

    A block without a backslash is a comment, which no player shows.
    """
    words, comments, place, drawn = [], [], 0, False
    for found in BLOCK.finditer(text):
        if not drawn:
            words.append(text[place : found.start()])
        place = found.end()
        escaped, block, control = found.groups()
        if block is None:
            if not drawn:
                words.append(escaped or (" " if control == "h" else "\n"))
        elif "\\" in block:
            scale = DRAWING.findall(block)
            drawn = int(scale[-1]) > 0 if scale else drawn
        elif block.strip():
            comments.append(block)
    if not drawn:
        words.append(text[place:])
    marked = subtitle_styles("".join(words))
    return Marked(tuple(marked.split("\n")), comments=tuple(comments))


def subtitle_styles(text: str) -> str:
    """`text` without the styles, fonts and override blocks of subtitles; all else stays."""
    words, place = [], 0
    for found in _tags(text):
        if found["style"] or found["override"] or (found["open"] or "").lower() == "font":
            words.append(text[place : found.start()])
            place = found.end()
    return "".join([*words, text[place:]])
