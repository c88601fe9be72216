"""Opening and changing rounds: what needs the queue's order, blinding or the consensus."""

from collections.abc import Iterable

from django.db import connection, models, transaction
from django.db.models import Max
from django.urls import reverse

from annotation.agreement.item_counts import recompute_consensus
from annotation.blinding import could_look, guard_order, had_role
from annotation.models import Closure, Report, Round, RoundItem, SchemeVersion
from annotation.queue.ordering import in_order
from core.batches import create
from core.column_lengths import check_lengths
from core.errors import UserError, gettext_noop
from corpus.models import Dialogue
from jobs.tasks import call_with_row
from people.models import Event
from people.notifications import ROUND, notify

RECOMPUTE = "annotation.agreement.item_counts.recompute_consensus"
OPENED = gettext_noop("The round “%(round)s” is open for you")
OPENED_MORE = gettext_noop(
    "You take part in the round “%(round)s” of the corpus “%(corpus)s”. Your dialogues wait under "
    "“My tasks”."
)
MANY_ITEMS = 5000  # items whose consensus a request recomputes itself


@transaction.atomic
def open_round(person, corpus, name, dialogues, annotators, overlap, gold=(), openly=(), **options):
    """Open a round: every dialogue will be judged by exactly `overlap` of the annotators.

    `annotators` are Persons, or a mapping of Person to quota (dialogues, None: no limit).
    `gold` are dialogues with known answers that are mixed in. `openly` are those annotators
    who may see the others' answers meanwhile. Raises UserError if it cannot be.
    """
    quotas = annotators if isinstance(annotators, dict) else dict.fromkeys(annotators)
    members = set(corpus.people().values_list("person_id", flat=True))
    quotas = {who: quota for who, quota in quotas.items() if who.pk in members}
    if "scheme_version" not in options:
        options["scheme_version"] = SchemeVersion.of(corpus)
    opened = Round(corpus=corpus, name=name, overlap=overlap, opened_by=person, **options)
    if opened.for_all:
        opened.overlap = max(len(quotas), 1)
    if not 1 <= opened.overlap <= len(quotas):
        raise UserError(
            gettext_noop(
                "%(overlap)d annotators per dialogue, but only %(count)d annotators"
                " are chosen. Choose more."
            ),
            overlap=overlap,
            count=len(quotas),
        )
    check_lengths(opened)
    opened.save()
    added = _add_dialogues(opened, dialogues)
    if not added:
        raise UserError(gettext_noop("No published dialogues chosen. Publish some first."))
    _add_dialogues(opened, gold, gold=True)
    for who, quota in quotas.items():
        opened.participants.create(
            person=who, quota=quota, unblinded=who in openly and opened.check_openly(who)
        )
    named = {"openly": sorted(who.username for who in openly if who in quotas)}
    Event.record(
        person, "open", opened, dialogues=added, people=len(quotas), **(named if openly else {})
    )
    _tell_participants(opened, [who for who in quotas if who != person])
    return opened


def open_as_chosen(person, corpus, form):
    """Open a round as a valid RoundForm says. Raises UserError if it cannot be, Withheld where its
    order would tell the person what they annotate blind.
    """
    chosen, dialogues = form.cleaned_data, form.judged()
    guard_order(person, chosen["order"], dialogues)
    return open_round(
        person,
        corpus,
        chosen["name"],
        dialogues,
        {member.person: chosen["quota"] for member in chosen["annotators"]},
        chosen["overlap"],
        gold=form.gold(),
        openly=[member.person for member in chosen["openly"]],
        **form.options(),
    )


def extend_as_chosen(person, round, form):
    """What a valid ExtensionForm says; how many dialogues were added. Raises UserError if it cannot
    be, Withheld where the order would tell the person what they annotate blind.
    """
    dialogues = form.dialogues() if form.cleaned_data["sources"] else ()
    if form.cleaned_data["sources"]:
        guard_order(person, round.order, dialogues)
    added = extend_round(round, person, dialogues, form.cleaned_data.get("overlap"))
    round.schedule(person, form.cleaned_data["due"])
    return added


def _tell_participants(round, people):
    values = {"round": round.name, "corpus": round.corpus.name}
    notify(ROUND, people, OPENED, OPENED_MORE, reverse("my_tasks"), **values)


def leave_rounds(person):
    """Out of every round: what they submitted stays, what they hold goes to others."""
    for seat in person.participations.filter(left_at=None).select_related("round"):
        seat.round.dismiss(person, person)


