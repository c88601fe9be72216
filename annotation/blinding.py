"""Blind annotation: while a round that a person annotates is open, nobody else's answers about its
dialogues reach them, nor what the view of the round withholds.

A lead or an adjudicator may take part openly instead (`Participant.unblinded`); the certificate of
a release says so. Nothing here asks for roles: leads who annotate are as blind as anybody.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, Min, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from annotation.models import (
    Adjudication,
    Assignment,
    Comment,
    Guideline,
    Participant,
    QualityFlag,
    Round,
    RoundItem,
    Submission,
)  # fmt: skip
from annotation.templatetags.scheme import parted
from core.statements import Prepared
from corpus.models import Corpus, Dialogue, Membership, Utterance
from corpus.visibility import MODALITIES, PICTURE, SOUND, WORDS, Visible, Withheld, visible
from people.models import Event, Person

WITHHELD: dict[str, tuple[str, ...]] = {  # view of a round -> what it withholds
    Round.View.FULL: (),
    Round.View.TEXT: (PICTURE, SOUND),
    Round.View.AUDIO: (PICTURE, WORDS),
    Round.View.SILENT: (SOUND, WORDS),
}
SEERS = [Membership.Role.LEAD, Membership.Role.ADJUDICATOR]  # who may see results at all
ROUND_OF = {  # noun of an event -> its model, and the way to the round
    "adjudication": (Adjudication, "round"),
    "qualityflag": (QualityFlag, "round"),
    "comment": (Comment, "assignment__round"),
    "assignment": (Assignment, "round"),
}
TELLING = {  # events that tell what somebody answered, said or decided, or about what
    *(("adjudication", "adjudicate"), ("qualityflag", "review"), ("comment", "comment")),
    *(("comment", "resolve"), ("comment", "reopen"), ("comment", "take back")),
    *(("assignment", "skip"), ("dialogue", "set expert labels")),
}


def shows(view: str) -> Visible:
    """What a view of a round shows."""
    return Visible(**{modality: modality not in WITHHELD[view] for modality in MODALITIES})


def shown_at(assignment: Assignment) -> Visible:
    """What the workbench shows of the assignment's dialogue: what the view of the round does, and
    no more than the annotator may see elsewhere, once they are no longer at work on it.
    """
    return shows(assignment.round.view) & visible(assignment.person, assignment.dialogue)


def blind_rounds(person: Person | int) -> QuerySet[Round]:
    """The open rounds that the person annotates, those aside in which they take part openly."""
    seats = Participant.objects.filter(person=person, left_at=None, unblinded=False)
    return Round.objects.filter(closure=None, pk__in=seats.values("round"))


def blind_dialogues(person: Person) -> QuerySet[Dialogue]:
    """The dialogues about which the person may learn nobody else's answers now."""
    items = RoundItem.objects.filter(round__in=blind_rounds(person).order_by().values("pk"))
    return Dialogue.objects.filter(pk__in=items.order_by().values("dialogue"))


HIDING_ROUNDS = Prepared(
    lambda person: (
        blind_rounds(person).exclude(view=Round.View.FULL).order_by().values_list("pk", "view")
    )
)


def withheld_dialogues(person: Person, modalities: Sequence[str]) -> dict[str, QuerySet[Dialogue]]:
    """Modality -> the dialogues of which the rounds that the person annotates withhold it; without
    those of which none does.

    What another round has given them to judge with it now is not withheld: who opens two rounds on
    the same dialogues for the same person wants both to be judged.
    """
    view_of = dict(HIDING_ROUNDS.rows(person.pk))
    found = {}
    for modality in modalities if view_of else ():
        views = [view for view, gone in WITHHELD.items() if modality in gone]
        rounds = [pk for pk, view in view_of.items() if view in views]
        if rounds:
            found[modality] = _withheld_by(person, rounds, views)
    return found


