"""What annotation adds to the overview of a corpus: three stages, what waits, panels."""

from django.db.models import Count, Exists, F, Max, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.agreement import item_counts
from annotation.agreement.tally import Totals
from annotation.blinding import SEERS, blind_rounds, withheld_rounds
from annotation.models import (
    Adjudication,
    Assignment,
    Comment,
    Item,
    Participant,
    QualityFlag,
    Round,
    RoundItem,
    Tally,
)  # fmt: skip
from core.pagination import at_most
from corpus.models import Corpus, Dialogue
from corpus.overview import MAIN, Need, Panel, Stage, Step, add_needs, add_panel, add_stages
from corpus.permissions import LEAD
from people.models import Person

AT_ONCE = 24  # dialogues that one look counts
MOST_ROUNDS = 12  # the newest rounds with something open are told one by one
MOST_OPEN = 10_000  # contested items are counted to here


def add_to_overview():
    add_stages(20, annotation_stages)
    add_needs(10, adjudication_needs)
    add_needs(20, round_needs)
    add_panel(Panel(MAIN, 20, "annotation/_overview_results.html", results_panel))
    add_panel(Panel(MAIN, 10, "annotation/_overview_progress.html", progress_panel))
    add_panel(Panel(MAIN, 30, "annotation/_overview_pace.html", pace_panel))


def judged_rounds(corpus: Corpus):
    """Rounds whose labels are to become gold: practice and tests aside."""
    return Round.objects.filter(corpus=corpus, kind=Round.Kind.JUDGING)


def shown_rounds(corpus: Corpus, person: Person):
    """Those whose results the person may see now."""
    rounds = judged_rounds(corpus)
    if not blind_rounds(person).exists():  # as with most people; the rest looks through all items
        return rounds
    return rounds.exclude(pk__in=withheld_rounds(person).order_by().values("pk"))


def complete_dialogues(corpus: Corpus):
    """Dialogues that as many people have submitted as their round asks for, or whose labels were
    imported.
    """
    held = Assignment.objects.filter(state="held", gold=False)
    items = RoundItem.objects.filter(
        ~Exists(held.filter(round=OuterRef("round"), dialogue=OuterRef("dialogue"))),
        round__in=judged_rounds(corpus),
        gold=False,
        withdrawn=False,
        given__gte=F("round__overlap") + F("extra"),
    )
    imported = Assignment.objects.filter(
        round__in=judged_rounds(corpus).filter(published=True), state="submitted"
    )
    columns = (rows.order_by().values("dialogue") for rows in (items, imported))
    done = Q()
    for column in columns:
        done |= Q(pk__in=column)
    return Dialogue.objects.filter(done, corpus=corpus)


def annotation_stages(corpus: Corpus, person: Person):
    if corpus.my_role not in SEERS:
        return
    rounds = list(judged_rounds(corpus).select_related("closure"))
    yield _annotated(corpus, rounds)
    shown = list(shown_rounds(corpus, person).select_related("scheme_version", "closure"))
    for found in shown:
        if found.is_open:
            item_counts.catch_up(found, most=AT_ONCE)
    items = Item.objects.filter(round__in=shown).order_by()
    pairs = paired_items(shown)
    contested, more = at_most(items.filter(open=True), MOST_OPEN)
    decided = decisions(shown).count()
    agreed = max(pairs - contested - decisions(shown).filter(size__gte=2).count(), 0)
    yield Stage(
        icon="users",
        label=gettext_lazy("Agreed"),
        count=agreed,
        total=pairs,
        note=_("of %(n)s items with two annotators or more") % {"n": localize(pairs)},
        href=_of_newest(shown, "agreement") or reverse("rounds", args=[corpus.pk]),
    )
    waiting = next(iter(_with_open_items(shown)), None)
    yield Stage(
        icon="gavel",
        label=gettext_lazy("Adjudicated"),
        count=decided,
        total=decided + contested,
        note=_contested(contested, more),
        href=reverse("adjudication", args=[waiting.pk]) if waiting else "",
        step=Step(gettext_lazy("Adjudicate"), reverse("adjudication", args=[waiting.pk]))
        if waiting
        else None,
    )


