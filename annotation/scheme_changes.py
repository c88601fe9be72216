"""What differs between two versions of a scheme, in sentences."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from annotation.scheme import Scheme, Task
from annotation.scheme_form import KINDS
from annotation.templatetags.scheme import named

LANGUAGES = {"en": lambda: _("English name"), "zh": lambda: _("Chinese name")}


@dataclass(frozen=True)
class Change:
    """One difference: what was done (“added”, “removed”, “changed”), to which task, in words."""

    what: str
    about: str
    words: str


def changes(before: Scheme, after: Scheme) -> list[Change]:
    """From `before` to `after`: tasks first, then warnings."""
    return [*_of_tasks(before, after), *_of_warnings(before, after)]


def _of_tasks(before, after) -> Iterator[Change]:
    for task in before.tasks:
        if task.key not in after.keys:
            yield Change("removed", named(task), _("Task removed."))
    for task in after.tasks:
        if task.key not in before.keys:
            n = len(task.values)
            yield Change("added", named(task), _("Task added, with %(n)d values.") % {"n": n})
            continue
        yield from (
            Change("changed", named(task), words)
            for words in _of_task(before[task.key], task, before, after)
        )
    kept = [key for key in before.keys if key in after.keys]
    if kept != [key for key in after.keys if key in before.keys]:
        order = ", ".join(named(task) for task in after.tasks)
        yield Change("changed", "", _("Tasks are asked in another order: %(order)s.") % {
            "order": order})  # fmt: skip


def _of_task(was: Task, now: Task, before, after) -> Iterator[str]:
    yield from _renamed(was, now, "")
    if was.scale != now.scale or was.is_correlation != now.is_correlation:
        yield _("Type: %(was)s → %(now)s.") % {"was": _kind(was), "now": _kind(now)}
    if was.parents != now.parents and was.is_correlation and now.is_correlation:
        yield _("Relates: %(was)s → %(now)s.") % {
            "was": " → ".join(was.parents), "now": " → ".join(now.parents)}  # fmt: skip
    if (was.only_if, was.only_if_any) != (now.only_if, now.only_if_any):
        asked = {"was": condition_in_words(was, before), "now": condition_in_words(now, after)}
        yield _("Asked: %(was)s → %(now)s.") % asked
    if was.usual != now.usual:
        yield _("Usual values changed.")
    if was.help != now.help:
        yield _("Help text changed.")
    yield from _of_values(was, now)


def _of_values(was: Task, now: Task) -> Iterator[str]:
    old = {value.key: value for value in was.values}
    new = {value.key: value for value in now.values}
    for key in old.keys() - new.keys():
        yield _("Value “%(value)s” removed.") % {"value": named(old[key])}
    for key, value in new.items():
        if key not in old:
            yield _("Value “%(value)s” added.") % {"value": named(value)}
            continue
        yield from _renamed(old[key], value, named(value))
        yield from _looks(old[key], value)
    kept = [key for key in old if key in new]
    if kept != [key for key in new if key in old]:
        order = ", ".join(named(value) for value in now.values)
        yield _("Values in another order: %(order)s.") % {"order": order}


def _looks(was, now) -> Iterator[str]:
    about = {"value": named(now)}
    if was.mark != now.mark:
        marks = {"was": was.mark or "–", "now": now.mark or "–"}
        yield _("Glyph of “%(value)s”: %(was)s → %(now)s.") % (about | marks)
    if was.colour != now.colour:
        yield _("Colour of “%(value)s” changed.") % about
    if was.digit != now.digit:
        yield _("Shortcut of “%(value)s” changed.") % about
    if was.help != now.help:
        yield _("Help text of “%(value)s” changed.") % about


def _renamed(was, now, value) -> Iterator[str]:
    for language, words in LANGUAGES.items():
        old, new = was.names.get(language, ""), now.names.get(language, "")
        if old == new:
            continue
        about = {"name": words(), "was": old or "–", "now": new or "–", "value": value}
        if value:
            yield _("%(name)s of value “%(value)s”: “%(was)s” → “%(now)s”.") % about
        else:
            yield _("%(name)s: “%(was)s” → “%(now)s”.") % about


def _kind(task):
    return KINDS["correlation" if task.is_correlation else task.scale]


def condition_in_words(task: Task, scheme: Scheme) -> str:
    """When a task is asked: “only if sarcasm is yes”."""
    parts = []
    if task.only_if_any and task.is_correlation:
        values = [
            v for key in task.parents for v in scheme[key].values if v.key == task.only_if_any
        ]
        parts.append(
            _("%(source)s or %(target)s is %(value)s")
            % {
                "source": named(scheme[task.source]),
                "target": named(scheme[task.target]),
                "value": named(values[0]) if values else task.only_if_any,
            }
        )
    for key, keys in task.only_if.items():
        chosen = [named(value) for value in scheme[key].values if value.key in keys]
        words = {"task": named(scheme[key]), "values": _(" or ").join(chosen)}
        parts.append(_("%(task)s is %(values)s") % words)
    if not parts:
        return _("always")
    return _("only if %(conditions)s") % {"conditions": _(" and ").join(parts)}


def _of_warnings(before, after) -> Iterator[Change]:
    old = {rule.key: rule for rule in before.rules}
    new = {rule.key: rule for rule in after.rules}
    about = _("Warnings")
    for key in old.keys() - new.keys():
        yield Change("removed", about, _("Removed: “%(words)s”") % {"words": named(old[key])})
    for key, rule in new.items():
        if key not in old:
            yield Change("added", about, _("Added: “%(words)s”") % {"words": named(rule)})
        elif old[key] != rule:
            yield Change("changed", about, _("Changed: “%(words)s”") % {"words": named(rule)})
