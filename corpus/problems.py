"""Plain: one thing that reading a file repaired, rejected or warns of."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """Where in the file, what stood there, and what was done about it.

    `reason` is a template with named placeholders, filled from `details` in the reader's language.
    `line` is 0 where the file has no lines (media, or the file as a whole).
    """

    line: int
    column: str  # or what else it is a part of: a tier, a style, the sound
    value: str  # as it stands in the file
    outcome: str  # "repaired" | "rejected" | "warning": changed, left out, kept and doubtful
    reason: str
    details: dict[str, Any] = field(default_factory=dict)
