"""Annotators who could see what others answered while they annotated, as a release names them."""

from typing import Any

WARNING = (
    "%(n)d of the annotators could see what others answered before the round was closed; their"
    " judgements are not independent, and the agreement may be too high."
)


def unblinded_annotators(plan) -> dict[str, list[str]]:
    """Round -> the pseudonyms of its annotators who took part openly, of rounds with any."""
    by_round = {}
    for round in plan.rounds:
        people = round.taking_part_openly().values_list("person", flat=True)
        names = sorted(plan.annotators[who] for who in people if who in plan.annotators)
        if names:
            by_round[round.name] = names
    return by_round


def warning(rounds: dict[str, list[str]]) -> str | None:
    """The warning beside the agreement; None where everybody annotated blind."""
    people = {name for names in rounds.values() for name in names}
    return WARNING % {"n": len(people)} if people else None


def independence(rounds: dict[str, list[str]]) -> dict[str, Any]:
    """The part of the certificate about independence."""
    return {"rounds": rounds, "warning": warning(rounds)}