def _add_dialogues(round, dialogues, gold=False):
    """Put published dialogues into the round, in its order; how many were new."""
    if isinstance(dialogues, models.QuerySet):
        pks: Iterable[int] | models.QuerySet = dialogues.order_by().values("pk")
    else:
        pks = [d.pk if isinstance(d, Dialogue) else d for d in dialogues]
    round.corpus.lock_publications()
    chosen = Dialogue.objects.published().filter(corpus=round.corpus, pk__in=pks)
    chosen = chosen.exclude(pk__in=round.round_items.values("dialogue"))
    last = round.round_items.aggregate(last=Max("position"))["last"] or 0
    rows = (
        RoundItem(round=round, dialogue_id=pk, position=position, gold=gold, open=not gold)
        for position, pk in enumerate(in_order(chosen, round.order, round.seed), last + 1)
    )
    added = create(RoundItem, rows)
    if added > 1000 and connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # else it sorts all items until it looks itself
            cursor.execute("ANALYZE annotation_rounditem")
    return added


@transaction.atomic
def extend_round(round, person, dialogues=(), overlap=None):
    """More dialogues, or more people a dialogue; how many dialogues were added.

    Raises UserError if the overlap would be less than it was or more than there are annotators.
    """
    Round.objects.select_for_update().get(pk=round.pk)
    if overlap and overlap != round.overlap:
        people = round.participants.filter(left_at=None).count()
        if not round.overlap < overlap <= people:
            raise UserError(
                gettext_noop(
                    "Annotators per dialogue can be increased from %(now)d to at "
                    "most %(people)d, the annotators of the round."
                ),
                now=round.overlap,
                people=people,
            )
        round.overlap = overlap
        round.save(update_fields=["overlap"])
        round.round_items.filter(gold=False, withdrawal=None).update(open=True)
        round.participants.update(reached=0)
    added = _add_dialogues(round, dialogues)
    Event.record(person, "extend", round, dialogues=added, overlap=round.overlap)
    return added


@transaction.atomic
def admit(round, person, who, quota=None, openly=False):
    """Let somebody of the corpus judge in the round, again if they had left it.

    `openly`: they may see the others' answers. So do all who could see some already, as lead or
    adjudicator, while they did not annotate it: nobody can tell whether they looked.
    Raises UserError for somebody outside the corpus, or an annotator who is to do so openly.
    """
    if not round.corpus.memberships.filter(person=who).exists():
        raise UserError(gettext_noop("%(name)s is not in this corpus."), name=str(who))
    seat = round.participants.filter(person=who).first() or round.participants.model(
        round=round, person=who
    )
    joins = seat.pk is None or seat.left_at is not None
    if joins and could_look(round, who):
        seat.unblinded = True
    elif openly:
        seat.unblinded = round.check_openly(who)
    seat.quota, seat.left_at, seat.blocked_at = quota, None, None
    seat.save()
    if round.for_all:
        round.overlap = round.participants.filter(left_at=None).count()
        round.save(update_fields=["overlap"])
    named = {"openly": True} if seat.unblinded else {}
    Event.record(person, "admit", round, person=who.username, quota=quota, **named)
    if joins and round.is_open and who != person:
        _tell_participants(round, [who])
    return seat


@transaction.atomic
def reopen_round(round, person):
    """Go on judging in a closed round; openly for those who could see its results meanwhile."""
    closure = Closure.objects.filter(round=round).first()
    if round.published or closure is None:
        return
    saw = seats_that_saw(closure)
    closure.delete()
    Event.record(person, "reopen", round)
    for seat in saw:
        seat.record_unblinding(person)


def seats_that_saw(closure):
    """Blind participants who could see the results since the round was closed."""
    seats = closure.round.participants.filter(left_at=None, unblinded=False)
    corpus = closure.round.corpus
    return [seat for seat in seats if had_role(corpus, seat.person, closure.at)]


def choose_consensus(round, person, consensus):
    """Choose what makes the gold; every item is settled anew, rulings stay. Whether that is done,
    or left to a worker, where there is much to settle.
    """
    if consensus != Round.Consensus.MAJORITY and Report.of(round, Report.Kind.RELIABILITY) is None:
        Report.request(person, round, Report.Kind.RELIABILITY)  # its weights are needed
    if consensus == round.consensus:
        return True
    with transaction.atomic():
        round.consensus = round.Consensus(consensus)
        round.save(update_fields=["consensus"])
        Event.record(person, "choose consensus", round, consensus=consensus)
    if round.items.order_by()[: MANY_ITEMS + 1].count() <= MANY_ITEMS:
        recompute_consensus(round)
        return True
    call_with_row.delay_on_commit(RECOMPUTE, round._meta.label_lower, round.pk)
    return False
