"""Plain: text without the characters that nothing can show and a database cannot store."""

import re

LINE_ENDS = re.compile(r"[\x0b\x0c\u2028\u2029]")
SEPARATORS = re.compile(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def printable(text: str) -> tuple[str, int]:
    """The text, and how many characters were taken away or replaced.

    Every kind of line end, such as U+2028, becomes \\n. Control characters but tab are removed;
    PostgreSQL stores no U+0000. Half of a surrogate pair, which is no character, becomes U+FFFD;
    a C1 control character becomes what Windows-1252 has in its place, where it comes from.
    """
    if text.isprintable():
        return text, 0
    text, ends = LINE_ENDS.subn("\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    text, others = UNPRINTABLE.subn(_replacement, text)
    return text, ends + others


def separated(text: str) -> tuple[str, int]:
    """As `printable`, with line ends and separators as they are: of a format whose texts say
    themselves where they end, such as JSON.
    """
    if text.isprintable():
        return text, 0
    return _replaced(UNPRINTABLE, text, kept=SEPARATORS)


def storable(text: str) -> tuple[str, int]:
    """As `printable`, with everything as it is that a database stores: of our own releases."""
    if text.isprintable():
        return text, 0
    return _replaced(UNSTORABLE, text)


def _replaced(
    what: re.Pattern[str], text: str, kept: re.Pattern[str] | None = None
) -> tuple[str, int]:
    count = 0

    def replacement(match: re.Match[str]) -> str:
        nonlocal count
        if kept is not None and kept.fullmatch(match.group()):
            return match.group()
        count += 1
        return _replacement(match)

    return what.sub(replacement, text), count


def escaped(text: str) -> str:
    """The text with an escape such as \\x00 for each character that cannot be stored."""
    if text.isprintable():
        return text
    return UNPRINTABLE.sub(lambda match: ascii(match.group())[1:-1], text)


def _replacement(match: re.Match[str]) -> str:
    character = match.group()
    if "\ud800" <= character <= "\udfff":
        return "\ufffd"
    if "\x80" <= character <= "\x9f":
        return character.encode("latin-1").decode("cp1252", "ignore")
    return ""
