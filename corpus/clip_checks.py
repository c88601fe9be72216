"""Clips beside their sources: what was measured, and what is wrong, is kept with each dialogue."""

import datetime
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone

from corpus.complaints import gettext_noop
from corpus.models import Dialogue, Source

MISSING = gettext_noop("A file of the clip is missing.")
CHANGED = gettext_noop("The file of the clip is not the one that was cut.")


@dataclass(frozen=True)
class ClipFault:
    """One thing that is wrong with a clip: its kind (of integrity.KINDS), and a sentence."""

    kind: str
    template: str
    values: dict[str, Any]


@dataclass(frozen=True)
class ClipCheck:
    """What was measured of a clip beside its source, and what is wrong with it."""

    measured: dict[str, Any]
    faults: list[ClipFault]

    def to_json(self) -> dict[str, Any]:
        """As a dialogue keeps it, with the time of now."""
        return {"at": timezone.now().isoformat()} | asdict(self)


def compare(
    path: Path,
    source: Source,
    clips: list[tuple[Path, float, float]],
    beat: Callable[[float], None],
) -> list[ClipCheck]:
    """Measure clips (file, start and end in the episode) beside the media at `path`."""
    return [ClipCheck({}, []) for _clip in clips]


def faults_of(dialogue: Dialogue) -> list[ClipFault]:
    """What the last check found wrong with the clip of a dialogue."""
    return [ClipFault(**row) for row in (dialogue.clip_check or {}).get("faults", [])]


def checked_since(dialogue: Dialogue, since: datetime.datetime) -> bool:
    """True if the clip was compared with its source after that."""
    at = (dialogue.clip_check or {}).get("at")
    return bool(at) and datetime.datetime.fromisoformat(at) >= since
