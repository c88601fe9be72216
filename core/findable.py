"""What the search of the top bar finds: each app registers what of its own can be found by words.

A finder gives what the person may see, and nothing that is withheld from them for now.
"""

from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class Hit:
    """One thing that was found: its name, where it is, and a few more words."""

    label: Any
    href: str
    detail: Any = ""
    icon: str = ""  # in place of the one of the finder


@dataclass(frozen=True, eq=False, kw_only=True)
class Finder:
    """How things of one kind are found: by person, words and, where one is chosen, a corpus."""

    key: str
    order: int
    label: Promise | str
    icon: str
    find: Callable[[Any, str, int | None], Iterable[Hit]]


@dataclass(frozen=True)
class Found:
    finder: Finder
    hits: list[Hit]
    more: bool


_finders: list[Finder] = []


def register(*finders: Finder) -> None:
    for finder in finders:
        insort(_finders, finder, key=attrgetter("order"))


def find(person: Any, words: str, corpus: int | None, most: int) -> list[Found]:
    """What fits, kind by kind, at most `most` of each."""
    found = []
    for finder in _finders:
        hits = list(islice(finder.find(person, words, corpus), most + 1))
        if hits:
            found.append(Found(finder, hits[:most], len(hits) > most))
    return found
