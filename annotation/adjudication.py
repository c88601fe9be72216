"""Deciding an item: the decision is kept, and what counts follows it."""

from django.db import transaction

from annotation.agreement.item_counts import lock, recompute_consensus
from annotation.models import Adjudication
from core.column_lengths import fitting
from core.errors import UserError, gettext_noop
from people.models import Event


@transaction.atomic
def adjudicate(person, round, utterance, task, value="", verdict="value", reason="", error=""):
    """Write the decision down; the item follows it.

    Raises SchemeError for an impossible value or task, UserError if nobody can judge it again.
    """
    if verdict == Adjudication.Verdict.VALUE:
        round.scheme.check(task, value)
    else:
        value, _task = "", round.scheme[task]
    lock(round)
    rows = round.items.filter(utterance=utterance, task=task)
    size = rows.values_list("size", flat=True).first() or 0
    if verdict == Adjudication.Verdict.AGAIN:
        item = round.round_items.filter(dialogue=utterance.dialogue_id).first()
        if item is None:
            raise UserError(
                gettext_noop(
                    "Published labels cannot be annotated again. Open a round on these dialogues."
                )
            )
        item.ask_one_more()
    ruling = Adjudication.objects.create(
        round=round,
        utterance=utterance,
        task=task,
        verdict=Adjudication.Verdict(verdict),
        value=value,
        reason=fitting(reason, "reason", 2000),
        error=Adjudication.Error(error),
        size=size,
        person=person,
    )
    recompute_consensus(round, rows)
    Event.record(
        person,
        "adjudicate",
        ruling,
        utterance=utterance.uid,
        task=task,
        verdict=verdict,
        value=value,
    )
    return ruling
