"""The overview of a corpus: the stages of its pipeline, what needs somebody, and its panels.

Each app adds what it knows; a function that is added is called with the Overview of one page, and
leaves out what the person who looks may not see.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.template.loader import render_to_string
from django.utils.formats import localize

from corpus.models import Corpus
from people.models import Person

MAIN, SIDE = "main", "side"
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Stage:
    """How far a corpus is in one respect: `count` of `total`, which the bar shows."""

    icon: str
    label: Any  # translated when it is shown
    count: int
    total: int
    note: str  # what is counted and out of what
    href: str = ""
    step: "Step | None" = None  # what to do next, where this stage is what the others wait for

    @property
    def percent(self) -> int:
        """The filled part of the bar; full only if nothing is missing."""
        if not self.total:
            return 0
        return 100 if self.count >= self.total else int(100 * self.count / self.total)


@dataclass(frozen=True)
class Step:
    """What to do next: the words of its button and where it leads."""

    words: Any
    href: str


@dataclass(frozen=True)
class Need:
    """Something that waits for somebody, and where it leads.

    `template` has %(n)s for the number and other names for `values`.
    """

    template: str
    count: int
    href: str
    more: bool = False  # counting stopped at `count`
    urgent: bool = False  # something has failed or is late
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        shown = f"{localize(self.count)}+" if self.more else localize(self.count)
        return self.template % {"n": shown, **self.values}


@dataclass(frozen=True)
class Panel:
    """A part of the page; `values` of its template, None where it is not for this person."""

    place: str
    order: int
    template: str
    values: Callable[["Overview"], dict[str, Any] | None]


Stages = Callable[["Overview"], Iterable[Stage]]
Needs = Callable[["Overview"], Iterable[Need]]

_stages: list[tuple[int, Stages]] = []
_needs: list[tuple[int, Needs]] = []
_panels: list[Panel] = []


def add_stages(order: int, source: Stages) -> None:
    _stages.append((order, source))
    _stages.sort(key=lambda row: row[0])


def add_needs(order: int, source: Needs) -> None:
    _needs.append((order, source))
    _needs.sort(key=lambda row: row[0])


def add_panel(panel: Panel) -> None:
    _panels.append(panel)
    _panels.sort(key=lambda row: row.order)


def next_step(pipeline: Iterable[Stage]) -> Step | None:
    """What to do next: the step of the first stage that has one."""
    return next((stage.step for stage in pipeline if stage.step), None)


class Overview:
    """A corpus, with its `my_role` set, as one person looks at it on one page."""

    def __init__(self, corpus: Corpus, person: Person) -> None:
        self.corpus, self.person = corpus, person
        self._answers: dict[Callable[[Overview], Any], Any] = {}

    def once(self, question: Callable[["Overview"], Answer]) -> Answer:
        """What `question` finds, which several parts of the page ask; it is asked once."""
        if question not in self._answers:
            self._answers[question] = question(self)
        return self._answers[question]

    @property
    def counts(self) -> dict[str, int]:
        """How many dialogues, published ones and utterances the corpus has."""
        return self.once(_counts)

    def stages(self) -> list[Stage]:
        """The pipeline, from what was recorded to what learned from it."""
        return [stage for _order, source in _stages for stage in source(self)]

    def needs(self) -> list[Need]:
        """What waits for the person or their team, the urgent first."""
        found = [need for _order, source in _needs for need in source(self)]
        return sorted((need for need in found if need.count), key=lambda need: not need.urgent)

    def panels(self, place: str, request) -> list[str]:
        """The panels of a place as HTML."""
        parts: list[str] = []
        for panel in _panels:
            values = panel.values(self) if panel.place == place else None
            if values is not None:
                page = {"corpus": self.corpus, "role": self.corpus.my_role, **values}
                parts.append(render_to_string(panel.template, page, request))
        return parts


def _counts(overview: Overview) -> dict[str, int]:
    return overview.corpus.counts()
