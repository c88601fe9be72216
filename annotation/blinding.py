"""Blind annotation: while a round that a person annotates is open, nobody else's answers about its
dialogues reach them, nor what the view of the round withholds.

A lead or an adjudicator may take part openly instead (`Participant.unblinded`); the certificate of
a release says so. Nothing here asks for roles: leads who annotate are as blind as anybody.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation.models import Assignment, Guideline, Participant, Place, Round
from annotation.templatetags.scheme import parted
from corpus.models import Dialogue, Utterance
from corpus.visibility import MODALITIES, PICTURE, SOUND, WORDS, Visible, Withheld, visible
from people.models import Person

WITHHELD = {  # view of a round -> what it withholds
    Round.View.FULL: (),
    Round.View.TEXT: (PICTURE, SOUND),
    Round.View.AUDIO: (PICTURE, WORDS),
    Round.View.SILENT: (SOUND, WORDS),
}


BURNT_IN = gettext_lazy(
    "Subtitles that are part of the picture stay visible in a silent film: they cannot be withheld"
    " without making the film anew."
)


def shows(view: str) -> Visible:
    """What a view of a round shows."""
    return Visible(**{modality: modality not in WITHHELD[view] for modality in MODALITIES})


def shown_at(assignment: Assignment) -> Visible:
    """What the workbench shows of the assignment's dialogue: what the view of the round does, and
    no more than the annotator may see elsewhere, once they are no longer at work on it.
    """
    return shows(assignment.round.view) & visible(assignment.person, assignment.dialogue)


def blind_rounds(person: Person) -> QuerySet[Round]:
    """The open rounds that the person annotates, those aside in which they take part openly."""
    seats = Participant.objects.filter(person=person, left_at=None, unblinded=False)
    return Round.objects.filter(closure=None, pk__in=seats.values("round"))


def blind_dialogues(person: Person) -> QuerySet[Dialogue]:
    """The dialogues about which the person may learn nobody else's answers now."""
    places = Place.objects.filter(round__in=blind_rounds(person).order_by().values("pk"))
    return Dialogue.objects.filter(pk__in=places.order_by().values("dialogue"))


def withheld_dialogues(person: Person, modality: str) -> QuerySet[Dialogue]:
    """The dialogues of which the rounds that the person annotates withhold this modality.

    What another round has given them to judge with it now is not withheld: who opens two rounds on
    the same dialogues for the same person wants both to be judged.
    """
    hiding = [view for view, gone in WITHHELD.items() if modality in gone]
    rounds = blind_rounds(person).filter(view__in=hiding).order_by().values_list("pk", flat=True)
    if not (rounds := list(rounds)):  # as with most people
        return Dialogue.objects.none()
    places = Place.objects.filter(round__in=rounds, dialogue=OuterRef("pk"))
    seats = Participant.objects.filter(person=person, left_at=None).values("round")
    at_work = Assignment.objects.open().filter(person=person, round__in=seats)
    given = at_work.filter(dialogue=OuterRef("pk")).exclude(round__view__in=hiding)
    return Dialogue.objects.filter(Exists(places), ~Exists(given))  # quick for one and for many


def withholding_rounds(person: Person, dialogues: QuerySet[Dialogue]) -> list[str]:
    """The rounds whose views withhold something of these dialogues from the person, in words."""
    shared = Place.objects.filter(dialogue__in=dialogues.order_by().values("pk"))
    rounds = blind_rounds(person).exclude(view=Round.View.FULL)
    rounds = rounds.filter(pk__in=shared.order_by().values("round")).order_by("pk")
    return [
        _("“%(round)s” (%(view)s)") % {"round": round.name, "view": round.get_view_display()}
        for round in rounds
    ]


def guideline_for(person: Person, guideline: Guideline | None) -> tuple[str, int]:
    """The text of a guideline for the person, and how many sections are left out: those with an
    example from a dialogue that they annotate blind, which shows its words and what others
    decided.
    """
    if guideline is None:
        return "", 0
    quotes = guideline.quotes()
    blind = Utterance.whole.filter(
        corpus=guideline.corpus_id, dialogue__in=blind_dialogues(person).order_by().values("pk")
    )
    uids = set(blind.filter(uid__in={uid for _line, uid in quotes}).values_list("uid", flat=True))
    secret = {line for line, uid in quotes if uid in uids}
    parts = parted(guideline.text)
    kept = [part for part in parts if not secret.intersection(part.splitlines())]
    return "".join(kept), len(parts) - len(kept)


def blinding_rounds(person: Person, rounds) -> QuerySet[Round]:
    """Which of the rounds that the person annotates withhold the results of `rounds` from them:
    these rounds themselves, and those that have a dialogue in common with one of them.
    """
    mine = blind_rounds(person)
    shared = Q(dialogue__in=Place.objects.filter(round__in=rounds).order_by().values("dialogue"))
    judged = Assignment.objects.filter(round__in=rounds).order_by().values("dialogue")
    places = Place.objects.filter(shared | Q(dialogue__in=judged))
    return mine.filter(Q(pk__in=[round.pk for round in rounds]) | Q(pk__in=places.values("round")))


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
