"""The start page: what each app shows there of a person's own work, above their corpora."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string


@dataclass(frozen=True)
class Part:
    """A part of the page. `values` gets the person and whether they come for their own work first
    (else for their corpora), and gives what the template shows, or None for nothing.
    """

    template: str
    values: Callable[[Any, bool], dict[str, Any] | None]


_parts: list[Part] = []


def add_part(part: Part) -> None:
    _parts.append(part)


def parts(request, works: bool) -> list[str]:
    """The parts as HTML."""
    found: list[str] = []
    for part in _parts:
        values = part.values(request.user, works)
        if values is not None:
            page = {"works": works, **values}
            found.append(render_to_string(part.template, page, request))
    return found
