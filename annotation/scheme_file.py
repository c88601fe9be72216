"""A scheme as a JSON file, as releases have it: `tasks` and `rules`."""

from collections.abc import Mapping
from typing import Any, get_args

from annotation.scheme import Names, Scale, Scheme, SchemeError, Task, Value, shown
from core.errors import ValidationError, gettext_noop
from core.input_checks import read_json

LARGEST = 200_000  # bytes


def scheme_as_json(scheme: Scheme) -> dict[str, Any]:
    return {"tasks": scheme.to_json(), "rules": scheme.rules_to_json()}


def read_scheme_file(raw: bytes) -> Scheme:
    """The scheme in a file. Raises SchemeError that says what is wrong and what is expected."""
    if len(raw) > LARGEST:
        raise SchemeError(
            gettext_noop("The file is too large for a scheme: at most %(most)d kB are read."),
            most=LARGEST // 1000,
        )
    try:
        whole = read_json(raw)
    except ValidationError as error:
        raise SchemeError(
            gettext_noop("The file is not JSON: %(why)s"), why=str(error)[:200]
        ) from error
    if isinstance(whole, list):
        whole = {"tasks": whole}
    if not isinstance(whole, dict) or not isinstance(whole.get("tasks"), list):
        raise SchemeError(
            gettext_noop(
                "The file is no scheme: expected an object with the list “tasks”, as the"
                " scheme.json of a release or a downloaded version has it."
            )
        )
    scheme = Scheme.from_json(whole["tasks"], whole.get("rules") or [])
    _check_types(scheme)
    return scheme


def _check_types(scheme: Scheme) -> None:
    scheme.check_keys()
    for task in scheme.tasks:
        if task.scale not in get_args(Scale):
            raise SchemeError(
                gettext_noop("“%(scale)s” of %(task)s is no scale; expected one of %(scales)s."),
                scale=shown(task.scale),
                task=task.key,
                scales=", ".join(get_args(Scale)),
            )
        things: tuple[Task | Value, ...] = (task, *task.values)
        for thing in things:
            _check_names(thing.names, f"{task.key} {thing.key}")
            _check_names(thing.help, f"{task.key} {thing.key}", may_be_empty=True)
        for value in task.values:
            if not isinstance(value.mark, str) or len(value.mark) > 4:
                raise SchemeError(
                    gettext_noop("The glyph of %(about)s has more than four characters."),
                    about=f"{task.key} {value.key}",
                )
    for rule in scheme.rules:
        _check_names(rule.names, rule.key)


def _check_names(names: Names, about: str, may_be_empty: bool = False) -> None:
    good = isinstance(names, Mapping) and all(
        isinstance(words, str) and len(words) <= 300 for words in names.values()
    )
    if not good or not (names.get("en") or may_be_empty):
        raise SchemeError(
            gettext_noop(
                '%(about)s has no names that can be read; expected {"en": "English", "zh": "中文"}.'
            ),
            about=shown(about),
        )
