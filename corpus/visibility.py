"""What is withheld from a person for a while: modalities of dialogues, and why.

The app that knows why registers a source here (`withheld_by`); pages, media and searches ask here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet

from corpus.models import Dialogue
from people.models import Event, Person

PICTURE, SOUND, WORDS = MODALITIES = ("picture", "sound", "words")

withheld_by: list[Callable[[Person, str], QuerySet[Dialogue]]] = []
details_withheld_by: list[Callable[[Person, Sequence[Event]], dict[int, str]]] = []


class Withheld(PermissionDenied):
    """Something that the person may see later; its sentence says why not now and until when."""


@dataclass(frozen=True)
class Visible:
    """Which modalities of a dialogue a person may see now. Posters show picture and words."""

    picture: bool = True
    sound: bool = True
    words: bool = True

    @property
    def all(self) -> bool:
        return self.picture and self.sound and self.words


def withheld(person: Person, modality: str) -> QuerySet[Dialogue]:
    """The dialogues of which the person may not see this modality now, as a lazy query."""
    found = Q(pk__in=[])
    for source in withheld_by:
        found |= Q(pk__in=source(person, modality).order_by().values("pk"))
    return Dialogue.objects.filter(found)


def visible(person: Person, dialogue: Dialogue) -> Visible:
    """What the person may see of this dialogue now."""
    hidden = {
        modality: withheld(person, modality).filter(pk=dialogue.pk).exists()
        for modality in MODALITIES
    }
    return Visible(**{modality: not gone for modality, gone in hidden.items()})


def withheld_details(person: Person, events: Sequence[Event]) -> dict[int, str]:
    """Event id -> why its details are withheld from the person now, of those that are."""
    found: dict[int, str] = {}
    for source in details_withheld_by:
        found |= source(person, events)
    return found
