"""Where one dialogue ends and the next one begins, moved by hand: a dialogue is split at one of its
utterances or joined with the next one, and its source is cut again by a worker.
"""

from django.db.models import Min

from core.errors import UserError, gettext_noop
from corpus.import_plan import resegment
from corpus.models import Dialogue, Source, Utterance
from people.models import Person

SAME = 0.005  # seconds within which two beginnings are one


def split_at(person: Person, dialogue: Dialogue, utterance: Utterance) -> None:
    """Let a new dialogue begin at one of the utterances. Raises UserError for a published dialogue,
    an utterance without times, and a source that is being cut.
    """
    if utterance.start is None or dialogue.start is None:
        raise UserError(
            gettext_noop("%(dialogue)s has no times and cannot be segmented again."),
            dialogue=dialogue.uid,
        )
    starts = [*_starts(dialogue.source), round(dialogue.start + utterance.start, 3)]
    _resegment(person, dialogue, starts)


def join_with_next(person: Person, dialogue: Dialogue) -> None:
    """Make one dialogue of this one and the one after it. Raises UserError where there is none, for
    published dialogues, and for a source that is being cut.
    """
    later = dialogue.source.dialogues.filter(number__gt=dialogue.number).first()
    first = later.utterances.first() if later else None
    if later is None or later.start is None or first is None or first.start is None:
        raise UserError(gettext_noop("There is no next dialogue to merge with."))
    gone = round(later.start + first.start, 3)
    starts = [start for start in _starts(dialogue.source) if abs(start - gone) > SAME]
    _resegment(person, later if later.is_published else dialogue, starts)


def _resegment(person: Person, dialogue: Dialogue, starts: list[float]) -> None:
    if dialogue.is_published:
        raise UserError(
            gettext_noop("%(dialogue)s is published and cannot be segmented again."),
            dialogue=dialogue.uid,
        )
    source = dialogue.source
    resegment(source, person, scene=source.scene, starts=starts)


def _starts(source: Source) -> list[float]:
    """Where each dialogue of the source starts to talk, in seconds of the episode."""
    spoken = source.dialogues.filter(utterances__retired=False, start__isnull=False)
    found = spoken.annotate(first=Min("utterances__start")).exclude(first=None)
    return [round(start + first, 3) for start, first in found.values_list("start", "first")]
