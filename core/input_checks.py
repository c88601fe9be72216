"""Plain: what may come in from outside as text or JSON, and reading it strictly.

A NUL cannot be stored by PostgreSQL, half of a surrogate pair by no database and no file; a number
that no float holds becomes infinite on the way. Such input is refused where it comes in.
"""

import json
import math
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from core.errors import ValidationError, gettext_noop

GARBLED = re.compile("[\0\ud800-\udfff]")
DIGITS = 18  # of the largest whole number that is read: every database holds it
DEEPEST = 50  # JSON within JSON

NUL = gettext_noop("a NUL character")
HALF = gettext_noop("half of a surrogate pair, which is no character")
NOT_UTF8 = gettext_noop("bytes that are not UTF-8")


def fault_of(text: str) -> str:
    """What makes a text one that cannot be kept, "" if nothing does."""
    found = GARBLED.search(text)
    if found is None:
        return ""
    return NUL if found[0] == "\0" else HALF


def fault_of_quoted(quoted: bytes) -> str:
    """The same of text as addresses and forms quote it (`%E4%BD%A0`), in UTF-8."""
    raw = unquote_to_bytes(quoted)
    if b"\0" in raw:
        return NUL
    try:
        raw.decode()
    except UnicodeDecodeError:
        return NOT_UTF8
    return ""


def whole_number(text: str) -> int | None:
    """The number that ASCII digits write, None for anything else or more than any id has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def read_json(raw: bytes | str) -> Any:
    """JSON as RFC 8259 has it, of numbers and characters that can be kept, each key once.

    Raises ValidationError that says what stands there instead.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(gettext_noop("JSON is written in UTF-8, and this is not.")) from error
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except RecursionError as error:
        raise _too_deep() from error
    except json.JSONDecodeError as error:
        raise ValidationError(
            gettext_noop("This is no JSON: line %(line)d, column %(column)d."),
            line=error.lineno,
            column=error.colno,
        ) from error
    _check(found, escapes="\\u" in text or "\0" in text)
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValidationError(
            gettext_noop("JSON: the key “%(key)s” stands twice."), key=shortened(twice)
        )
    return found


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > DIGITS:
        raise _too_large(digits)
    return int(digits)


def _number(digits: str) -> float:
    found = float(digits)
    if not math.isfinite(found):
        raise _too_large(digits)
    return found


def _constant(name: str) -> Any:
    raise ValidationError(
        gettext_noop("JSON has no %(name)s; null says that there is none."), name=name
    )


def _too_large(digits: str) -> ValidationError:
    return ValidationError(
        gettext_noop("JSON: the number %(number)s is too large."), number=shortened(digits)
    )


def _too_deep() -> ValidationError:
    return ValidationError(
        gettext_noop("JSON: lists and objects stand within each other at most %(most)d deep."),
        most=DEEPEST,
    )


def shortened(text: str) -> str:
    """The beginning of a text, for a sentence about it; safe to print."""
    shown = text if len(text) <= 40 else text[:40] + "…"
    return GARBLED.sub("\ufffd", shown)


def _check(found: Any, escapes: bool) -> None:
    """Raises ValidationError for what is too deep, or for characters that escapes have written."""
    level = [found]
    for _depth in range(DEEPEST + 1):
        if escapes:
            for node in level:
                _check_text(node)
        nodes = [node for node in level if isinstance(node, list | dict)]
        if not nodes:
            return
        level = [
            child for node in nodes for child in (node.values() if isinstance(node, dict) else node)
        ]
    raise _too_deep()


def _check_text(node: Any) -> None:
    texts = [node] if isinstance(node, str) else node if isinstance(node, dict) else ()
    for text in texts:
        if fault := fault_of(text):
            raise ValidationError(
                gettext_noop("JSON: “%(text)s” has %(fault)s."),
                text=shortened(text),
                fault={"template": fault, "values": {}},
            )
