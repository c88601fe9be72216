"""Adjudications, and the gold that judgements and adjudications make together."""

from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.db import models, transaction

from annotation.consensus import Consensus, settle
from annotation.models.judgements import Judgement
from annotation.models.rounds import Round
from corpus.models import Dialogue, Utterance
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


class GoldAnswer(models.Model):
    """What an expert says is right, and why; the newest one of a question counts ("" for none)."""

    utterance = models.ForeignKey(Utterance, models.CASCADE, related_name="gold_answers")
    task = models.CharField(max_length=40)
    value = models.CharField(max_length=40, blank=True)
    why = models.TextField(blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["utterance", "task"], name="gold_of_a_question")]

    def __str__(self):
        return f"{self.utterance} {self.task}={self.value}"

    @classmethod
    def known(cls, dialogues):
        """The gold answers of dialogues, utterance id -> task -> GoldAnswer."""
        found: dict[int, dict[str, GoldAnswer]] = defaultdict(dict)
        rows = cls.objects.filter(utterance__dialogue__in=dialogues, utterance__retired=False)
        for row in rows.order_by("pk"):
            found[row.utterance_id][row.task] = row
            if not row.value:
                del found[row.utterance_id][row.task]
        return {utterance: rows for utterance, rows in found.items() if rows}

    @classmethod
    @transaction.atomic
    def key(cls, person, dialogue, answers):
        """Write down what is right: (utterance, task, value, why); unchanged ones are left."""
        known = cls.known([dialogue])
        fresh = []
        for utterance, task, value, why in answers:
            before = known.get(utterance.pk, {}).get(task)
            if (value, why) != ((before.value, before.why) if before else ("", "")):
                fresh.append(
                    cls(utterance=utterance, task=task, value=value, why=why, person=person)
                )
        cls.objects.bulk_create(fresh)
        if fresh:
            Event.record(person, "key", dialogue, answers=len(fresh))
        return len(fresh)


def with_gold(corpus):
    """The published dialogues of a corpus that have gold answers."""
    known = GoldAnswer.objects.filter(utterance__corpus=corpus, utterance__retired=False)
    return Dialogue.objects.published().filter(
        corpus=corpus, pk__in=known.exclude(value="").values("utterance__dialogue")
    )


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
    rows = judgements.current().told().order_by("pk")
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
