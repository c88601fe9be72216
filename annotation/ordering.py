"""In which order the dialogues of a round are given out."""

import random
from collections import defaultdict

from django.db.models import Avg, F, Value

from annotation.models import Round, Suggestion
from annotation.models.gold import items


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
    share of earlier judgements that differ from the commonest one.
    """
    newest = Suggestion.objects.filter(utterance__dialogue__in=dialogues).newest()
    doubts = newest.values("utterance__dialogue").annotate(doubt=Value(1.0) - Avg(F("probability")))
    found = dict(doubts.values_list("utterance__dialogue", "doubt"))
    earlier = Round.objects.filter(assignments__dialogue__in=dialogues).distinct()
    dialogue_of = dict(
        dialogues.order_by().values_list("utterances", "pk").filter(utterances__retired=False)
    )
    shares = defaultdict(list)
    for item in items(earlier):
        votes = item.consensus.votes
        if dialogue_of.get(item.utterance_id) is not None:
            shares[dialogue_of[item.utterance_id]].append(
                1 - max(votes.values()) / sum(votes.values())
            )
    return {pk: sum(each) / len(each) for pk, each in shares.items()} | found
