"""Keeps the items and the tally of a round up to date with what was submitted.

A submission marks nothing but itself (`Assignment.counted` is false), so that the queue pays
nothing for it. Whoever looks counts what is new, a few dialogues at a time; verbs that undo
submissions count their dialogue at once. A dialogue is always counted as a whole: what its items
said before is taken away from the tally, what they say now is added. Locks: tally, then
assignments.
"""

from collections import Counter, defaultdict
from itertools import takewhile

from django.db import transaction
from django.utils import timezone

from annotation.agreement.tally import Totals, part_of, tally_of
from annotation.consensus import disagreement
from annotation.models import Adjudication, Assignment, Item, Judgement, Tally
from annotation.quality.annotator_models import rules_of
from annotation.scheme import CANNOT_TELL
from corpus.models import Utterance

AT_ONCE = 2  # dialogues in one transaction of a look, so that nobody waits long for it
IN_BULK = 25  # the same of a worker, which has more to count
RECOMPUTED_AT_ONCE = 400  # items in one transaction


def waiting(round):
    """Submissions that the tally does not hold yet."""
    return Assignment.objects.filter(round=round, state="submitted", counted=False, gold=False)


def waiting_rounds(rounds):
    """The ids of those of some rounds whose tallies do not hold every submission yet."""
    late = Assignment.objects.filter(round__in=rounds, state="submitted", counted=False, gold=False)
    return set(late.order_by().values_list("round", flat=True).distinct()) if rounds else set()


def catch_up(round, most=None, beat=None):
    """Count what is new, at most about `most` dialogues; how many submissions still wait.

    `beat(share)` is called between transactions.
    """
    size = IN_BULK if most is None else AT_ONCE
    left = waiting(round).count()
    done, whole, after = 0, left, 0
    while left and (most is None or done < most):
        ahead = waiting(round).filter(pk__gt=after).order_by("pk")  # not all: they may be many
        rows = list(ahead.values_list("pk", "dialogue")[: 4 * size])
        dialogues = list(dict.fromkeys(dialogue for _pk, dialogue in rows))[:size]
        left -= count_dialogues(round, dialogues)
        done += len(dialogues)
        after = _last_counted(rows, dialogues)
        if left <= 0 or not rows:  # what was submitted meanwhile may stand anywhere
            left, after = waiting(round).count(), 0
        if beat:
            beat(1 - left / max(whole, left))
    return left


def _last_counted(rows, dialogues):
    """The id before the first of `rows` (id, dialogue) whose dialogue is not among these."""
    counted = takewhile(lambda row: row[1] in dialogues, rows)
    return max((pk for pk, _dialogue in counted), default=0)


def lock(round):
    """The tally of a round, made if there is none, locked until the transaction ends."""
    Tally.objects.get_or_create(round=round, part="")
    return Tally.objects.select_for_update().get(round=round, part="")


@transaction.atomic
def count_dialogues(round, dialogues):
    """Count these dialogues anew; how many submissions were not counted before."""
    tally = lock(round)
    rows = Assignment.objects.filter(round=round, dialogue__in=dialogues, gold=False)
    uncounted = rows.filter(state="submitted", counted=False)
    # found in no order, as SQLite finds an ordered few by looking through all of the round
    found = list(uncounted.order_by().values_list("pk", flat=True))
    locked = uncounted.filter(pk__in=found).order_by("pk").select_for_update(of=("self",))
    new = list(locked.values_list("pk", flat=True))
    Assignment.objects.filter(pk__in=new).update(counted=True)
    gone = rows.filter(counted=True).exclude(state="submitted").update(counted=False)
    spoken = Utterance.all_objects.filter(dialogue__in=dialogues).values_list("pk", flat=True)
    stored = Item.objects.filter(round=round, utterance__in=list(spoken))
    before = _stored(stored)
    after = _submitted_answers(round, dialogues)
    changes = tally_of(after, round.scheme)
    changes.subtract(tally_of(before, round.scheme))
    tally.submissions += len(new) - gone
    tally.at = timezone.now()
    _add(round, tally, changes)
    stored.delete()
    Item.objects.bulk_create(_items(round, after), batch_size=500)
    return len(new)


