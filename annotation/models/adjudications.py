"""What leads and adjudicators decide about items."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.rounds import Round
from corpus.models import Utterance


class Adjudication(models.Model):
    """A person's decision on one task of one utterance in a round; the newest one counts.

    `size` is how many judgements there were. Nothing is deleted: taking a decision back is a row.
    """

    class Verdict(models.TextChoices):
        VALUE = "value", _("value decided")
        AMBIGUOUS = "ambiguous", _("ambiguous: several values are correct")
        AGAIN = "again", _("another annotation requested")
        NONE = "none", _("decision undone")

    class Error(models.TextChoices):
        NONE = "", _("no error, close call")
        GUIDELINE = "guideline", _("guideline unclear or incomplete")
        CONTEXT = "context", _("context, tone or irony missed")
        SLIP = "slip", _("slip")
        MATERIAL = "material", _("wrong segmentation or text")

    round = models.ForeignKey(Round, models.CASCADE, related_name="adjudications")
    utterance = models.ForeignKey(Utterance, models.PROTECT, related_name="adjudications")
    task = models.CharField(max_length=40)
    verdict = models.CharField(max_length=9, choices=Verdict, default=Verdict.VALUE)
    value = models.CharField(max_length=40, blank=True)
    reason = models.TextField(_("why"), blank=True, max_length=2000)
    error = models.CharField(
        _("cause of the disagreement"), max_length=9, choices=Error, blank=True
    )
    size = models.PositiveIntegerField(default=0)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["round", "utterance", "task"], name="rulings_of_an_item")]

    def __str__(self):
        return f"{self.utterance} {self.task}={self.value}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    def outlived_by(self, item):
        """True if it says nothing about the item any more."""
        return self.verdict == self.Verdict.NONE or (
            self.verdict == self.Verdict.AGAIN and item.size > self.size
        )