def _withheld_by(person: Person, rounds: list[int], views: list[str]) -> QuerySet[Dialogue]:
    """The dialogues of these rounds, which have these views, that the person was given in no round
    of another view.
    """
    items = RoundItem.objects.filter(round__in=rounds, dialogue=OuterRef("pk"))
    seats = Participant.objects.filter(person=person, left_at=None).values("round")
    at_work = Assignment.objects.open().filter(person=person, round__in=seats)
    given = at_work.filter(dialogue=OuterRef("pk")).exclude(round__view__in=views)
    return Dialogue.objects.filter(Exists(items), ~Exists(given))  # quick for one and for many


def withholding_rounds(person: Person, dialogues: QuerySet[Dialogue]) -> list[str]:
    """The rounds whose views withhold something of these dialogues from the person, in words."""
    shared = RoundItem.objects.filter(dialogue__in=dialogues.order_by().values("pk"))
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
    versions = _versions_up_to(guideline)
    quoted = examples_of(guideline).filter(
        dialogue__in=blind_dialogues(person).order_by().values("pk")
    )
    hidden = {utterance.uid: utterance for utterance in quoted}
    if not hidden:
        return guideline.text, 0
    added, before = set(), ""
    for version in versions.order_by("number"):
        if version.note in hidden:
            added.add(version.text.removeprefix(before).strip())
        before = version.text
    parts = parted(guideline.text)
    kept = [p for p in parts if p.strip() not in added and not _quotes(p, hidden.values())]
    return "".join(kept), len(parts) - len(kept)


def _versions_up_to(guideline: Guideline) -> QuerySet[Guideline]:
    return Guideline.objects.filter(corpus=guideline.corpus_id, number__lte=guideline.number)


def examples_of(guideline: Guideline) -> QuerySet[Utterance]:
    """The utterances that became examples of a guideline or of a version before it."""
    notes = _versions_up_to(guideline).exclude(note="").values("note")
    rows = Utterance.all_objects.filter(corpus=guideline.corpus_id, uid__in=notes)
    return rows.select_related("speaker")


def _quotes(section: str, utterances) -> bool:
    """Whether a section has an utterance as a quotation, of which the first line is enough."""
    lines = [line[1:].strip() for line in section.split("\n") if line.startswith(">")]
    wholes = [Guideline.quoted(one).split("\n")[0].strip() for one in utterances]
    texts = [text for one in utterances if (text := one.text.split("\n")[0].strip())]
    return any(line in wholes or any(line.endswith(text) for text in texts) for line in lines)


def blinding_rounds(person: Person, rounds) -> QuerySet[Round]:
    """Which of the rounds that the person annotates withhold the results of `rounds` from them:
    these rounds themselves, and those that have a dialogue in common with one of them.
    """
    mine = blind_rounds(person)
    listed = RoundItem.objects.filter(round__in=rounds).order_by().values("dialogue")
    judged = Assignment.objects.filter(round__in=rounds).order_by().values("dialogue")
    items = RoundItem.objects.filter(
        Q(dialogue__in=listed) | Q(dialogue__in=judged), round__in=mine.values("pk")
    )
    return mine.filter(Q(pk__in=[round.pk for round in rounds]) | Q(pk__in=items.values("round")))


def seat_of(person: Person, round: Round) -> Participant | None:
    """The person's own seat in a round that they annotate blind."""
    return Participant.objects.filter(
        person=person, round=round, left_at=None, unblinded=False
    ).first()


def why_withheld(person: Person, rounds) -> str:
    """Why the results of these rounds are withheld from the person now; "" if they are not."""
    if not blind_rounds(person).exists():  # of most people; the rest looks through all items
        return ""
    return _sentence(blinding_rounds(person, list(rounds)))


def _sentence(reasons) -> str:
    names = ", ".join(reasons.order_by("pk").values_list("name", flat=True))
    return (
        _(
            "You are annotating these dialogues in %(rounds)s. The answers of others are shown"
            " when that round is closed."
        )
        % {"rounds": names}
        if names
        else ""
    )


def withheld_rounds(person: Person) -> QuerySet[Round]:
    """Every round whose results `guard` withholds from the person now, as a lazy query."""
    blind = blind_dialogues(person).order_by().values("pk")
    listed = RoundItem.objects.filter(dialogue__in=blind).order_by().values("round")
    judged = Assignment.objects.filter(dialogue__in=blind).order_by().values("round")
    mine = blind_rounds(person).order_by().values("pk")
    return Round.objects.filter(Q(pk__in=mine) | Q(pk__in=listed) | Q(pk__in=judged))


