"""Single-key shortcuts of the pages: what there are, and each person's own keys for them.

Apps register the shortcuts of their pages when they start. A shortcut is known by its scope (one
element of a page) and its default key, named as static/js/shortcuts.js names it; a person's row
keeps `{"off": true, "keys": {"workbench": {"u": "x"}}}`, only what is not the default.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import pgettext_lazy

from core.errors import UserError, gettext_noop

NAMED = {  # as KeyboardEvent names them, and as pages show them
    " ": pgettext_lazy("key", "Space"),
    "Enter": pgettext_lazy("key", "Enter"),
    "Backspace": "⌫",
    "Delete": "Del",
    "Insert": "Ins",
    "Home": "Home",
    "End": "End",
    "PageUp": "PgUp",
    "PageDown": "PgDn",
    "ArrowUp": "↑",
    "ArrowDown": "↓",
    "ArrowLeft": "←",
    "ArrowRight": "→",
}
CODES = {  # keys named by their place on the keyboard: what is shown, and what they type
    "BracketLeft": ("[", "["),
    "BracketRight": ("]", "]"),
    "Shift+BracketLeft": ("⇧ [", "{"),
    "Shift+BracketRight": ("⇧ ]", "}"),
}
NO_KEY = gettext_noop(
    "“%(key)s” cannot be a shortcut. Press a letter, a punctuation mark, an arrow key, Space, "
    "Enter, Backspace, Delete, Insert, Home, End, Page Up or Page Down, without Ctrl or Alt."
)
DIGIT = gettext_noop("Digits choose answers and cannot be shortcuts. Press another key.")
TAKEN = gettext_noop(
    "“%(key)s” is already the key for “%(other)s”. Press another key, or change that one first."
)
UNKNOWN = gettext_noop("There is no such shortcut. Reload the page.")


@dataclass(frozen=True)
class Shortcut:
    """What one key does; `key` is the person's own where they have chosen one."""

    scope: str
    default: str
    label: Any  # lazily translated
    key: str

    @property
    def anchor(self):
        return f"{self.scope}-{'-'.join(str(ord(c)) for c in self.default)}"

    @property
    def label_of_key(self):
        return shown(self.key)

    @property
    def is_default(self):
        return self.key == self.default


@dataclass(frozen=True)
class Group:
    """The shortcuts of one element; `beside` are other scopes on the same page."""

    title: Any
    shortcuts: list[Shortcut]
    beside: tuple[str, ...]


_groups: dict[str, Group] = {}


def register(scope, title, labels, beside=()):
    """Make shortcuts known: `labels` maps the default key to what it does, translated lazily."""
    shortcuts = [Shortcut(scope, key, label, key) for key, label in labels.items()]
    _groups[scope] = Group(title, shortcuts, tuple(beside))


def shown(key):
    """A key as pages show it."""
    if key in CODES:
        return CODES[key][0]
    return str(NAMED.get(key, key.upper()))


def typed(key):
    """What a key types, by which two keys are the same."""
    return CODES[key][1] if key in CODES else key


def listed(person):
    """Every group with the keys that hold for this person."""
    own = effective(person.shortcuts.get("keys", {}))
    return [
        replace(group, shortcuts=[_with_own(own, each) for each in group.shortcuts])
        for group in _groups.values()
    ]


def _with_own(own, shortcut):
    return replace(shortcut, key=own.get(shortcut.scope, {}).get(shortcut.default, shortcut.key))


def effective(own):
    """The own keys, and "" for each default key that one of them takes on the same page: a shortcut
    that came after somebody had bound its key.
    """
    keys = {scope: dict(bound) for scope, bound in own.items()}
    for scope, bound in own.items():
        for name, key in bound.items():
            for other in (each for group in _groups.values() for each in group.shortcuts):
                free = other.default not in own.get(other.scope, {})
                same = (other.scope, other.default) == (scope, name)
                takes = typed(other.default) == typed(key) and _share_a_page(scope, other.scope)
                if free and takes and not same:
                    keys.setdefault(other.scope, {})[other.default] = ""
    return keys


def bind(person, scope, default, pressed):
    """Give a shortcut another key. Raises UserError for a key that cannot be or is taken."""
    on_page = [
        shortcut
        for group in listed(person)
        for shortcut in group.shortcuts
        if _share_a_page(scope, shortcut.scope)
    ]
    found = next((s for s in on_page if (s.scope, s.default) == (scope, default)), None)
    if found is None:
        raise UserError(UNKNOWN)
    key = _key_of(pressed, found)
    for other in on_page:
        if other != found and typed(other.key) == typed(key):
            raise UserError(TAKEN, key=shown(key), other=str(other.label))
    if typed(key) == typed(default):
        key = default
    keys = {name: dict(bound) for name, bound in person.shortcuts.get("keys", {}).items()}
    keys.setdefault(scope, {})[default] = key
    if key == default:
        del keys[scope][default]
    _store(person, keys, person.keys_off)
    return replace(found, key=key)


def _share_a_page(one, other):
    beside = {one, *(_groups[one].beside if one in _groups else ())}
    return other in beside or one in _groups[other].beside


def _key_of(pressed, shortcut):
    """The name of the key that was pressed, or whose label was typed. Raises UserError."""
    if pressed in (shortcut.label_of_key, shortcut.key):
        return shortcut.key
    key = next((name for name, label in NAMED.items() if pressed == label), pressed)
    if key in NAMED:
        return key
    if len(key) != 1 or not key.isprintable() or key.isspace():
        raise UserError(NO_KEY, key=pressed[:20])
    if key.isdigit():
        raise UserError(DIGIT)
    return key.lower()


def reset(person):
    """Back to the default keys."""
    _store(person, {}, person.keys_off)


def switch(person, on):
    """Whether single characters are shortcuts at all; arrow keys and the like always are."""
    _store(person, person.shortcuts.get("keys", {}), not on)


def _store(person, keys, off):
    keys = {scope: bound for scope, bound in keys.items() if bound}
    person.change_setting(
        "shortcuts", ({"off": True} if off else {}) | ({"keys": keys} if keys else {})
    )


def key_for(person, scope, default):
    """How a page shows the key of a shortcut to this person; empty if it does nothing."""
    stored = getattr(person, "shortcuts", None) or {}
    key = effective(stored.get("keys", {})).get(scope, {}).get(default, default)
    return "" if stored.get("off") and (len(key) == 1 or key in CODES) else shown(key)
