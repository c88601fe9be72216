"""Plain: the turns of a dialogue as one document, which is what the editor edits.

A turn is known by its `uid` for as long as it stays the same turn; a new one has none yet.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.errors import UserError, gettext_noop

SHORTEST = 0.05  # seconds that an utterance lasts at least
LONGEST_TEXT = 5_000  # characters
MOST_TURNS = 2_000
NUDGE = 0.2  # seconds by which a boundary may move without anybody judging anew
SLACK = 0.05  # seconds by which a turn may leave the clip, which ends on a frame
NOT_WORDS = re.compile(r"[\W_]+")


class TurnsError(UserError):
    """Turns that cannot be a dialogue; says which turn and why."""


@dataclass(frozen=True)
class Turn:
    """One utterance: times in seconds of the clip (None where only text is known).

    `speaker` is the speaker's id or None; `machine` marks words that no person confirmed yet.
    """

    uid: str | None
    speaker: int | None
    text: str
    translation: str
    start: float | None
    end: float | None
    machine: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def parse(rows: Any, duration: float | None) -> list[Turn]:
    """The turns of a JSON list, in order of time. Raises TurnsError for what cannot be.

    `duration` is the clip's, in seconds; None for a dialogue without a clip, whose turns keep
    their order and may lack times.
    """
    if not isinstance(rows, list) or not rows:
        raise TurnsError(gettext_noop("A dialogue needs at least one utterance."))
    if len(rows) > MOST_TURNS:
        raise TurnsError(
            gettext_noop("A dialogue has at most %(most)d utterances; these are %(count)d."),
            most=MOST_TURNS,
            count=len(rows),
        )
    turns = [_turn(number, row, duration) for number, row in enumerate(rows, 1)]
    uids = [turn.uid for turn in turns if turn.uid]
    if len(uids) != len(set(uids)):
        raise TurnsError(gettext_noop("The same utterance stands twice. Reload the page."))
    if duration is not None:
        turns.sort(key=lambda turn: turn.start or 0.0)
    return turns


def _turn(number: int, row: Any, duration: float | None) -> Turn:
    def refused(why: str, **values: Any) -> TurnsError:
        return TurnsError(why, number=number, **values)

    if not isinstance(row, dict):
        raise refused(gettext_noop("Utterance %(number)d is not an object."))
    text, translation = row.get("text", ""), row.get("translation", "")
    uid, speaker = row.get("uid"), row.get("speaker")
    if not isinstance(text, str) or not isinstance(translation, str):
        raise refused(gettext_noop("Utterance %(number)d: the words are not text."))
    if max(len(text), len(translation)) > LONGEST_TEXT:
        raise refused(
            gettext_noop("Utterance %(number)d has more than %(most)d characters."),
            most=LONGEST_TEXT,
        )
    if "\0" in text + translation:
        raise refused(gettext_noop("Utterance %(number)d: the words are not text."))
    if not (uid is None or isinstance(uid, str)) or not (speaker is None or type(speaker) is int):
        raise refused(gettext_noop("Utterance %(number)d: unknown utterance or speaker."))
    start, end = _times(row, duration, refused)
    return Turn(
        uid, speaker, text.strip(), translation.strip(), start, end, bool(row.get("machine"))
    )


def _times(
    row: dict[str, Any], duration: float | None, refused: Any
) -> tuple[float | None, float | None]:
    start, end = (_seconds(row.get(name)) for name in ("start", "end"))
    if duration is None:
        return start, end
    if start is None or end is None:
        raise refused(gettext_noop("Utterance %(number)d: start and end are needed, in seconds."))
    if start < 0 or end > duration + SLACK:
        raise refused(
            gettext_noop("Utterance %(number)d lies outside its clip, which has %(duration).2f s."),
            duration=duration,
        )
    end = min(end, round(duration, 3))
    if end - start < SHORTEST - 1e-6:
        raise refused(
            gettext_noop("Utterance %(number)d must last at least %(shortest).2f s."),
            shortest=SHORTEST,
        )
    return start, end


def _seconds(value: Any) -> float | None:
    """A finite number to the millisecond; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return round(float(value), 3)


def numbered(turns: Sequence[Turn], dialogue: str, last: int) -> tuple[list[Turn], int]:
    """The turns with a uid each: new ones count on from `last`, which is returned anew."""
    result = []
    for turn in turns:
        if turn.uid is None:
            last += 1
            turn = replace(turn, uid=f"{dialogue}_U_{last}")
        result.append(turn)
    return result, last


def renewed(uid: str, taken: Iterable[str]) -> str:
    """The uid of a turn that is judged anew: `…r2`, `…r3`, whichever is free."""
    stem = re.sub(r"r\d+$", "", uid)
    known = set(taken)
    number = 2
    while f"{stem}r{number}" in known:
        number += 1
    return f"{stem}r{number}"


def same_for_annotators(before: Turn, after: Turn) -> bool:
    """True if judgements of `before` hold for `after`: the same letters, at most NUDGE elsewhere.

    Who is said to speak, the translation and punctuation do not count.
    """
    if NOT_WORDS.sub("", before.text).lower() != NOT_WORDS.sub("", after.text).lower():
        return False
    return all(
        (old is None) == (new is None) and (old is None or abs(old - (new or 0.0)) <= NUDGE)
        for old, new in ((before.start, after.start), (before.end, after.end))
    )


def changes(before: Sequence[Turn], after: Sequence[Turn]) -> dict[str, int]:
    """What was done, counted: added, removed, retyped, moved, assigned, confirmed."""
    old = {turn.uid: turn for turn in before}
    new = {turn.uid: turn for turn in after}
    both = [(old[uid], new[uid]) for uid in new if uid in old]
    counts = {
        "added": sum(uid not in old for uid in new),
        "removed": sum(uid not in new for uid in old),
        "retyped": sum((a.text, a.translation) != (b.text, b.translation) for a, b in both),
        "moved": sum((a.start, a.end) != (b.start, b.end) for a, b in both),
        "assigned": sum(a.speaker != b.speaker for a, b in both),
        "confirmed": sum(a.machine and not b.machine for a, b in both),
    }
    return {name: count for name, count in counts.items() if count}
