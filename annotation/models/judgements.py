"""One answer of one person to one task on one utterance; append-only."""

import uuid

from django.db import models
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from core.statements import Prepared
from corpus.models import Utterance


class JudgementQuerySet(models.QuerySet["Judgement"]):
    def current(self):
        """The newest row per assignment, utterance and task, without those taken back."""
        newest = self.values("assignment", "utterance", "task").annotate(newest=Max("pk"))
        return self.model.objects.filter(pk__in=newest.values("newest")).exclude(value="")

    def answering(self, values):
        """The ids of utterances of which somebody's current answers are among the `values` (task
        -> values) for all of these tasks at once.
        """
        (first, among), *others = values.items()
        rows = self.filter(~Exists(self._newer()), task=first, value__in=among)
        for task, wanted in others:
            same = {name: OuterRef(name) for name in ("assignment", "utterance")}
            other = self.model.objects.filter(~Exists(self._newer()), **same)
            rows = rows.filter(Exists(other.filter(task=task, value__in=wanted)))
        return rows.order_by().values("utterance")

    def _newer(self):
        same = {name: OuterRef(name) for name in ("assignment", "utterance", "task")}
        return self.model.objects.filter(**same, pk__gt=OuterRef("pk"))

    def submitted(self):
        """Of submissions that count: not withdrawn, not on gold dialogues that are mixed in, and on
        utterances that still stand as they were judged.
        """
        return self.filter(
            assignment__state="submitted", assignment__gold=False, utterance__retired=False
        )


class Judgement(models.Model):
    """Never changed or deleted: a later row about the same question replaces it.

    `seconds` is what the annotator spent on the utterance since the answer before, idle time left
    out; `confidence` is 1 (a guess) to 3 (sure), None where it was not asked.
    """

    assignment = models.ForeignKey(  # `newest_answer` begins with it
        "annotation.Assignment", models.CASCADE, db_index=False, related_name="judgements"
    )
    utterance = models.ForeignKey(Utterance, models.PROTECT, related_name="judgements")
    task = models.CharField(max_length=40)
    value = models.CharField(max_length=40, blank=True)
    confidence = models.PositiveSmallIntegerField(null=True)
    seconds = models.FloatField(default=0.0)
    client_id = models.UUIDField(unique=True, default=uuid.uuid4)
    at = models.DateTimeField(default=timezone.now)

    objects = JudgementQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["assignment", "utterance", "task", "-id"], name="newest_answer")
        ]

    def __str__(self):
        return f"{self.utterance} {self.task}={self.value}"


HISTORY = Prepared(  # judgements of an assignment, of each question oldest first
    lambda pk: (
        Judgement.objects.filter(assignment=pk)
        .order_by("-utterance", "-task", "pk")  # as `newest_answer` has them, read backwards
        .values_list("utterance", "task", "value", "client_id")
    )
)


def newest_of(rows):
    """The newest of some Judgements, oldest first: utterance id -> task -> Judgement."""
    found: dict[int, dict[str, Judgement]] = {}
    for row in rows:
        found.setdefault(row.utterance_id, {})[row.task] = row
    return found


def current_values(rows):
    """The values of the newest rows of HISTORY: utterance id -> task -> value."""
    values: dict[int, dict[str, str]] = {}
    for utterance, task, value, _client_id in rows:
        if value:
            values.setdefault(utterance, {})[task] = value
    return values
