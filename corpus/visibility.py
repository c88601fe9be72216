"""What is withheld from a person for a while: modalities of dialogues, and why.

The app that knows why registers sources here: `withheld_by` says which dialogues, `because` names
the work that is the reason. Pages, media and searches ask here.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from corpus.models import Dialogue
from people.models import Event, Person

PICTURE, SOUND, WORDS = MODALITIES = ("picture", "sound", "words")
NAMES = {
    PICTURE: gettext_lazy("the picture"),
    SOUND: gettext_lazy("the sound"),
    WORDS: gettext_lazy("the words"),
}

withheld_by: list[Callable[[Person, Sequence[str]], dict[str, QuerySet[Dialogue]]]] = []
details_withheld_by: list[Callable[[Person, Sequence[Event]], dict[int, str]]] = []
because: list[Callable[[Person, QuerySet[Dialogue]], list[str]]] = []


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

    @property
    def hidden(self) -> list[str]:
        """The modalities that are withheld."""
        return [name for name in MODALITIES if not getattr(self, name)]

    @property
    def film(self) -> str:
        """What a player plays: "clip", "silent" (its picture), "sound", or "" for nothing.

        A clip as it came may hold subtitles, so that it shows words, too.
        """
        if self.all:
            return "clip"
        return "silent" if self.picture else "sound" if self.sound else ""

    def __and__(self, other: "Visible") -> "Visible":
        """What is visible by both."""
        return Visible(
            picture=self.picture and other.picture,
            sound=self.sound and other.sound,
            words=self.words and other.words,
        )


def withheld(person: Person, *modalities: str) -> QuerySet[Dialogue]:
    """The dialogues of which the person may not see one of these modalities now, as a query."""
    hidden = (rows for source in withheld_by for rows in source(person, modalities).values())
    return reduce(or_, hidden, Dialogue.objects.none())


def _withheld_each(person: Person) -> dict[str, QuerySet[Dialogue]]:
    """The same of each modality for itself; those of which nothing is withheld are left out."""
    found: dict[str, QuerySet[Dialogue]] = {}
    for source in withheld_by:
        for modality, rows in source(person, MODALITIES).items():
            found[modality] = found[modality] | rows if modality in found else rows
    return found


def visible(person: Person, dialogue: Dialogue) -> Visible:
    """What the person may see of this dialogue now."""
    hidden = {
        modality: Exists(rows.order_by().filter(pk=OuterRef("pk")))
        for modality, rows in _withheld_each(person).items()
    }
    if not hidden:  # as of most people
        return Visible()
    row = Dialogue.objects.filter(pk=dialogue.pk).order_by().values_list(*hidden.values())
    return Visible(**dict(zip(hidden, (not gone for gone in row.get()), strict=True)))


def notice(person: Person, dialogue: Dialogue | QuerySet[Dialogue], hidden: Collection[str]) -> str:
    """The sentence that says what of these dialogues the person does not see, why, until when; ""
    if nothing is hidden.
    """
    if not hidden:
        return ""
    dialogues = _rows(dialogue)
    what = " · ".join(str(NAMES[modality]) for modality in hidden)
    reasons = list(dict.fromkeys(name for source in because for name in source(person, dialogues)))
    return _(
        "Withheld from you for now: %(what)s. You annotate in %(rounds)s; everything is shown to"
        " you when that round is closed."
    ) % {"what": what, "rounds": ", ".join(reasons)}


def guard(person: Person, dialogue: Dialogue | QuerySet[Dialogue], *modalities: str) -> None:
    """Raises Withheld if one of these modalities (of all, if none is named) of one of the
    dialogues is withheld from the person now.
    """
    asked = modalities or MODALITIES
    pks = _rows(dialogue).order_by().values("pk")
    if withheld(person, *asked).filter(pk__in=pks).exists():
        hidden = [one for one in MODALITIES if withheld(person, one).filter(pk__in=pks).exists()]
        raise Withheld(notice(person, withheld(person, *hidden).filter(pk__in=pks), hidden))


def _rows(dialogue: Dialogue | QuerySet[Dialogue]) -> QuerySet[Dialogue]:
    if isinstance(dialogue, Dialogue):
        return Dialogue.objects.filter(pk=dialogue.pk)
    return dialogue


def withheld_details(person: Person, events: Sequence[Event]) -> dict[int, str]:
    """Event id -> why its details are withheld from the person now, of those that are."""
    reasons: dict[int, str] = {}
    for source in details_withheld_by:
        reasons |= source(person, events)
    return reasons
