"""Blind annotation: while a round that a person annotates is open, nobody else's answers about its
dialogues reach them, nor what the view of the round withholds.

A lead or an adjudicator may take part openly instead (`Participant.unblinded`); the certificate of
a release says so. Nothing here asks for roles: leads who annotate are as blind as anybody.
"""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from annotation.models import Assignment, Participant, Place, Round
from corpus.models import Dialogue
from corpus.visibility import PICTURE, SOUND, WORDS, Withheld
from people.models import Person

WITHHELD = {  # view of a round -> what it withholds
    Round.View.FULL: (),
    Round.View.TEXT: (PICTURE, SOUND),
    Round.View.AUDIO: (PICTURE, WORDS),
    Round.View.SILENT: (SOUND, WORDS),
}


def blind_rounds(person: Person) -> QuerySet[Round]:
    """The open rounds that the person annotates, those aside in which they take part openly."""
    seats = Participant.objects.filter(person=person, left_at=None, unblinded=False)
    return Round.objects.filter(closure=None, pk__in=seats.values("round"))


def blind_dialogues(person: Person) -> QuerySet[Dialogue]:
    """The dialogues about which the person may learn nobody else's answers now."""
    places = Place.objects.filter(round__in=blind_rounds(person).order_by().values("pk"))
    return Dialogue.objects.filter(pk__in=places.order_by().values("dialogue"))


def withheld_dialogues(person: Person, modality: str) -> QuerySet[Dialogue]:
    """The dialogues of which the rounds that the person annotates withhold this modality."""
    views = [view for view, gone in WITHHELD.items() if modality in gone]
    rounds = blind_rounds(person).filter(view__in=views)
    places = Place.objects.filter(round__in=rounds.order_by().values("pk"))
    return Dialogue.objects.filter(pk__in=places.order_by().values("dialogue"))


def blinding_rounds(person: Person, rounds) -> QuerySet[Round]:
    """Which of the rounds that the person annotates withhold the results of `rounds` from them:
    these rounds themselves, and those that have a dialogue in common with one of them.
    """
    mine = blind_rounds(person)
    shared = Q(dialogue__in=Place.objects.filter(round__in=rounds).order_by().values("dialogue"))
    judged = Assignment.objects.filter(round__in=rounds).order_by().values("dialogue")
    places = Place.objects.filter(shared | Q(dialogue__in=judged))
    return mine.filter(Q(pk__in=[round.pk for round in rounds]) | Q(pk__in=places.values("round")))


def withheld_rounds(person: Person) -> QuerySet[Round]:
    """Every round whose results `guard` withholds from the person now, as a lazy query."""
    blind = blind_dialogues(person).order_by().values("pk")
    placed = Place.objects.filter(dialogue__in=blind).order_by().values("round")
    judged = Assignment.objects.filter(dialogue__in=blind).order_by().values("round")
    mine = blind_rounds(person).order_by().values("pk")
    return Round.objects.filter(Q(pk__in=mine) | Q(pk__in=placed) | Q(pk__in=judged))


def guard(person: Person, rounds) -> None:
    """Raises Withheld if the results of one of these rounds are withheld from the person now."""
    reasons = list(blinding_rounds(person, list(rounds)).order_by("pk").values_list("name"))
    if reasons:
        names = ", ".join(name for (name,) in reasons)
        raise Withheld(
            _(
                "You annotate these dialogues yourself in %(rounds)s. What others answered is"
                " shown to you when that round is closed."
            )
            % {"rounds": names}
        )
