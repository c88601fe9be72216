"""Imports of published corpora and labelled tables through the browser."""

import time
from functools import partial
from pathlib import PurePath

from django.conf import settings
from django.core.cache import caches
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core import storage
from corpus.models import Corpus, Source
from jobs.models import Job, JobStatus, Stopped


def delete_all(names):
    """Delete stored files; those that are gone already do no harm."""
    for name in names:
        default_storage.delete(name)


SHARED_FOR = 3600  # seconds that progress is kept for pages


class TableImportQuerySet(models.QuerySet["TableImport"]):
    def of(self, person):
        return self.filter(corpus__in=Corpus.objects.led_by(person)).select_related("corpus")


class TableImport(Job):
    """Files that somebody brought: read by a worker, shown, confirmed, stored; all or none.

    A draft is what was read and waits for a person. `report` holds what reading found, `created`
    the ids of what storing made, by which undoing removes exactly that.
    """

    class Phase(models.TextChoices):
        READ = "read", _("reading")
        STORE = "store", _("importing")
        UNDO = "undo", _("undoing")

    class Labels(models.TextChoices):
        PUBLISHED = "published", _("as a published round")
        ANNOTATOR = "annotator", _("as one annotator's round")
        GOLD = "gold", _("as expert labels")
        NONE = "none", _("not at all: text only")

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="table_imports")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    phase = models.CharField(max_length=5, choices=Phase, default=Phase.READ)
    files = models.JSONField(default=list)  # name, stored, size of each
    format = models.CharField(max_length=20, blank=True)  # chosen by a person; empty: detected
    mapping = models.JSONField(default=dict)  # corpus.formats.mapping, of any labelled table
    labels = models.CharField(
        _("labels come in"), max_length=9, choices=Labels, default=Labels.PUBLISHED
    )
    annotator = models.CharField(_("annotator"), max_length=80, blank=True)
    round_name = models.CharField(_("name of the round"), max_length=80, blank=True)
    report = models.JSONField(default=dict)
    created = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    verb = "import"
    work = "annotation.table_imports.work"
    uses_heartbeat_thread = True
    kind_label = _("import of a table")
    person_field = "person"
    name_fields = ("annotator", "round_name")
    objects = TableImportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        names = [file["name"] for file in self.files]
        return names[0] if len(names) == 1 else f"{names[0]} + {len(names) - 1}" if names else "–"

    @property
    def page_url(self):
        return reverse("table_import", args=[self.pk])

    @staticmethod
    def corpus_files(corpus):
        """(kind, folder) of what was uploaded for imports into a corpus, by its id."""
        yield "imports", f"imports/{corpus}"

    @property
    def folder(self):
        """Where its files are stored."""
        return f"imports/{self.corpus_id}/{self.pk}"

    @property
    def problems_name(self):
        """Where what reading found is stored, a Problem a line of JSON."""
        return f"{self.folder}/problems.jsonl"

    @property
    def is_draft(self):
        return self.status == JobStatus.DRAFT

    @property
    def is_stored(self):
        """Whether its rows are in the corpus."""
        return bool(self.created) and self.undone_at is None

    @property
    def is_undone(self):
        return self.undone_at is not None

    @property
    def format_used(self):
        """Chosen, else as it was detected."""
        return self.format or self.report.get("format", "")

    @classmethod
    @transaction.atomic
    def begin(cls, person, corpus, files, format=""):
        """Take files, (name, path) each, which are moved into the storage, and have them read."""
        row = cls.objects.create(corpus=corpus, person=person, format=format)
        for number, (name, path) in enumerate(files, 1):
            stored = f"{row.folder}/{number:03d}{PurePath(name).suffix.lower()}"
            row.files.append({"name": name, "stored": stored, "size": path.stat().st_size})
            storage.put(path, stored)
        row.save(update_fields=["files"])
        person.record("upload", row, files=[name for name, _path in files])
        row.later()
        return row

    # Storing and undoing are one transaction, out of which nobody sees a row: how far it is, and
    # that it is to stop, stands in the cache that all processes share.

    @property
    def _key(self):
        began = self.started_at.timestamp() if self.started_at else 0
        return f"table-import-{self.pk}-{self.attempt}-{began}"

    def say_progress(self, share):
        """Tell pages how far the open transaction is. Raises Stopped if it should end."""
        self.last_progress = time.monotonic()
        shared = caches["kept"]
        mine = TableImport.objects.filter(
            pk=self.pk, status=JobStatus.RUNNING, attempt=self.attempt
        )
        if shared.get(f"{self._key}-stop") or not mine.exists():
            raise Stopped
        shared.set(self._key, min(share, 1.0), SHARED_FOR)

    def show_progress(self):
        """The row with its progress as the open transaction told it."""
        if self.status == JobStatus.RUNNING:
            self.progress = max(self.progress, caches["kept"].get(self._key) or 0.0)
        return self

    def stop(self):
        if self.status == JobStatus.RUNNING:  # first: SQLite lets no other write until it ends
            caches["kept"].set(f"{self._key}-stop", True, SHARED_FOR)
        return super().stop()

    def sources(self):
        """What it made that is still there."""
        return Source.objects.filter(corpus=self.corpus_id, pk__in=self.created.get("sources", []))

    @transaction.atomic
    def read_by(self, person, **choices):
        """Have it read again with other choices (format, mapping); whether that began."""
        mine = TableImport.objects.filter(
            pk=self.pk,
            phase=self.Phase.READ,
            status__in=[JobStatus.DRAFT, JobStatus.FAILED, JobStatus.STOPPED],
        )
        return self._queue(mine, person, "choose", self.Phase.READ, **choices)

    @transaction.atomic
    def confirm(self, person, **choices):
        """Have what was shown stored; confirming twice changes nothing. Whether it was queued."""
        waiting = models.Q(status=JobStatus.DRAFT, phase=self.Phase.READ) | models.Q(
            status__in=[JobStatus.FAILED, JobStatus.STOPPED], phase=self.Phase.STORE
        )
        mine = TableImport.objects.filter(waiting, pk=self.pk)
        return self._queue(mine, person, "confirm", self.Phase.STORE, **choices)

    @transaction.atomic
    def undo_by(self, person):
        """Have everything removed that it made; whether that was queued."""
        mine = TableImport.objects.filter(pk=self.pk, undone_at=None).exclude(created={})
        mine = mine.exclude(status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
        return self._queue(mine, person, "undo", self.Phase.UNDO, undone_by=person)

    def _queue(self, rows, person, verb, phase, **values):
        fresh = {"failure": {}, "progress": 0.0, "queued_at": timezone.now()}
        queued = rows.update(status=JobStatus.QUEUED, phase=phase, **fresh, **values)
        if queued:
            chosen = {name: value for name, value in values.items() if isinstance(value, str)}
            person.record(verb, self, files=[file["name"] for file in self.files], **chosen)
            self.later()
        self.refresh_from_db()
        return bool(queued)

    def keep_draft(self, report):
        """End the reading: what was found waits for a person."""
        mine = TableImport.objects.filter(
            pk=self.pk, status=JobStatus.RUNNING, attempt=self.attempt
        )
        mine.update(status=JobStatus.DRAFT, report=report, progress=1.0, finished_at=timezone.now())

    @property
    def is_discardable(self):
        """Whether nothing was made of it that discarding would leave behind."""
        return not self.active and (not self.created or self.is_undone)

    @transaction.atomic
    def discard(self, person):
        """Forget an import that stored nothing, with its files."""
        mine = TableImport.objects.filter(pk=self.pk, status=self.status, attempt=self.attempt)
        if self.is_discardable:
            person.record("discard", self, files=[file["name"] for file in self.files])
            names = [*(file["stored"] for file in self.files), self.problems_name]
            mine.delete()
            transaction.on_commit(partial(delete_all, names))
