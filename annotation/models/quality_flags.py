"""Quality findings: what looks careless in somebody's answers, and what people found out."""

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from annotation.models.rounds import Round
from core.column_lengths import fitting
from people.models import Event


class QualityFlagQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(gone=False, reviews=None)


class QualityFlag(models.Model):
    """Something in the answers of a round that chance would hardly make; no verdict.

    `key` names the same thing in every computation; `neg_log10_p` is -log10 of how probable it is
    under what `evidence` says; `rows` are ids of utterances, the first `SHOWN` of them; `gone`
    if the newest computation does not find it any more.
    """

    class Kind(models.TextChoices):
        COPIED = "copied", _("copied block or repeated pattern")
        MONOTONE = "monotone", _("same answer repeated")
        FAST = "fast", _("faster than the clip")
        DRIFT = "drift", _("drift over time")
        GOLD = "gold", _("low accuracy on expert labels")
        RULES = "rules", _("guideline rules broken")
        DETACHED = "detached", _("correlation independent of its tasks")

    round = models.ForeignKey(Round, models.CASCADE, related_name="quality_flags")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="quality_flags"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    task = models.CharField(max_length=40, blank=True)
    key = models.CharField(max_length=120)
    evidence = models.JSONField(default=dict)
    rows = models.JSONField(default=list)
    count = models.PositiveIntegerField(default=0)
    neg_log10_p = models.FloatField()
    gone = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now=True)

    objects = QualityFlagQuerySet.as_manager()

    class Meta:
        ordering = ["-neg_log10_p", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "key"], name="one_quality_flag_a_key")
        ]

    def __str__(self):
        return f"{self.get_kind_display()} · {self.person}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    @transaction.atomic
    def review(self, person, outcome, words=""):
        """Say what it was; the newest review counts. Raises UserError for too many words."""
        outcome = QualityFlagReview.Outcome(outcome)
        words = fitting(words, "words", 1000)
        review = self.reviews.create(person=person, outcome=outcome, words=words)
        Event.record(person, "review", self, outcome=outcome)
        return review


class QualityFlagReview(models.Model):
    """What a person found out about a flag."""

    class Outcome(models.TextChoices):
        EXPLAINED = "explained", _("explained: answers are valid")
        TALKED = "talked", _("discussed with the annotator")
        FAULT = "fault", _("confirmed: exclude these answers")

    flag = models.ForeignKey(QualityFlag, models.CASCADE, related_name="reviews")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    outcome = models.CharField(max_length=9, choices=Outcome)
    words = models.CharField(_("details"), max_length=1000, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.get_outcome_display()
