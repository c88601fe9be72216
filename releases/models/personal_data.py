"""Where a worker found what may be personal data in the transcripts, and reviews of it."""

from collections import defaultdict

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from corpus.models import Corpus, Utterance
from corpus.models.checks import CorpusReport
from people.models import Event


class PersonalDataReport(CorpusReport):
    """That the transcripts of a corpus are searched for what may be personal data
    (releases/personal_data_search.py). `listed_at` is the date of its PersonalDataCandidates.
    """

    corpus = models.OneToOneField(Corpus, models.CASCADE, related_name="personal_data_report")

    verb = "search for personal data"
    work = "releases.personal_data_search.list_candidates"
    kind_label = _("search for personal data")

    def __str__(self):
        return f"personal data of {self.corpus}"

    @property
    def page_url(self):
        return reverse("personal_data", args=[self.corpus_id])


class PersonalDataCandidate(models.Model):
    """An utterance with something that may be personal data; what it is stands in its words alone,
    so that there is no copy of it.
    """

    utterance = models.OneToOneField(
        Utterance, models.CASCADE, primary_key=True, related_name="personal_data_candidate"
    )
    corpus = models.ForeignKey(Corpus, models.CASCADE, db_index=False, related_name="+")

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["corpus", "utterance"], name="personal_data_candidates"),
        ]

    def __str__(self):
        return str(self.utterance)


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
