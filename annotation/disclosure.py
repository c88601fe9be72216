"""Who sees what in a round, person by person, before it is opened and while it runs; and what the
people who are to annotate it know already.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.blinding import SEERS, WITHHELD, blind_rounds, blinding_rounds
from annotation.models import (
    Adjudication,
    Assignment,
    ExpertLabel,
    Guideline,
    Participant,
    Round,
)  # fmt: skip
from corpus.models import Corpus, Dialogue, Membership, Utterance
from corpus.visibility import MODALITIES
from people.models import Person

YES, NO = gettext_lazy("yes"), gettext_lazy("no")
LATER = gettext_lazy("when the round is closed")
ELSEWHERE = gettext_lazy("not while annotating, but on other pages")
OPENLY = gettext_lazy("yes, reported in releases")
SUGGESTED = {
    Round.Shown.NEVER: gettext_lazy("never"),
    Round.Shown.AFTER: gettext_lazy("after annotation"),
    Round.Shown.BEFORE: gettext_lazy("before annotation"),
}
PARTS = {
    "blind": gettext_lazy("annotates"),
    "openly": gettext_lazy("annotates unblinded"),
    "": gettext_lazy("does not annotate"),
}


@dataclass(frozen=True)
class Row:
    """One person, or all of a role who do not annotate, and what they see. The cells are words;
    those of `modalities` are in the order picture, sound, words.
    """

    who: str
    role: str
    part: str  # a key of PARTS
    modalities: list[str]
    suggestions: str
    answers: str
    names: str
    known: list[str] = field(default_factory=list)  # what they have seen of these dialogues before

    @property
    def does(self):
        return PARTS[self.part]


@dataclass
class Plan:
    """What decides who sees what: a round, or the choices of the form that opens one."""

    corpus: Corpus
    dialogues: QuerySet[Dialogue]
    annotators: list[Person]
    openly: set[int]  # ids of those among them who take part openly
    view: str = Round.View.FULL
    suggestions: str = Round.Shown.NEVER
    order: str = Round.Order.SEQUENTIAL
    gold_feedback: bool = False
    corrections: bool = False
    guideline: Guideline | None = None
    round: Round | None = None  # None before it is opened
    members: Mapping[int, str] | None = None  # ids and roles, where they are known

    @classmethod
    def of(
        cls,
        round: Round,
        seats: list[Participant] | None = None,
        members: Mapping[int, str] | None = None,
    ) -> "Plan":
        """`seats` of those who take part, with their people, and `members` where they are known."""
        if seats is None:
            seats = list(round.participants.filter(left_at=None).select_related("person"))
        names = ("corpus", "view", "suggestions", "order", "guideline")
        feedback = ("gold_feedback", "corrections")
        return cls(
            dialogues=Dialogue.objects.filter(pk__in=round.round_items.values("dialogue")),
            annotators=[seat.person for seat in seats],
            openly={seat.person_id for seat in seats if seat.unblinded},
            round=round,
            members=members,
            **{name: getattr(round, name) for name in names + feedback},
        )


def rows(plan: Plan, nameless: bool = False) -> list[Row]:
    """Everybody who annotates, then each role of those who do not.

    `nameless` counts those who annotate by role, for whoever meets them as letters: a name with
    what its bearer sees would tell which letter is theirs.
    """
    roles = plan.members
    if roles is None:
        roles = dict(plan.corpus.memberships.values_list("person", "role"))
    by_role = sorted(plan.annotators, key=lambda one: (_rank(roles.get(one.pk)), str(one)))
    kinds = [(roles.get(one.pk, ""), one.pk in plan.openly) for one in by_role]
    if nameless:
        found = [
            _annotator(plan, _people(role, count), role, openly, [])
            for (role, openly), count in Counter(kinds).items()
        ]
    else:
        known = known_before(plan)
        found = [
            _annotator(plan, str(person), role, openly, known[person.pk])
            for person, (role, openly) in zip(by_role, kinds, strict=True)
        ]
    inside = {person.pk for person in plan.annotators}
    for role in Membership.Role:
        others = sum(1 for who, one in roles.items() if one == role and who not in inside)
        if others:
            found.append(_bystanders(plan, role, others))
    return found


def _rank(role) -> int:
    return [*SEERS, Membership.Role.ANNOTATOR].index(role) if role else 3


def _people(role: str, count: int) -> str:
    who = {
        "lead": ngettext("%(n)d lead", "%(n)d leads", count),
        "adjudicator": ngettext("%(n)d adjudicator", "%(n)d adjudicators", count),
    }.get(role, ngettext("%(n)d annotator", "%(n)d annotators", count))
    return who % {"n": count}


def _annotator(plan: Plan, who: str, role: str, openly: bool, known: list[str]) -> Row:
    hidden = WITHHELD[Round.View(plan.view)]
    own = LATER if role in SEERS else NO
    return Row(
        who=who,
        role=str(Membership.Role(role).label) if role else _("no longer in this corpus"),
        part="openly" if openly else "blind",
        modalities=[
            str((ELSEWHERE if openly else LATER) if one in hidden else YES) for one in MODALITIES
        ],
        suggestions=str(SUGGESTED[Round.Shown(plan.suggestions)]),
        answers=str(OPENLY if openly else own),
        names=_called(plan, role),
        known=known,
    )


def _bystanders(plan: Plan, role: str, count: int) -> Row:
    return Row(
        who=_("others: %(people)s") % {"people": _people(role, count)},
        role=str(Membership.Role(role).label),
        part="",
        modalities=[str(YES)] * len(MODALITIES),
        suggestions=str(NO),
        answers=str(YES if role in SEERS else NO),
        names=_called(plan, role),
    )


def _called(plan: Plan, role: str) -> str:
    """How somebody of the role meets the annotators."""
    if role == Membership.Role.LEAD:
        return _("names; letters during adjudication")
    if role == Membership.Role.ADJUDICATOR:
        blind = plan.corpus.blind_adjudication
        return _("letters") if blind else _("names; letters during adjudication")
    return "–"


def known_before(plan: Plan) -> dict[int, list[str]]:
    """Person id -> sentences on what those who annotate know of the dialogues from before."""
    found: dict[int, list[str]] = defaultdict(list)
    for tell in (_annotated, _could_see, _decided):
        for who, said in tell(plan):
            found[who].append(said)
    return found


def _earlier(plan: Plan) -> QuerySet[Round]:
    rounds = Round.objects.filter(corpus=plan.corpus)
    return rounds.exclude(pk=plan.round.pk) if plan.round else rounds


def _annotated(plan: Plan):
    """Who annotated some of the dialogues in another round, and in which view."""
    rounds = {round.pk: round for round in _earlier(plan)}
    work = Assignment.objects.filter(
        round__in=list(rounds), dialogue__in=plan.dialogues.values("pk")
    )
    if plan.round:
        work = work.filter(given_at__lte=plan.round.opened_at)
    people = {person.pk for person in plan.annotators}
    counts = work.values_list("round", "person").annotate(n=Count("pk"))  # all in one index
    for pk, who, count in counts.order_by("-round_id", "person_id"):
        if who not in people:
            continue
        said = ngettext(
            "annotated %(n)d of these dialogues in %(round)s (%(view)s)",
            "annotated %(n)d of these dialogues in %(round)s (%(view)s)",
            count,
        )
        round = rounds[pk]
        yield who, said % {"n": count, "round": round.name, "view": round.get_view_display()}


def _could_see(plan: Plan):
    """Leads and adjudicators who could see others' answers about the dialogues in other rounds,
    before this one was opened.
    """
    judged = Assignment.objects.filter(
        Exists(plan.dialogues.filter(pk=OuterRef("dialogue"))), round=OuterRef("pk")
    ).submitted()
    if plan.round:
        judged = judged.filter(submission__at__lte=plan.round.opened_at)
    rounds = list(_earlier(plan).filter(Exists(judged)).order_by("pk"))
    if not rounds:
        return
    roles = plan.corpus.memberships.filter(role__in=SEERS, person__in=plan.annotators)
    for who in roles.select_related("person"):
        withheld = _were_blind(plan, who, rounds)
        seen = [round.name for round in rounds if round.pk not in withheld]
        if seen:
            said = _("as %(role)s, could see the answers of others in %(rounds)s")
            yield (
                who.person_id,
                said % {"role": who.get_role_display(), "rounds": ", ".join(seen)},
            )


def _were_blind(plan: Plan, who: Membership, rounds: list[Round]) -> set[int]:
    """Which of these rounds' results were withheld from the person until the round is opened."""
    others = blind_rounds(who.person)
    if plan.round is None:
        return _withheld(who.person, rounds) if others.exists() else set()
    found = set()
    if others.exclude(pk=plan.round.pk).exists():
        found = _withheld(who.person, rounds, plan.round.pk)
    seats = Participant.objects.filter(person=who.person, left_at=None, unblinded=False)
    still = Q(round__closure=None) | Q(round__closure__at__gte=plan.round.opened_at)
    return found | set(seats.filter(still, round__in=rounds).values_list("round", flat=True))