def _contested(count: int, more: bool) -> str:
    shown = f"{localize(count)}+" if more else localize(count)
    words = ngettext("%(n)s contested item left", "%(n)s contested items left", count)
    return words % {"n": shown} if count else _("nothing contested")


def _annotated(corpus, rounds) -> Stage:
    published = corpus.counts()["published"]
    done = complete_dialogues(corpus).order_by().count() if rounds else 0
    active = sum(found.is_open and not found.published for found in rounds)
    new_round = Step(gettext_lazy("New round"), reverse("new_round", args=[corpus.pk]))
    starts = corpus.my_role == LEAD and published and not rounds
    return Stage(
        icon="pencil-line",
        label=gettext_lazy("Annotated"),
        count=done,
        total=published,
        note=ngettext(
            "of %(all)s dialogues · %(n)s open round",
            "of %(all)s dialogues · %(n)s open rounds",
            active,
        )
        % {"all": localize(published), "n": localize(active)},
        href=reverse("rounds", args=[corpus.pk]),
        step=new_round if starts else None,
    )


def _of_newest(rounds, name: str) -> str:
    """The address of a page of the newest of some rounds, "" where there is none."""
    return reverse(name, args=[rounds[0].pk]) if rounds else ""


def paired_items(rounds) -> int:
    """Items that two people or more answered, from the tallies."""
    by_id = {found.pk: found for found in rounds}
    rows = Tally.objects.filter(round__in=by_id, part="").values_list("round", "counts")
    return sum(_paired(Totals(counts, by_id[pk].scheme)) for pk, counts in rows)


def _paired(totals: Totals) -> int:
    return sum(int(totals.pairs(task).pairable) for task in totals.scheme.tasks)


def decisions(rounds):
    """The newest rulings on items of some rounds that decide them."""
    rulings = Adjudication.objects.filter(round__in=[each.pk for each in rounds]).order_by()
    newest = rulings.values("round", "utterance", "task").annotate(newest=Max("pk"))
    deciding = [Adjudication.Verdict.VALUE, Adjudication.Verdict.AMBIGUOUS]
    return rulings.filter(pk__in=newest.values("newest"), verdict__in=deciding)


def _with_open_items(rounds):
    """The newest of some rounds in which something contested is not decided."""
    open_items = Item.objects.filter(round=OuterRef("pk"), open=True).order_by()
    found = Round.objects.filter(Exists(open_items), pk__in=[each.pk for each in rounds])
    return found[:MOST_ROUNDS]


def adjudication_needs(corpus: Corpus, person: Person):
    """Contested items and comments, for those who may see what was answered."""
    if corpus.my_role in SEERS:
        yield from result_needs(shown_rounds(corpus, person), corpus.my_role)


def round_needs(corpus: Corpus, person: Person):
    """Rounds that are late or cannot go on, for leads."""
    if corpus.my_role == LEAD:
        yield from progress_needs(Round.objects.filter(corpus=corpus))


def result_needs(rounds, role: str):
    """What waits in rounds whose results the person may see: items, comments, flags."""
    rounds = list(rounds)
    for found in _with_open_items(rounds):
        count, more = at_most(found.items.filter(open=True))
        yield Need(
            ngettext(
                "%(n)s contested item in %(round)s", "%(n)s contested items in %(round)s", count
            ),
            count,
            reverse("adjudication", args=[found.pk]),
            more=more,
            values={"round": found.name},
        )
    names = {found.pk: found.name for found in rounds}
    comments = Comment.objects.waiting().filter(assignment__round__in=names).order_by()
    counted = comments.values_list("assignment__round").annotate(n=Count("pk"))
    for pk, count in counted.order_by("-assignment__round")[:MOST_ROUNDS]:
        yield Need(
            ngettext(
                "%(n)s comment or flag to answer in %(round)s",
                "%(n)s comments or flags to answer in %(round)s",
                count,
            ),
            count,
            reverse("round_comments", args=[pk]),
            values={"round": names[pk]},
        )
    if role == LEAD:
        yield from _flag_needs(names)