def guard(person: Person, rounds) -> None:
    """Raises Withheld if the results of one of these rounds are withheld from the person now."""
    if why := why_withheld(person, rounds):
        raise Withheld(why)


def _why_blind(person: Person, dialogues: QuerySet[Dialogue]) -> str:
    """Which rounds the person annotates blind with one of these dialogues, said; "" if none."""
    shared = dialogues.order_by().values("pk")
    return _sentence(blind_rounds(person).filter(round_items__dialogue__in=shared).distinct())


def guard_dialogue(person: Person, dialogue: Dialogue) -> None:
    """Raises Withheld while the person annotates the dialogue blind."""
    if why := _why_blind(person, Dialogue.objects.filter(pk=dialogue.pk)):
        raise Withheld(why)


def could_look(round: Round, person: Person) -> bool:
    """Whether the person had a role by which they could see what others answered in the round."""
    others = round.assignments.exclude(person=person)
    submitted = Event.objects.filter(  # also of what was opened again since
        corpus_id=round.corpus_id, verb="submit", noun="assignment", noun_id__in=others.values("pk")
    )
    moments = [
        rows.aggregate(first=Min("at"))["first"]
        for rows in (
            submitted,
            Submission.objects.filter(assignment__in=others),
            Comment.objects.filter(assignment__in=others),
        )
    ]
    first = min(filter(None, moments), default=None)
    return first is not None and had_role(round.corpus, person, first)


def had_role(corpus: Corpus, person: Person, since: datetime) -> bool:
    """Whether the person is a lead or an adjudicator, or was one at some moment since then."""
    if corpus.role_of(person) in SEERS:
        return True
    ended = Event.objects.filter(corpus_id=corpus.pk, noun="membership", at__gte=since)
    return ended.filter(detail__person=person.username, detail__was__in=SEERS).exists()


def withheld_details(person: Person, events: Sequence[Event]) -> dict[int, str]:
    """Event id -> why its details are withheld: those that tell others' answers, comments or expert
    labels of dialogues that the person annotates blind.
    """
    telling = [e for e in events if e.person_id != person.pk and (e.noun, e.verb) in TELLING]
    if not telling or not blind_rounds(person).exists():
        return {}
    rounds = _rounds_of(telling)
    why = {pk: why_withheld(person, Round.objects.filter(pk=pk)) for pk in set(rounds.values())}
    blind = {e.noun_id for e in telling if e.noun == "dialogue"}
    own = {pk: _why_blind(person, Dialogue.objects.filter(pk=pk)) for pk in blind}
    found = {}
    for event in telling:
        if event.noun == "dialogue":
            reason = own[event.noun_id]
        else:
            reason = why[rounds[event.pk]] if event.pk in rounds else ""
        if reason:
            found[event.pk] = reason
    return found


def _rounds_of(events) -> dict[int, int]:
    """Event id -> the round that the event is about."""
    found: dict[int, int] = {}
    for noun, (model, path) in ROUND_OF.items():
        ids = {event.noun_id for event in events if event.noun == noun}
        rounds = dict(model._default_manager.filter(pk__in=ids).values_list("pk", path))
        found |= {e.pk: rounds[e.noun_id] for e in events if e.noun == noun and e.noun_id in rounds}
    return found


def guard_order(person: Person, order: str, dialogues) -> None:
    """Raises Withheld where the order of a round would tell how far people differed on dialogues
    that the person annotates blind.
    """
    if order == Round.Order.UNCERTAIN and (why := _why_blind(person, dialogues)):
        raise Withheld(why)


def guard_guideline(person: Person, guideline: Guideline | None) -> None:
    """Raises Withheld if examples of the guideline are left out for the person, who would lose
    them by drawing up the next version.
    """
    if guideline_for(person, guideline)[1]:
        raise Withheld(
            _(
                "The guideline contains examples from dialogues that you are annotating. You"
                " can write the next version when your round is closed."
            )
        )
