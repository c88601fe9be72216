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
        VALUE = "value", _("this value is right")
        AMBIGUOUS = "ambiguous", _("truly ambiguous: several values are right")
        AGAIN = "again", _("one more person should judge it")
        NONE = "none", _("decision taken back")

    class Error(models.TextChoices):
        NONE = "", _("no error, a close call")
        GUIDELINE = "guideline", _("the guideline is unclear or silent")
        CONTEXT = "context", _("context, tone or irony was missed")
        SLIP = "slip", _("a slip")
        MATERIAL = "material", _("the cut or the text is wrong")

    round = models.ForeignKey(Round, models.CASCADE, related_name="adjudications")
    utterance = models.ForeignKey(Utterance, models.PROTECT, related_name="adjudications")
    task = models.CharField(max_length=40)
    verdict = models.CharField(max_length=9, choices=Verdict, default=Verdict.VALUE)
    value = models.CharField(max_length=40, blank=True)
    reason = models.TextField(_("why"), blank=True, max_length=2000)
    error = models.CharField(_("what went wrong"), max_length=9, choices=Error, blank=True)
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
