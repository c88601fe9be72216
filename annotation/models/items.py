"""What was handed in, item by item and added up; kept by annotation/agreement/item_counts.py."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotation.models.rounds import Round
from corpus.models import Utterance


class Outcome:
    """What the answers and the rulings of an item come to."""

    # fields of Item, attributes of PlainItem
    answers: Any  # "p" and the person's id -> value
    kind: Any
    value: Any
    verdict: Any
    ruling: Any

    @property
    def given(self):
        """Person id -> value."""
        return given_in(self.answers)

    @property
    def gold(self):
        """The value that counts, None while there is none."""
        if self.verdict == "ambiguous":
            return None
        return self.ruling or self.value or None

    @property
    def provenance(self):
        """How the gold value came to be, or why there is none."""
        if self.ruling:
            return "adjudicated"
        return "ambiguous" if self.verdict == "ambiguous" else self.kind


class Item(Outcome, models.Model):
    """One task of one utterance in a round: everybody's handed-in answers and what they come to.

    `disagreement` is 0 (all alike) to 1; `soft` the distribution over values that the rule of the
    round looked at; `verdict` and `ruling` repeat the newest Adjudication.
    """

    class Kind(models.TextChoices):
        SINGLE = "single", _("single annotation")
        UNANIMOUS = "unanimous", _("unanimous")
        MAJORITY = "majority", _("majority")
        WEIGHTED = "weighted", _("weighted majority")
        DAWID_SKENE = "dawid_skene", _("most probable (Dawid-Skene)")
        CONTESTED = "contested", _("contested")

    round = models.ForeignKey(  # the unique constraint has an index that begins with it
        Round, models.CASCADE, related_name="items", db_index=False
    )
    utterance = models.ForeignKey(Utterance, models.CASCADE, related_name="items")
    task = models.CharField(max_length=40)
    answers = models.JSONField()  # "p" and the person's id -> value
    size = models.PositiveIntegerField()
    disagreement = models.FloatField()
    kind = models.CharField(max_length=11, choices=Kind)
    value = models.CharField(max_length=40, blank=True)
    soft = models.JSONField(default=dict)
    verdict = models.CharField(max_length=9, blank=True)
    ruling = models.CharField(max_length=40, blank=True)
    open = models.BooleanField(default=False)  # contested, and nobody has decided it

    class Meta:
        ordering = ["-disagreement", "utterance_id"]
        constraints = [
            models.UniqueConstraint(fields=["round", "utterance", "task"], name="one_item_a_task")
        ]
        indexes = [
            models.Index(  # what pages count is in the indexes, so that they read no rows for it
                fields=["round", "task", "-disagreement", "utterance", "size"],
                name="disputed_by_task",
            ),
            models.Index(
                fields=["round", "-disagreement", "utterance", "task"],
                condition=Q(open=True),
                name="open_items",
            ),
            models.Index(
                fields=["round", "task"], condition=Q(open=True), name="open_items_of_task"
            ),
            models.Index(
                fields=["round", "task"],
                condition=Q(kind="contested", open=False),
                name="decided_items",
            ),
        ]

    def __str__(self):
        return f"{self.utterance} {self.task}"


@dataclass(slots=True)
class PlainItem(Outcome):
    """An Item as it is read in great numbers, or made of answers at hand."""

    utterance_id: int
    task: str
    answers: dict
    kind: str
    value: str
    soft: dict
    verdict: str
    ruling: str
    disagreement: float

    @property
    def size(self):
        return len(self.answers)


def as_text(field):
    """A JSON field as its text: where there are very many rows, orjson reads it far faster."""
    return Cast(field, models.TextField())


def given_in(answers):
    """Stored answers as person id -> value."""
    return {int(who[1:]): value for who, value in answers.items()}


class Tally(models.Model):
    """The counts of a round (annotation/agreement/tally.py), added up: one part without confusions,
    which says how many submissions the tally holds, and one for each pair of people.

    In parts, so that a submission rewrites those of its dialogue's people alone.
    """

    round = models.ForeignKey(Round, models.CASCADE, related_name="tally")
    part = models.CharField(max_length=40, blank=True)  # "a/b" for two people, "" for the rest
    counts = models.JSONField(default=dict)
    submissions = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["round", "part"], name="one_tally_a_part")]

    def __str__(self):
        return f"{self.round} {self.part}"


def counted_submissions(round):
    """How many submissions the tally of a round holds."""
    rows = Tally.objects.filter(round=round, part="")
    return rows.values_list("submissions", flat=True).first() or 0
