"""Quality findings: what looks odd in somebody's answers, and what people said to it."""

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from annotation.models.rounds import Round
from people.models import Event


class OddityQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(gone=False, answers=None)


class Oddity(models.Model):
    """Something in the answers of a round that chance would hardly make; no verdict.

    `key` names the same thing in every computation; `surprise` is -log10 of how probable it is
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

    round = models.ForeignKey(Round, models.CASCADE, related_name="oddities")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="oddities"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    task = models.CharField(max_length=40, blank=True)
    key = models.CharField(max_length=120)
    evidence = models.JSONField(default=dict)
    rows = models.JSONField(default=list)
    count = models.PositiveIntegerField(default=0)
    surprise = models.FloatField()
    gone = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now=True)

    objects = OddityQuerySet.as_manager()

    class Meta:
        ordering = ["-surprise", "pk"]
        constraints = [models.UniqueConstraint(fields=["round", "key"], name="one_oddity_a_key")]

    def __str__(self):
        return f"{self.get_kind_display()} · {self.person}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    @transaction.atomic
    def answer(self, person, outcome, words=""):
        """Say what it was; the newest answer counts."""
        given = self.answers.create(
            person=person, outcome=OddityAnswer.Outcome(outcome), words=words.strip()[:1000]
        )
        Event.record(person, "answer", self, outcome=outcome)
        return given


class OddityAnswer(models.Model):
    """What a person found out about an oddity."""

    class Outcome(models.TextChoices):
        EXPLAINED = "explained", _("explained: answers are valid")
        TALKED = "talked", _("discussed with the annotator")
        FAULT = "fault", _("confirmed: exclude these answers")

    oddity = models.ForeignKey(Oddity, models.CASCADE, related_name="answers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    outcome = models.CharField(max_length=9, choices=Outcome)
    words = models.CharField(_("details"), max_length=1000, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.get_outcome_display()
