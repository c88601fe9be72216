"""Places of the annotation of a corpus, and what waits there for whom."""

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from annotation.blinding import withheld_rounds
from annotation.models import Assignment, Item, Participant, QualityFlag, RoundItem
from core.places import LEADS, SEERS, Place
from people.models import Person


def rounds_with_work(person: Person, _corpus: int) -> QuerySet[Participant]:
    """The person's seats in rounds, of any corpus, that have a dialogue for them now."""
    mine = Assignment.objects.filter(person=person, round=OuterRef("round"))
    offered = RoundItem.objects.filter(round=OuterRef("round"), open=True).exclude(
        Exists(
            Assignment.objects.filter(
                person=person, round=OuterRef("round"), dialogue=OuterRef("dialogue")
            ).exclude(state=Assignment.State.RELEASED)
        )
    )
    taken = (
        mine.filter(state__in=[Assignment.State.HELD, Assignment.State.SUBMITTED])
        .order_by()
        .values("round")
        .annotate(n=Count("pk"))
        .values("n")
    )
    held = Exists(mine.filter(state=Assignment.State.HELD))
    seats = Participant.objects.of(person).at_work().filter(resting=False, blocked_at=None)
    return seats.annotate(taken=taken).filter(
        held | Exists(offered) & (Q(quota=None) | Q(taken=None) | Q(taken__lt=F("quota")))
    )


def contested_items(person: Person, corpus: int) -> QuerySet[Item]:
    """Items that nobody has decided, of rounds whose results the person may see."""
    shown = Item.objects.filter(round__corpus=corpus, open=True)
    return shown.exclude(round__in=withheld_rounds(person).order_by().values("pk"))


def flags_to_review(person: Person, corpus: int) -> QuerySet[QualityFlag]:
    waiting = QualityFlag.objects.waiting().filter(round__corpus=corpus)
    return waiting.exclude(round__in=withheld_rounds(person).order_by().values("pk"))


PLACES = (
    Place(
        group="action", order=620, label=_("New round"), icon="plus", url="new_round", roles=LEADS
    ),
    Place(
        group="action",
        order=630,
        label=_("Import dataset"),
        icon="plus",
        url="new_table_import",
        roles=LEADS,
    ),
    Place(
        group="work",
        order=110,
        label=_("My tasks"),
        icon="list-checks",
        url="my_tasks",
        pages=frozenset({"assignment", "annotation_history"}),
        of_corpus=False,
        waiting=rounds_with_work,
    ),
    Place(
        group="work",
        order=120,
        label=_("Adjudication"),
        icon="scale",
        url="corpus_adjudication",
        pages=frozenset({"adjudication", "items"}),
        roles=SEERS,
        waiting=contested_items,
    ),
    Place(
        group="annotation",
        order=310,
        label=_("Rounds"),
        icon="layers",
        url="rounds",
        pages=frozenset({"round", "new_round", "round_dialogues", "round_comments", "extension"}),
        roles=SEERS,
    ),
    Place(
        group="annotation",
        order=320,
        label=_("Label scheme"),
        words=_("Guideline"),
        icon="tags",
        url="schemes",
        pages=frozenset({"new_scheme", "new_guideline", "guideline"}),
        roles=SEERS,
    ),
    Place(
        group="annotation",
        order=330,
        label=_("Expert labels"),
        icon="award",
        url="expert_labels",
        pages=frozenset({"dialogue_expert_labels"}),
        roles=SEERS,
    ),
    Place(
        group="annotation",
        order=340,
        label=_("Agreement"),
        icon="handshake",
        url="corpus_agreement",
        pages=frozenset({"agreement", "comparison"}),
        roles=SEERS,
    ),
    Place(
        group="annotation",
        order=350,
        label=_("Quality"),
        icon="gauge",
        url="corpus_quality",
        pages=frozenset({"quality"}),
        roles=LEADS,
        waiting=flags_to_review,
    ),
)
