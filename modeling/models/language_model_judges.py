"""A language model that is asked about every utterance of a release."""

from urllib.parse import urlencode

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy

from corpus.models import Corpus
from jobs.models import Job
from modeling.models.imported_features import ImportedFeatures
from modeling.models.runs import Device
from people.models import Event
from releases.models import Release


class PromptLanguage(models.TextChoices):
    CHINESE = "zh", gettext_lazy("Chinese")
    ENGLISH = "en", gettext_lazy("English")


class LanguageModelJudgeQuerySet(models.QuerySet["LanguageModelJudge"]):
    def of(self, person):
        return self.filter(release__corpus__in=Corpus.objects.led_by(person)).select_related(
            "release__corpus", "person", "features"
        )


class LanguageModelJudge(Job):
    """How likely a language model finds each value of each task, of every utterance of a release:
    the learner's command `judge`, whose scores become ImportedFeatures.
    """

    release = models.ForeignKey(Release, models.CASCADE, related_name="language_model_judges")
    encoder = models.CharField(gettext_lazy("language model"), max_length=100)
    language = models.CharField(
        gettext_lazy("language of the questions"), max_length=2, choices=PromptLanguage
    )
    turns = models.PositiveSmallIntegerField(gettext_lazy("turns of context"))
    shots = models.PositiveSmallIntegerField(gettext_lazy("examples"))
    seed = models.PositiveIntegerField(gettext_lazy("seed of the examples"), default=1)
    half = models.BooleanField(gettext_lazy("16 bits"), default=False)
    device = models.CharField(
        gettext_lazy("computed on"), max_length=4, choices=Device, default=Device.AUTO
    )
    features = models.ForeignKey(ImportedFeatures, models.SET_NULL, null=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)

    verb = "ask"
    work = "modeling.language_model_scores.ask"
    kind_label = gettext_lazy("language model as a judge")
    corpus_field = "release__corpus"
    person_field = "person"
    name_fields = ("encoder", "release__version")
    related_fields = ("release__corpus",)
    objects = LanguageModelJudgeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.encoder} · {self.release.version}"

    @classmethod
    def corpus_files(cls, corpus):
        """(kind, folder) of what was written for the releases of a corpus, by its id."""
        for row in cls.objects.filter(release__corpus=corpus):
            yield "runs", row.directory

    @property
    def page_url(self):
        return reverse("language_model_judge", args=[self.pk])

    @property
    def corpus_id(self):
        return self.release.corpus_id

    def why_failure_withheld(self, person):
        """It may name utterances and values."""
        return self.release.why_withheld(person)

    @property
    def queue(self):  # type: ignore[override]  # of the row; of other jobs it is the model's
        """As of a run."""
        return "gpu" if self.device == Device.GPU else "train"

    @property
    def directory(self):
        return settings.RUNS_DIR / "language-model-judges" / str(self.pk)

    @property
    def run_address(self):
        """The form of a run that reads its scores."""
        chosen = {"release": self.release_id, "recipe": "language-model"}
        if self.features:
            chosen["likelihoods"] = self.features.digest
        return f"{reverse('new_run', args=[self.corpus_id])}?{urlencode(chosen)}"

    @property
    def features_name(self):
        """What the scores are called."""
        return f"{self.encoder}, {self.shots}-shot, {self.language}"[:100]

    @transaction.atomic
    def request_by(self, person):
        """Queue it. Raises UserError for a release that is not frozen or is withdrawn."""
        self.release.guard_open()
        self.person = person
        self.save()
        Event.record(person, self.verb, self, release=self.release.version)
        self.later()
