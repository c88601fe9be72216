"""What stands in the way of deleting an account, and what apps to the right remove with it.

Apps fill both lists when they start (`AppConfig.ready`).
"""

from collections.abc import Callable, Iterator
from typing import Any

from core.errors import UserError

Guard = Callable[[Any], Iterator[UserError]]
Remover = Callable[[Any], None]

guards: list[Guard] = []  # each yields why this person's account cannot be deleted now
removers: list[Remover] = []  # each removes rows of a person that are nobody's work


def obstacles(person: Any) -> list[UserError]:
    """Every reason why the account cannot be deleted now, with what to do first."""
    return [error for guard in guards for error in guard(person)]
