"""What annotation adds to the overview of a corpus: three stages, what waits, panels."""

from collections import defaultdict
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
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
from core.pagination import capped, counts_at_once, up_to
from corpus.models import Corpus, Dialogue
from corpus.overview import (
    MAIN,
    Need,
    Overview,
    Panel,
    Stage,
    Step,
    add_needs,
    add_panel,
    add_stages,
)
from corpus.permissions import LEAD

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


def all_rounds(overview: Overview) -> list[Round]:
    """Every round of the corpus, the newest first."""
    rounds = list(Round.objects.filter(corpus=overview.corpus).select_related("closure"))
    for found in rounds:
        found.corpus = overview.corpus
    return rounds


def _judged(overview: Overview) -> list[Round]:
    return [found for found in overview.once(all_rounds) if found.kind == Round.Kind.JUDGING]


def _blind_in(overview: Overview) -> list[int]:
    """The corpora of the open rounds that the person annotates blind, one for each round."""
    return list(blind_rounds(overview.person).order_by().values_list("corpus", flat=True))


def shown_rounds(overview: Overview) -> list[Round]:
    """Those of `judged_rounds` whose results the person may see now."""
    rounds = _judged(overview)
    if not overview.once(_blind_in):  # as with most people; the rest looks through all items
        return rounds
    withheld = withheld_rounds(overview.person).filter(corpus=overview.corpus).order_by()
    hidden = set(withheld.values_list("pk", flat=True))
    return [found for found in rounds if found.pk not in hidden]


def _tallies(overview: Overview) -> list[Tally]:
    """The tallies of the rounds that are shown."""
    shown = [found.pk for found in overview.once(shown_rounds)]
    return list(Tally.objects.filter(round__in=shown, part=""))


def _seats(overview: Overview) -> list[Participant]:
    """Everybody who takes part in an open round."""
    seats = Participant.objects.filter(round__corpus=overview.corpus, round__closure=None)
    return list(seats.filter(left_at=None))


