"""In which order the dialogues of a round are given out."""

import random

from django.db.models import Avg, F, Value

from annotation.agreement.item_counts import catch_up_all
from annotation.models import Item, Round, Suggestion


def in_order(dialogues, order, seed):
    """The ids of `dialogues` (a queryset) in the order of a round."""
    ids = list(dialogues.order_by("source_id", "number").values_list("pk", flat=True))
    if order == Round.Order.SHUFFLED:
        random.Random(seed).shuffle(ids)
    if order == Round.Order.UNCERTAIN and ids:
        doubt = uncertainty(dialogues)
        ids.sort(key=lambda pk: -doubt.get(pk, 0.0))
    return ids


def uncertainty(dialogues):
    """How doubtful the answers of each dialogue are, 0 to 1, by id; those never judged are absent.

    Where a machine has made suggestions, the mean of 1 − their probability; elsewhere the mean
    disagreement of what was judged in earlier rounds.
    """
    newest = Suggestion.objects.filter(utterance__dialogue__in=dialogues).newest()
    doubts = newest.values("utterance__dialogue").annotate(doubt=Value(1.0) - Avg(F("probability")))
    found = dict(doubts.values_list("utterance__dialogue", "doubt"))
    earlier = Round.objects.filter(assignments__dialogue__in=dialogues).distinct()
    catch_up_all(earlier)
    judged = Item.objects.filter(utterance__dialogue__in=dialogues, utterance__retired=False)
    hard = judged.order_by().values_list("utterance__dialogue").annotate(mean=Avg("disagreement"))
    return dict(hard) | found
