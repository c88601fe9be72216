"""Reviews of what may be personal data in the transcripts."""

from collections import defaultdict

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from corpus.models import Utterance
from people.models import Event


class PersonalDataReview(models.Model):
    """A person's decision whether words are personal data; the newest about the words counts."""

    class Outcome(models.TextChoices):
        KEEP = "keep", _("not private: publish as it is")
        MASK = "mask", _("private: mask")

    utterance = models.ForeignKey(Utterance, models.CASCADE, related_name="personal_data_reviews")
    words = models.CharField(max_length=200)
    kind = models.CharField(max_length=10)
    outcome = models.CharField(max_length=4, choices=Outcome)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.utterance} {self.outcome}"

    @classmethod
    @transaction.atomic
    def record(cls, person, utterance, match, outcome):
        """Keep a person's decision about a PersonalDataMatch; the same again changes nothing."""
        words = match.words[:200]
        before = cls.objects.filter(utterance=utterance, words=words).last()
        if before and before.outcome == outcome:
            return before
        review = cls.objects.create(
            utterance=utterance,
            words=words,
            kind=match.kind,
            outcome=cls.Outcome(outcome),
            person=person,
        )
        Event.record(person, "review", utterance, kind=match.kind, outcome=outcome)
        return review

    @classmethod
    def outcomes(cls, utterances):
        """Utterance id -> words -> outcome, of what was reviewed."""
        outcomes: defaultdict[int, dict[str, str]] = defaultdict(dict)
        rows = cls.objects.filter(utterance__in=utterances).order_by("pk")
        for utterance, words, outcome in rows.values_list("utterance_id", "words", "outcome"):
            outcomes[utterance][words] = outcome
        return outcomes
