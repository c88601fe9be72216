"""What machines would answer, for annotators to see and for the order of rounds."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from corpus.models import Utterance


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    def newest(self):
        """The last one that each origin gave to a question."""
        top = self.values("utterance", "task").annotate(newest=models.Max("pk"))
        return self.model.objects.filter(pk__in=top.values("newest"))


class Suggestion(models.Model):
    """What a machine would answer, with its probability; `origin` says which machine."""

    utterance = models.ForeignKey(Utterance, models.CASCADE, related_name="suggestions")
    task = models.CharField(max_length=40)
    value = models.CharField(max_length=40)
    probability = models.FloatField()
    origin = models.CharField(max_length=120)
    at = models.DateTimeField(default=timezone.now)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["utterance", "task", "-id"], name="newest_suggestion")]
        constraints = [
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="a_probability"
            )
        ]

    def __str__(self):
        return f"{self.utterance} {self.task}={self.value}"