def _withheld(person: Person, rounds: list[Round], but: int = 0) -> set[int]:
    return {
        round.pk for round in rounds if blinding_rounds(person, [round]).exclude(pk=but).exists()
    }


def _decided(plan: Plan):
    """Who adjudicated some of them or labelled them as an expert; not how many, which would tell
    how often people differed.
    """
    said = {
        0: _("adjudicated some of these utterances"),
        1: _("wrote expert labels for some of these utterances"),
    }
    dialogues = plan.dialogues.values("pk")
    done = [
        _before(plan, rows.filter(utterance__dialogue__in=dialogues)).order_by()
        for rows in (Adjudication.objects.all(), ExpertLabel.objects.all())
    ]
    rulings, labels = (rows.values_list("person", Value(n)) for n, rows in enumerate(done))
    for who, kind in sorted(rulings.union(labels)):
        yield who, said[kind]


def _before(plan: Plan, done):
    """What those who annotate did before the round was opened."""
    done = done.filter(person__in=plan.annotators).order_by("person")
    return done.filter(at__lte=plan.round.opened_at) if plan.round else done


def notes(plan: Plan) -> Iterable[str]:
    """What the table cannot tell: where something is known that no page can withhold."""
    if plan.view == Round.View.SILENT:
        yield _("Burned-in subtitles remain visible in video without audio.")
    if plan.view != Round.View.FULL:
        yield _(
            "Before the round, every member of the corpus could open published dialogues with"
            " video, audio and text. Views are not logged."
        )
    if plan.order == Round.Order.UNCERTAIN:
        yield _("The order (least certain first) reveals earlier uncertainty about a dialogue.")
    if plan.gold_feedback:
        yield _("Annotators see their accuracy on expert labels.")
    if plan.corrections:
        yield _(
            "When the round is closed, annotators see where adjudicators decided otherwise on their"
            " dialogues."
        )
    if quoted := _examples(plan):
        yield ngettext(
            "The guideline contains an example from %(n)d of these utterances, hidden from its"
            " annotators until the round is closed.",
            "The guideline contains examples from %(n)d of these utterances, hidden from their"
            " annotators until the round is closed.",
            quoted,
        ) % {"n": quoted}
    yield _("Comments and replies are free text and may reveal names or answers.")


def _examples(plan: Plan) -> int:
    if plan.guideline is None:
        return 0
    versions = Guideline.objects.filter(corpus=plan.corpus, number__lte=plan.guideline.number)
    return Utterance.all_objects.filter(
        Q(uid__in=versions.exclude(note="").values("note")), corpus=plan.corpus,
        dialogue__in=plan.dialogues.values("pk"),
    ).count()  # fmt: skip


def table(plan: Plan, nameless: bool = False) -> dict:
    """What the fragment `_who_sees_what.html` shows."""
    return {"rows": rows(plan, nameless), "notes": list(notes(plan))}
