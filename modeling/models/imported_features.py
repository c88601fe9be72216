"""Features that were computed elsewhere, imported for a release."""

import shutil
from pathlib import PurePath

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy

from core import shared_folders
from core.errors import UserError, gettext_noop
from corpus.models import Corpus
from jobs.models import Job, JobStatus
from modeling.models.features import features_directory
from modeling.models.runs import TrainingRun
from releases.models import Release


class Modality(models.TextChoices):
    TEXT = "text", gettext_lazy("text")
    AUDIO = "audio", pgettext_lazy("of a film", "sound")
    VISION = "vision", gettext_lazy("picture")


class ImportedFeaturesQuerySet(models.QuerySet["ImportedFeatures"]):
    def of(self, person):
        return self.filter(release__corpus__in=Corpus.objects.led_by(person)).select_related(
            "release__corpus", "person"
        )


class ImportedFeatures(models.Model):
    """Vectors of one modality for utterances of a release, in a directory that the learner reads
    (modeling/learner/features/imported.py); `digest` is that of the numbers.
    """

    release = models.ForeignKey(Release, models.CASCADE, related_name="imported_features")
    name = models.CharField(gettext_lazy("name"), max_length=100)
    modality = models.CharField(gettext_lazy("modality"), max_length=6, choices=Modality)
    dims = models.PositiveIntegerField()
    pooled = models.BooleanField()  # one vector an utterance
    likelihoods = models.BooleanField(default=False, editable=False)  # a language model's scores
    rate = models.FloatField(null=True)  # frames a second, where it is known
    utterances = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    source_name = models.CharField(max_length=255)
    bytes = models.BigIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    imported_at = models.DateTimeField(auto_now_add=True)

    objects = ImportedFeaturesQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "modality", "digest"], name="features_imported_once"
            )
        ]

    def __str__(self):
        return self.name

    @classmethod
    def corpus_files(cls, corpus):
        """(kind, folder) of what was imported for the releases of a corpus, by its id."""
        for row in cls.objects.filter(release__corpus=corpus):
            yield "runs", row.directory

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @property
    def directory(self):
        return features_directory(self.release_id, self.digest)

    def runs(self):
        """The runs that read them."""
        chosen = Q(**{f"options__{self.modality}_features": self.digest})
        if self.likelihoods:
            chosen |= Q(options__likelihoods=self.digest)
        return TrainingRun.objects.filter(chosen, release=self.release)

    @transaction.atomic
    def remove_by(self, person):
        """Remove them with their files. Raises UserError while a run that waits or trains needs
        them.
        """
        active = self.runs().filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]).count()
        if active:
            words = gettext_noop(
                "%(count)d runs that wait or train need %(name)s. Stop them first, or wait."
            )
            raise UserError(words, count=active, name=self.name)
        person.record("remove features", self, name=self.name, digest=self.digest)
        directory = self.directory
        self.delete()
        shared_folders.remove_with_row(directory)


class FeatureImportQuerySet(models.QuerySet["FeatureImport"]):
    def of(self, person):
        return self.filter(release__corpus__in=Corpus.objects.led_by(person)).select_related(
            "release__corpus", "person"
        )


class FeatureImport(Job):
    """A file of features that somebody brought: read by a worker, shown, and confirmed or
    discarded. A draft is what was read and waits for a person; `report` says of each modality what
    was found in it, and which utterances of the release it matches.
    """

    release = models.ForeignKey(Release, models.CASCADE, related_name="feature_imports")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    name = models.CharField(gettext_lazy("name"), max_length=100)
    modality = models.CharField(
        gettext_lazy("modality"), max_length=6, choices=Modality, blank=True
    )
    rate = models.FloatField(gettext_lazy("frames per second"), null=True)
    files = models.JSONField(default=list)  # name and size of each; the features are the first
    report = models.JSONField(default=dict)

    verb = "read features"
    work = "modeling.feature_import.read"
    uses_heartbeat_thread = True  # large files are read without progress
    kind_label = gettext_lazy("import of features")
    corpus_field = "release__corpus"
    person_field = "person"
    name_fields = ("name", "release__version")
    related_fields = ("release__corpus",)
    objects = FeatureImportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.name

    @classmethod
    def corpus_files(cls, corpus):
        """(kind, folder) of what was uploaded for the releases of a corpus, by its id."""
        for row in cls.objects.filter(release__corpus=corpus):
            yield "runs", row.directory

    @property
    def page_url(self):
        return reverse("feature_import", args=[self.pk])

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @property
    def directory(self):
        return settings.RUNS_DIR / "feature-imports" / str(self.pk)

    @property
    def is_draft(self):
        return self.status == JobStatus.DRAFT

    def uploaded(self, number):
        """Where an uploaded file is; the learner knows its kind by its ending."""
        suffix = PurePath(self.files[number]["name"]).suffix.lower()
        return self.directory / "upload" / f"{number}{suffix}"

    def read_directory(self, modality):
        """Where a worker put what it read of a modality."""
        return self.directory / "read" / modality

    @classmethod
    @transaction.atomic
    def begin(cls, person, release, files, name, modality="", rate=None):
        """Take files, (name, path) each, the features first, and have them read."""
        row = cls.objects.create(
            person=person, release=release, name=name, modality=modality, rate=rate,
            files=[{"name": each, "size": path.stat().st_size} for each, path in files],
        )  # fmt: skip
        for number, (_name, path) in enumerate(files):
            place = row.uploaded(number)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, place)
        shared_folders.publish(row.directory)
        person.record("read features", row, name=name, release=release.version)
        row.later()
        return row

    def keep_draft(self, report):
        """End the reading: what was found waits for a person."""
        mine = FeatureImport.objects.filter(
            pk=self.pk, status=JobStatus.RUNNING, attempt=self.attempt
        )
        mine.update(status=JobStatus.DRAFT, report=report, progress=1.0, finished_at=timezone.now())

    @transaction.atomic
    def confirm(self, person):
        """Import what was shown; the rows. Confirming twice changes nothing."""
        mine = FeatureImport.objects.filter(pk=self.pk, status=JobStatus.DRAFT)
        if not mine.update(status=JobStatus.DONE, finished_at=timezone.now()):
            return []
        shared_folders.fetch(self.directory, strict=True)
        rows = [self._establish(person, found) for found in self.report["tables"]]
        shared_folders.remove_with_row(self.directory)
        return rows

    def _establish(self, person, found):
        """The row of what was read of a modality, with its directory in place; the same numbers
        are imported once.
        """
        row, created = ImportedFeatures.objects.get_or_create(
            release=self.release, modality=found["modality"], digest=found["digest"],
            defaults={
                "name": self.name, "dims": found["dims"], "pooled": found["pooled"],
                "rate": self.rate, "utterances": found["matched"], "bytes": found["bytes"],
                "source_name": self.files[0]["name"][:255], "person": person,
            },
        )  # fmt: skip
        read = self.read_directory(found["modality"])
        if read.is_dir() and not row.directory.is_dir():
            row.directory.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(read, row.directory)
            shared_folders.publish(row.directory)
        if created:
            person.record("import features", row, name=row.name, digest=row.digest,
                          release=self.release.version)  # fmt: skip
        return row

    @transaction.atomic
    def discard(self, person):
        """Forget it with its files, unless it is being read or was confirmed; whether."""
        if self.active or self.status == JobStatus.DONE:
            return False
        person.record("discard", self, name=self.name)
        directory = self.directory
        self.delete()
        shared_folders.remove_with_row(directory)
        return True
