"""Adjudications, and the gold that judgements and adjudications make together."""

from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.db import models, transaction

from annotation.consensus import Consensus, settle
from annotation.models.judgements import Judgement
from annotation.models.rounds import Round
from corpus.models import Utterance
from people.models import Event


class Adjudication(models.Model):
    """A person's ruling on one task of one utterance in a round; the newest one counts."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="adjudications")
    utterance = models.ForeignKey(Utterance, models.PROTECT, related_name="adjudications")
    task = models.CharField(max_length=40)
    value = models.CharField(max_length=40)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.utterance} {self.task}={self.value}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    @classmethod
    @transaction.atomic
    def rule(cls, person, round, utterance, task, value):
        """Write the ruling. Raises SchemeError for an impossible value."""
        round.scheme.check(task, value)
        ruling = cls.objects.create(
            round=round, utterance=utterance, task=task, value=value, person=person
        )
        Event.record(person, "adjudicate", ruling, utterance=utterance.uid, task=task, value=value)
        return ruling


@dataclass(frozen=True)
class Item:
    """One task of one utterance with everybody's handed-in answers and what follows from them."""

    utterance_id: int
    task: str
    answers: dict[int, str]  # person id -> value
    consensus: Consensus
    ruling: str | None

    @property
    def gold(self) -> str | None:
        return self.ruling or self.consensus.value

    @property
    def provenance(self) -> str:
        return "adjudicated" if self.ruling else self.consensus.kind

    @property
    def open(self) -> bool:
        return self.ruling is None and self.consensus.value is None


def items(rounds, task=None) -> list[Item]:
    """The items of one or more rounds, judgements of different rounds on one item together."""
    judgements = Judgement.objects.filter(assignment__round__in=rounds).submitted()
    rulings = Adjudication.objects.filter(round__in=rounds)
    if task:
        judgements, rulings = judgements.filter(task=task), rulings.filter(task=task)
    answers: dict[tuple[int, str], dict[int, str]] = defaultdict(dict)
    rows = judgements.current().order_by("pk")
    for utterance, key, person, value in rows.values_list(
        "utterance_id", "task", "assignment__person_id", "value"
    ).iterator():
        answers[utterance, key][person] = value
    ruled = {
        (utterance, key): value
        for utterance, key, value in rulings.values_list("utterance_id", "task", "value")
    }
    return [
        Item(utterance, key, given, settle(list(given.values())), ruled.get((utterance, key)))
        for (utterance, key), given in answers.items()
    ]