def _flag_needs(names: dict[int, str]):
    flags = QualityFlag.objects.waiting().filter(round__in=names).order_by()
    drifts = Q(kind=QualityFlag.Kind.DRIFT)
    counted = flags.values_list("round").annotate(
        drifting=Count("person", filter=drifts, distinct=True),
        others=Count("pk", filter=~drifts, distinct=True),
    )
    for pk, drifting, others in counted.order_by("-round")[:MOST_ROUNDS]:
        quality, values = reverse("quality", args=[pk]), {"round": names[pk]}
        drift = ngettext(
            "%(n)s annotator of %(round)s drifts over time",
            "%(n)s annotators of %(round)s drift over time",
            drifting,
        )
        yield Need(drift, drifting, quality, values=values)
        flagged = ngettext(
            "%(n)s quality flag to review in %(round)s",
            "%(n)s quality flags to review in %(round)s",
            others,
        )
        yield Need(flagged, others, quality, values=values)


def progress_needs(rounds):
    """What keeps some rounds from going on: a deadline that is past, people who are missing,
    dialogues that are held by somebody who has gone.
    """
    rounds = rounds.filter(closure=None, published=False)
    for found in rounds.filter(due__lt=timezone.localdate()):
        done, wanted = found.share_done()
        yield Need(
            ngettext(
                "%(round)s was due on %(day)s: %(n)s submission is missing",
                "%(round)s was due on %(day)s: %(n)s submissions are missing",
                wanted - done,
            ),
            max(wanted - done, 0),
            reverse("round", args=[found.pk]),
            urgent=True,
            values={"round": found.name, "day": date_format(found.due, "Y-m-d")},
        )
    for found in rounds[:MOST_ROUNDS]:
        count, more = at_most(found.stuck())
        yield Need(
            ngettext(
                "%(n)s dialogue of %(round)s has not enough annotators left",
                "%(n)s dialogues of %(round)s have not enough annotators left",
                count,
            ),
            count,
            f"{reverse('round_dialogues', args=[found.pk])}?state=stuck",
            more=more,
            values={"round": found.name},
        )
    held = Assignment.objects.filter(
        state="held", expires_at__lt=timezone.now(), round__in=rounds.order_by()
    )
    counted = held.order_by("-round").values_list("round", "round__name").annotate(n=Count("pk"))
    for pk, name, count in counted:
        yield Need(
            ngettext(
                "%(n)s dialogue of %(round)s is held without activity",
                "%(n)s dialogues of %(round)s are held without activity",
                count,
            ),
            count,
            f"{reverse('round', args=[pk])}#people",
            values={"round": name},
        )


def needs_of(found: Round, role: str, blind: bool) -> list[Need]:
    """What waits in one round, without what would tell a blind annotator about its results."""
    rows = [] if blind else list(result_needs([found], role))
    if role == LEAD:
        rows += progress_needs(Round.objects.filter(pk=found.pk))
    return [need for need in rows if need.count]


def results_panel(corpus: Corpus, person: Person):
    """Where the results of the round stand that is looked at first: the newest with answers."""
    if corpus.my_role not in SEERS:
        return None
    rounds = shown_rounds(corpus, person).select_related("corpus")
    counted = Tally.objects.filter(round=OuterRef("pk"), part="", submissions__gt=0)
    return {"round": rounds.filter(Exists(counted)).first(), "withheld": _withholds(corpus, person)}


def _withholds(corpus: Corpus, person: Person) -> bool:
    """Whether the person annotates a round of the corpus blind."""
    return blind_rounds(person).filter(corpus=corpus).exists()


def progress_panel(corpus: Corpus, person: Person):
    if corpus.my_role not in SEERS:
        return None
    rounds = judged_rounds(corpus).filter(published=False)
    return {"round": rounds.filter(closure=None).first() or rounds.first()}


def pace_panel(corpus: Corpus, person: Person):
    """For leads: adjudicators may meet annotators as letters, round by round."""
    if corpus.my_role != LEAD:
        return None
    seats = Participant.objects.filter(round__corpus=corpus, left_at=None, round__closure=None)
    return {"any": seats.exists()} if seats.exists() else None
