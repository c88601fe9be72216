"""The rounds to which an invitation may lead; the app that has rounds registers itself here."""

from collections.abc import Iterable
from typing import Any, Protocol


class RoundSource(Protocol):
    """What the app that has rounds answers; a round is named by its id."""

    def open_rounds(self, corpus: Any) -> list[tuple[int, str]]:
        """Id and name of the rounds of a corpus that somebody can still join."""

    def names(self, corpus: Any, rounds: Iterable[int]) -> dict[int, str]:
        """Id -> name of those of these rounds that are of the corpus."""

    def join(self, corpus: Any, round_id: int, person: Any, inviter: Any) -> bool:
        """Let a member annotate in the round; False where that is not possible any more."""

    def tasks_address(self, round_id: int | None) -> str:
        """Where somebody finds what there is to annotate."""


_sources: list[RoundSource] = []


def register(source: RoundSource) -> None:
    _sources[:] = [source]


def open_rounds(corpus: Any) -> list[tuple[int, str]]:
    return [offer for source in _sources for offer in source.open_rounds(corpus)]


def names(corpus: Any, rounds: Iterable[int]) -> dict[int, str]:
    wanted = list(rounds)
    return {pk: name for source in _sources for pk, name in source.names(corpus, wanted).items()}


def join(corpus: Any, round_id: int, person: Any, inviter: Any) -> bool:
    return any(source.join(corpus, round_id, person, inviter) for source in _sources)


def tasks_address(round_id: int | None = None) -> str:
    """Where somebody finds what there is to annotate; "" where nothing can be annotated."""
    return next((source.tasks_address(round_id) for source in _sources), "")