def complete_dialogues(corpus: Corpus):
    """Dialogues that as many people have submitted as their round asks for, or whose labels were
    imported.
    """
    held = Assignment.objects.filter(state="held", gold=False)
    few = held.filter(round__in=judged_rounds(corpus)).order_by()  # looked through at once
    items = RoundItem.objects.filter(
        ~Q(dialogue__in=few.values("dialogue"))
        | ~Exists(held.filter(round=OuterRef("round"), dialogue=OuterRef("dialogue"))),
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


def _figures(overview: Overview) -> dict[Any, int]:
    """What the stages count and what waits in the rounds that are shown, in one statement."""
    shown = overview.once(shown_rounds)
    _catch_up([found for found in shown if found.is_open])
    rounds = _judged(overview)
    rows = {
        "complete": complete_dialogues(overview.corpus) if rounds else Dialogue.objects.none(),
        "contested": up_to(Item.objects.filter(round__in=shown, open=True), MOST_OPEN),
        "decided": decisions(shown),
        "decided by several": decisions(shown).filter(size__gte=2),
    }
    return counts_at_once(rows | waiting_rows(shown, overview.corpus.my_role))


def complete_count(overview: Overview) -> int:
    """How many dialogues are complete."""
    return overview.once(_figures)["complete"]


def annotation_stages(overview: Overview):
    corpus = overview.corpus
    if corpus.my_role not in SEERS:
        return
    shown, counted = overview.once(shown_rounds), overview.once(_figures)
    yield _annotated(overview)
    contested, more = capped(counted["contested"], MOST_OPEN)
    pairs = paired_items(overview.once(_tallies), shown)
    decided = counted["decided"]
    yield Stage(
        icon="users",
        label=gettext_lazy("Agreed"),
        count=max(pairs - contested - counted["decided by several"], 0),
        total=pairs,
        note=_("of %(n)s items with two annotators or more") % {"n": localize(pairs)},
        href=_of_newest(shown, "agreement") or reverse("rounds", args=[corpus.pk]),
    )
    waiting = next((found for found in shown if counted.get(("contested", found))), None)
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


def _catch_up(rounds: list[Round]) -> None:
    """Count a few of the submissions that the tallies of these rounds do not hold yet."""
    late = item_counts.waiting_rounds(rounds)
    for found in rounds:
        if found.pk in late:
            item_counts.catch_up(found, most=AT_ONCE)


def _contested(count: int, more: bool) -> str:
    shown = f"{localize(count)}+" if more else localize(count)
    words = ngettext("%(n)s contested item left", "%(n)s contested items left", count)
    return words % {"n": shown} if count else _("nothing contested")


def _annotated(overview: Overview) -> Stage:
    corpus, rounds = overview.corpus, _judged(overview)
    published = overview.counts["published"]
    active = sum(found.is_open and not found.published for found in rounds)
    new_round = Step(gettext_lazy("New round"), reverse("new_round", args=[corpus.pk]))
    starts = corpus.my_role == LEAD and published and not rounds
    return Stage(
        icon="pencil-line",
        label=gettext_lazy("Annotated"),
        count=complete_count(overview),
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


def paired_items(tallies: list[Tally], rounds: list[Round]) -> int:
    """Items of some rounds that two people or more answered, from their tallies."""
    scheme_of = {found.pk: found.scheme for found in rounds}
    return sum(_paired(Totals(row.counts, scheme_of[row.round_id])) for row in tallies)


def _paired(totals: Totals) -> int:
    return sum(int(totals.pairs(task).pairable) for task in totals.scheme.tasks)


def decisions(rounds):
    """The newest rulings on items of some rounds that decide them."""
    rulings = Adjudication.objects.filter(round__in=[each.pk for each in rounds]).order_by()
    newest = rulings.values("round", "utterance", "task").annotate(newest=Max("pk"))
    deciding = [Adjudication.Verdict.VALUE, Adjudication.Verdict.AMBIGUOUS]
    return rulings.filter(pk__in=newest.values("newest"), verdict__in=deciding)


def adjudication_needs(overview: Overview):
    """Contested items and comments, for those who may see what was answered."""
    if overview.corpus.my_role in SEERS:
        yield from result_needs(overview.once(_figures))


def round_needs(overview: Overview):
    """Rounds that are late or cannot go on, for leads."""
    if overview.corpus.my_role == LEAD:
        rounds = overview.once(all_rounds)
        counted = counts_at_once(progress_rows(rounds, overview.once(_seats)))
        yield from progress_needs(rounds, counted)


def waiting_rows(rounds: list[Round], role: str | None) -> dict[tuple[str, Round], QuerySet[Any]]:
    """What waits in rounds whose results the person may see: contested items, comments, and for
    leads people who drift and flags; of the newest rounds where there are many.
    """
    rows: dict[tuple[str, Round], QuerySet[Any]] = {}
    for found in rounds if len(rounds) <= MOST_ROUNDS else _newest_waiting(rounds):
        rows["contested", found] = up_to(found.items.filter(open=True))
        rows["comments", found] = Comment.objects.waiting().filter(assignment__round=found)
        if role == LEAD:
            flags = found.quality_flags.waiting().order_by()
            drifts = Q(kind=QualityFlag.Kind.DRIFT)
            rows["drifts", found] = flags.filter(drifts).values("person").distinct()
            rows["flags", found] = flags.exclude(drifts)
    return rows


def _newest_waiting(rounds: list[Round]) -> list[Round]:
    waiting = (
        Item.objects.filter(round=OuterRef("pk"), open=True),
        Comment.objects.waiting().filter(assignment__round=OuterRef("pk")),
        QualityFlag.objects.waiting().filter(round=OuterRef("pk")),
    )
    any_of = reduce(or_, (Q(Exists(rows.order_by())) for rows in waiting))
    found = Round.objects.filter(any_of, pk__in=[each.pk for each in rounds])
    newest = set(found.values_list("pk", flat=True)[:MOST_ROUNDS])
    return [each for each in rounds if each.pk in newest]


def result_needs(counted: Mapping[Any, int]):
    """The needs of what `waiting_rows` found."""
    rounds = [key[1] for key in counted if key[0] == "contested"]
    for found in rounds:
        count, more = capped(counted["contested", found])
        yield Need(
            ngettext(
                "%(n)s contested item in %(round)s", "%(n)s contested items in %(round)s", count
            ),
            count,
            reverse("adjudication", args=[found.pk]),
            more=more,
            values={"round": found.name},
        )
    for found in rounds:
        count = counted["comments", found]
        yield Need(
            ngettext(
                "%(n)s comment or flag to answer in %(round)s",
                "%(n)s comments or flags to answer in %(round)s",
                count,
            ),
            count,
            reverse("round_comments", args=[found.pk]),
            values={"round": found.name},
        )
    for found in rounds:
        yield from _flag_needs(found, counted)


def _flag_needs(found: Round, counted: Mapping[Any, int]):
    quality, values = reverse("quality", args=[found.pk]), {"round": found.name}
    drifts, flags = counted.get(("drifts", found), 0), counted.get(("flags", found), 0)
    drift = ngettext(
        "%(n)s annotator of %(round)s drifts over time",
        "%(n)s annotators of %(round)s drift over time",
        drifts,
    )
    yield Need(drift, drifts, quality, values=values)
    flagged = ngettext(
        "%(n)s quality flag to review in %(round)s",
        "%(n)s quality flags to review in %(round)s",
        flags,
    )
    yield Need(flagged, flags, quality, values=values)


def progress_rows(
    rounds: list[Round], seats: list[Participant]
) -> dict[tuple[str, Round], QuerySet[Any]]:
    """Dialogues of some rounds that lack people, of whom `seats` take part, and dialogues that are
    held by somebody who has gone; of the newest open rounds.
    """
    seats_of = defaultdict(list)
    for seat in seats:
        seats_of[seat.round_id].append(seat)
    held = Assignment.objects.filter(state="held", expires_at__lt=timezone.now())
    rows: dict[tuple[str, Round], QuerySet[Any]] = {}
    for found in _in_progress(rounds)[:MOST_ROUNDS]:
        rows["stuck", found] = up_to(found.stuck(seats_of[found.pk]))
        rows["held", found] = held.filter(round=found)
    return rows


def _in_progress(rounds: list[Round]) -> list[Round]:
    return [found for found in rounds if found.is_open and not found.published]


def progress_needs(rounds: list[Round], counted: Mapping[Any, int]):
    """What keeps some rounds from going on: a deadline that is past, and what `progress_rows`
    found.
    """
    for found in _in_progress(rounds):
        if found.due is None or not found.is_overdue:
            continue
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
    stuck = [key[1] for key in counted if key[0] == "stuck"]
    for found in stuck:
        count, more = capped(counted["stuck", found])
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
    for found in stuck:
        count = counted["held", found]
        yield Need(
            ngettext(
                "%(n)s dialogue of %(round)s is held without activity",
                "%(n)s dialogues of %(round)s are held without activity",
                count,
            ),
            count,
            f"{reverse('round', args=[found.pk])}#people",
            values={"round": found.name},
        )


def needs_rows(
    found: Round, role: str, blind: bool, seats: list[Participant]
) -> dict[Any, QuerySet[Any]]:
    """What waits in one round, in which `seats` take part, to be counted at once; without what
    would tell a blind annotator about its results.
    """
    rows: dict[Any, QuerySet[Any]] = {} if blind else {**waiting_rows([found], role)}
    return rows | (progress_rows([found], seats) if role == LEAD else {})


def needs_of(found: Round, role: str, counted: Mapping[Any, int]) -> list[Need]:
    """What waits in one round, from the counts of `needs_rows`."""
    rows = list(result_needs(counted))
    if role == LEAD:
        rows += progress_needs([found], counted)
    return [need for need in rows if need.count]


def results_panel(overview: Overview):
    """Where the results of the round stand that is looked at first: the newest with answers."""
    corpus = overview.corpus
    if corpus.my_role not in SEERS:
        return None
    counted = {tally.round_id for tally in overview.once(_tallies) if tally.submissions}
    rounds = (found for found in overview.once(shown_rounds) if found.pk in counted)
    withheld = corpus.pk in overview.once(_blind_in)  # the person annotates one of them blind
    return {"round": next(rounds, None), "withheld": withheld}


def progress_panel(overview: Overview):
    if overview.corpus.my_role not in SEERS:
        return None
    rounds = [found for found in _judged(overview) if not found.published]
    return {"round": next((found for found in rounds if found.is_open), next(iter(rounds), None))}


def pace_panel(overview: Overview):
    """For leads: adjudicators may meet annotators as letters, round by round."""
    if overview.corpus.my_role != LEAD:
        return None
    return {"any": True} if overview.once(_seats) else None