def _add(round, whole, changes):
    """Add to the parts of a tally what they have part in; the locked part `whole` is saved."""
    by_part: dict[str, Counter[str]] = defaultdict(Counter)
    for key, number in changes.items():
        if number:
            by_part[part_of(key)][key] = number
    rows = {row.part: row for row in Tally.objects.filter(round=round, part__in=list(by_part))}
    rows[""] = whole
    for part, more in by_part.items():
        row = rows.setdefault(part, Tally(round=round, part=part))
        counts = Counter(row.counts)
        counts.update(more)
        row.counts = {key: number for key, number in counts.items() if number}
    known = [row for row in rows.values() if row.pk]
    Tally.objects.bulk_update(known, ["counts", "submissions", "at"], batch_size=100)
    Tally.objects.bulk_create(row for row in rows.values() if not row.pk)


def kept(round):
    """The tally of a round as it is kept, put together."""
    found: dict[str, int] = {}
    for counts in Tally.objects.filter(round=round).values_list("counts", flat=True):
        found |= counts
    return found


def totals(round):
    """The Totals of what is counted."""
    return Totals(kept(round), round.scheme)


def recount(round):
    """The tally of a round from its judgements alone, for checking the one that is kept."""
    return tally_of(_submitted_answers(round), round.scheme)


def _stored(items):
    found: dict[int, dict[str, dict[int, str]]] = defaultdict(dict)
    for item in items.order_by().only("utterance_id", "task", "answers"):
        found[item.utterance_id][item.task] = item.given
    return found


def _submitted_answers(round, dialogues=None):
    """Utterance -> task -> person -> value of what counts.

    The newest row stays, and is told here: asked for the newest ones, PostgreSQL looks through all
    rows again for each, where its statistics are behind; asked for an order, SQLite reads them all.
    """
    rows = Judgement.objects.filter(assignment__round=round).submitted()
    if dialogues is not None:
        work = Assignment.objects.filter(round=round, dialogue__in=dialogues, state="submitted")
        rows = rows.filter(assignment__in=list(work.order_by().values_list("pk", flat=True)))
    answers = rows.order_by().values_list(
        "pk", "utterance_id", "task", "assignment__person_id", "value"
    )
    newest = {}
    for _pk, utterance, task, person, value in sorted(answers.iterator()):
        newest[utterance, task, person] = value
    found: dict[int, dict[str, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
    for (utterance, task, person), value in newest.items():
        if value not in ("", CANNOT_TELL):
            found[utterance][task][person] = value
    return found


def _items(round, answers):
    rules = rules_of(round)
    ruled = newest_rulings(round, answers)
    tasks = {task.key: task for task in round.scheme.tasks}
    for utterance, by_task in answers.items():
        for key, given in by_task.items():
            item = Item(round=round, utterance_id=utterance, task=key)
            item.answers = {f"p{who}": value for who, value in sorted(given.items())}
            item.size = len(given)
            places = [tasks[key].keys.index(value) for value in given.values()]
            graded = tasks[key].level == "ordinal"
            item.disagreement = disagreement(places, len(tasks[key].keys), graded)
            apply_consensus(item, rules, ruled.get((utterance, key)))
            yield item


def apply_consensus(item, rules, ruling):
    """Set what an item's answers come to under the round's rules and its newest ruling."""
    found = rules[item.task].settle(item.given)
    item.kind, item.value, item.soft = found.kind, found.value or "", found.soft
    item.verdict, item.ruling = "", ""
    if ruling is not None and not ruling.outlived_by(item):
        item.verdict, item.ruling = ruling.verdict, ruling.value
    item.open = found.value is None and not item.verdict


def newest_rulings(round, utterances):
    """(utterance id, task) -> the Adjudication that counts."""
    rows = Adjudication.objects.filter(round=round, utterance__in=list(utterances)).order_by("pk")
    return {(row.utterance_id, row.task): row for row in rows}


def recompute_consensus(round, rows=None):
    """Recompute what items come to after the rule, an annotator model or a ruling has changed.

    Some hundred in a transaction; what is counted meanwhile follows the new rule anyway.
    """
    items = round.items.all() if rows is None else rows
    ids = list(items.order_by("pk").values_list("pk", flat=True))
    for first in range(0, len(ids), RECOMPUTED_AT_ONCE):
        with transaction.atomic():
            lock(round)
            part = list(Item.objects.filter(pk__in=ids[first : first + RECOMPUTED_AT_ONCE]))
            rules = rules_of(round)
            ruled = newest_rulings(round, {item.utterance_id for item in part})
            for item in part:
                apply_consensus(item, rules, ruled.get((item.utterance_id, item.task)))
            fields = ["kind", "value", "soft", "verdict", "ruling", "open"]
            Item.objects.bulk_update(part, fields, batch_size=100)


def catch_up_all(rounds):
    """Count everything that is new in some rounds."""
    for round in rounds:
        catch_up(round)
