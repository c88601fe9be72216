"""EncoderImport: an encoder on its way into the installation."""

import shutil
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy

from core import pieces, shared_folders
from core.errors import UserError, gettext_noop
from core.shared_folders import in_store
from jobs.models import Job, JobStatus
from modeling import encoder_storage


class EncoderImport(Job):
    """A pretrained encoder that somebody had downloaded from the hub or uploaded as a ZIP."""

    name = models.CharField(max_length=100)
    repo = models.CharField(max_length=200, blank=True)
    revision = models.CharField(max_length=100, blank=True)
    archive = models.CharField(max_length=500, blank=True, editable=False)  # file of the upload
    archive_name = models.CharField(max_length=200, blank=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    info = models.JSONField(default=dict, editable=False)  # licence, bytes, files left out

    verb = "add encoder"
    work = "modeling.encoder_import.add"
    uses_heartbeat_thread = True  # digests of gigabytes are computed without progress
    kind_label = gettext_lazy("encoder")
    corpus_field = ""
    person_field = "person"
    name_fields = ("name", "repo")

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.name

    @property
    def archive_path(self):
        """Where the uploaded ZIP lies or, with an object store, is put together."""
        return settings.WORK_DIR / "uploads" / self.archive

    @property
    def page_url(self):
        return reverse("installation_encoders")

    @classmethod
    def download(cls, person, repo, revision=""):
        """Have an encoder downloaded; the job. Raises UserError where one of its name is there or
        on its way.
        """
        return cls._request(person, repo.split("/")[-1], repo=repo, revision=revision)

    @classmethod
    def upload(cls, person, name, file):
        """Have an uploaded ZIP imported; the job. Raises UserError as `download` does."""
        encoder_storage.guard_name(name)
        kept = cls(archive=f"encoder-{uuid4().hex}.zip").archive_path
        if in_store():
            pieces.store_whole(kept, file)
        else:
            kept.parent.mkdir(parents=True, exist_ok=True)
            with kept.open("wb") as target:
                shutil.copyfileobj(file, target, 1 << 20)
        try:
            return cls._request(person, name, archive=kept.name, archive_name=file.name[:200])
        except UserError:
            shared_folders.remove(kept)
            raise

    @classmethod
    @transaction.atomic
    def _request(cls, person, name, **values):
        encoder_storage.guard_name(name)
        if cls.objects.filter(name=name, status__in=[JobStatus.QUEUED, JobStatus.RUNNING]).exists():
            raise UserError(gettext_noop("%(name)s is on its way already."), name=name)
        job = cls.objects.create(name=name, person=person, **values)
        person.record(cls.verb, job, name=name, repo=job.repo)
        job.later()
        return job
