"""Sources: an episode with its transcript, or a published table, and what reading it found."""

import json
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import storage
from core.control_characters import escaped
from core.errors import gettext_noop
from core.normalized_fields import Normalized, NormalizedQuerySet, SearchField
from core.translation import translate
from corpus import segmentation, spreadsheets
from corpus.media_info import Probe, Shot
from corpus.media_process import MediaProcess
from corpus.models.corpora import Corpus
from corpus.spreadsheets import CELLS
from corpus.transcripts import TranscriptError
from corpus.transcripts.reader import Options, columns, read
from jobs.models import Job, JobStatus
from people.models import Event

PARTS = {gettext_noop("sound track"), gettext_noop("picture"), gettext_noop("clip")}


NO_MEDIA = Probe(duration=0.0, width=0, height=0, fps=0.0, has_audio=False)


def source_path(source, name):
    return f"sources/{source.corpus_id}/{name}"


class SourceQuerySet(NormalizedQuerySet):
    def of(self, person):
        return self.filter(corpus__in=Corpus.objects.led_by(person))


class Source(Normalized, Job):
    """An episode with its transcript, or a published table; what was read from it is its rows."""

    class Kind(models.TextChoices):
        EPISODE = "episode", _("episode")
        TABLE = "table", _("published table")

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.EPISODE)
    title = models.CharField(_("title"), max_length=80)
    media = models.FileField(_("video or audio"), upload_to=source_path, blank=True)
    transcript = models.FileField(_("transcript"), upload_to=source_path, blank=True)
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    columns = models.JSONField(default=dict, editable=False)  # of a table: role -> column
    read_options = models.JSONField(default=dict, editable=False)  # transcripts.reader.Options
    track = models.PositiveSmallIntegerField(null=True, editable=False)  # stream of the sound
    subtitles = models.PositiveSmallIntegerField(null=True, editable=False)  # stream of the words
    # The transcript that was uploaded, once subtitles inside the media have replaced it.
    uploaded_transcript = models.CharField(  # noqa: DJ001 (None: `transcript` is the upload)
        max_length=300, null=True, editable=False
    )
    gap = models.FloatField(_("silence that parts two dialogues, in seconds"), default=4.0)
    scene = models.FloatField(null=True, blank=True)  # change of picture that parts them, 0 to 1
    starts = models.JSONField(null=True, editable=False)  # where dialogues start, set by hand
    probe = models.JSONField(default=dict, editable=False)
    inspection = models.JSONField(null=True, editable=False)  # shots and speech in the media
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    counts = models.JSONField(default=dict, editable=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    search = SearchField("title")

    verb = "ingest"
    work = "corpus.ingest.ingest_source"
    uses_heartbeat_thread = True
    kind_label = _("import")
    person_field = "added_by"
    name_fields = ("title",)
    has_unsaved_transcript = False
    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "title"], name="one_source_a_title")
        ]

    def __str__(self):
        return self.title

    @property
    def page_url(self):
        return reverse("source", args=[self.pk])

    @staticmethod
    def corpus_files(corpus):
        """(kind, folder) of what the sources of a corpus, by its id, keep in the storage."""
        yield "sources", f"sources/{corpus}"

    @cached_property
    def transcript_bytes(self):
        with self.transcript.open("rb") as file:
            return file.read()

    @property
    def has_media(self):
        """Whether there is something to watch or hear; also before its file is stored."""
        return bool(self.media or self.probe)

    @property
    def is_text_only(self):
        """Whether it is a transcript without media: dialogues to read, not to watch."""
        return self.kind == self.Kind.EPISODE and not self.media

    @property
    def type_name(self):
        """What it is, in the reader's language."""
        return gettext("transcript without media") if self.is_text_only else self.get_kind_display()

    @property
    def is_workbook(self):
        """Whether the transcript is a spreadsheet: a worker unpacks it, a page never."""
        return str(self.transcript).lower().endswith(".xlsx")

    @cached_property
    def readable_transcript(self):
        """Name and bytes of the transcript, of a workbook the cells that were unpacked.

        One that is not stored yet is read by a worker or a command, which may unpack it. Raises
        TranscriptError while a worker has not unpacked it, or where it could not.
        """
        if not self.is_workbook or self.has_unsaved_transcript:
            return self.transcript.name, self.transcript_bytes
        if default_storage.exists(self.cells_name):
            with default_storage.open(self.cells_name, "rb") as file:
                return self.cells_name, file.read()
        error = (self.inspection or {}).get("unread")
        if error:
            raise TranscriptError(error["template"], **error["values"])
        raise TranscriptError(gettext_noop("A worker is reading the spreadsheet. Wait a moment."))

    @property
    def cells_name(self):
        """Where the cells of a workbook are kept, beside the workbook."""
        return f"{self.transcript.name}{CELLS}"

    def unpack(self):
        """Keep the cells of a workbook for pages to read. Raises SpreadsheetError."""
        if self.transcript and self.is_workbook and not default_storage.exists(self.cells_name):
            sheets = spreadsheets.read(self.transcript_bytes)
            settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
            kept = settings.WORK_DIR / f"cells-{self.pk}"
            with kept.open("wb") as file:
                file.writelines(spreadsheets.pack(sheets))
            storage.put(kept, self.cells_name)

    def set_transcript(self, name, content):
        """Use the bytes `content` as a transcript called `name`, which is not stored yet."""
        self.transcript, self.transcript_bytes, self.has_unsaved_transcript = name, content, True
        self.__dict__.pop("readable_transcript", None)

    def store_transcript(self):
        """Store what `set_transcript` was given as the file of the transcript."""
        if self.transcript:
            name = PurePath(str(self.transcript)).name
            self.transcript.save(name, ContentFile(self.transcript_bytes), save=False)
            self.has_unsaved_transcript = False
            self.__dict__.pop("readable_transcript", None)

    def read_transcript(self, encoding="", columns=None, options=None):
        """The transcript, read as was confirmed or as is asked. Raises TranscriptError."""
        name, content = self.readable_transcript
        options = options or Options.from_json(self.read_options)
        return read(name, content, encoding or self.encoding, columns or self.columns, options)

    def header(self, encoding="", options=None):
        """The column names of a transcript that is a table. Raises TranscriptError."""
        options = options or Options.from_json(self.read_options)
        name, content = self.readable_transcript
        return columns(name, content, encoding or self.encoding, options.sheet, options.replace)

    def remembered_columns(self, header):
        """What the corpus' last table with these very columns was read by."""
        earlier = self.corpus.sources.exclude(pk=self.pk).exclude(columns={})
        for source in earlier.order_by("-pk")[:50]:
            if set(source.columns.values()) <= set(header):
                return source.columns
        return {}

    def save_draft_options(self, **values):
        """Store how a draft is to be read and segmented until somebody confirms or changes it."""
        Source.objects.filter(pk=self.pk, status=JobStatus.DRAFT).update(**values)

    @transaction.atomic
    def confirm(self, person, encoding, gap, columns, scene=None, read_options=None):
        """Accept how the draft is read, and queue it; confirming twice changes nothing."""
        values = {"encoding": encoding, "gap": gap, "columns": columns, "scene": scene}
        values |= {"read_options": read_options or {}}
        self.queue_by(person, "confirm", JobStatus.DRAFT, **values)

    @transaction.atomic
    def choose_track(self, person, stream):
        """Take the sound of another stream of the draft's media; speech is looked for in it."""
        self._choose(person, "track", stream, again=not self.transcript)

    @transaction.atomic
    def choose_subtitles(self, person, stream):
        """Take the words from subtitles inside the draft's media, which a worker reads out of
        them, or (None) from what came with them.
        """
        values: dict[str, Any] = {
            "encoding": "",
            "columns": {},
            "read_options": {},
        }
        if stream is None and self.uploaded_transcript is not None:
            values |= {"transcript": self.uploaded_transcript, "uploaded_transcript": None}
            gone = str(self.transcript)
            transaction.on_commit(lambda: default_storage.delete(gone))
        words = values.get("transcript", self.transcript.name)
        again = stream is not None or not words
        self._choose(person, "subtitles", stream, again=again, **values)

    def _choose(self, person, what, stream, again, **values):
        drafts = Source.objects.filter(pk=self.pk, status=JobStatus.DRAFT)
        values |= {"inspection": None} if again else {}
        if drafts.exclude(**{what: stream}).update(**{what: stream}, **values):
            Event.record(person, "choose", self, title=self.title, **{what: stream})
            if again:
                self.inspect_later()
        self.refresh_from_db()

    def queue_by(self, person, verb, status, **values):
        """Queue the source with new `values` and its Event if its status is `status`; whether."""
        mine = Source.objects.filter(pk=self.pk, status=status)
        queued = mine.update(status=JobStatus.QUEUED, queued_at=timezone.now(), **values)
        if queued:
            Event.record(person, verb, self, title=self.title, **values)
            self.later()
        self.refresh_from_db()
        return queued

    @property
    def probed(self):
        """What the media holds; looked up once. Raises MediaError if it cannot be read."""
        if not self.has_media:
            return NO_MEDIA
        if not self.probe:
            with storage.local(str(self.media)) as path:
                self.probe_media(path)
            self.save(update_fields=["probe"])
        return Probe.from_json(self.probe)

    def probe_media(self, path, quick=False):
        """Set what `path`, the media before it is stored, holds. Raises MediaError.

        `quick` leaves it to a worker to measure how long it is, where that means reading it all.
        """
        with MediaProcess(path) as media:
            self.probe_with(media, path, quick)

    def probe_with(self, media, path, quick=False):
        """`probe_media` by a MediaProcess that has more to do."""
        self.probe = asdict(media.probe(path, quick))

    def segmented(self, cues):
        """Proposed dialogues: `cues` divided at silences, changes of scene or the chosen starts."""
        shots = [Shot(*row) for row in (self.inspection or {}).get("shots", [])]
        return segmentation.dialogues(cues, self.gap, shots, self.scene, self.starts)

    @transaction.atomic
    def discard(self, person):
        """Delete a draft with its upload."""
        Event.record(person, "discard", self, title=self.title)
        names = [
            name
            for name in (self.media.name, self.transcript.name, self.uploaded_transcript)
            if name
        ]
        names += [f"{name}{CELLS}" for name in names if name.lower().endswith(".xlsx")]

        def delete_files():
            for name in names:
                default_storage.delete(name)

        transaction.on_commit(delete_files)
        Source.objects.filter(pk=self.pk, status=JobStatus.DRAFT).delete()

    @property
    def is_measured(self):
        """False while a worker has yet to find out how long the media are."""
        return not self.probe or self.probe["duration"] > 0

    @property
    def waits_for_subtitles(self):
        """True while the subtitles that were chosen are still read out of the media."""
        return self.subtitles is not None and self.inspection is None

    @property
    def is_inspected(self):
        """Whether what a worker has to find out before it can be confirmed is known."""
        return self.is_measured and not self.waits_for_subtitles

    def inspect_later(self):
        """Have a worker inspect the media, once the transaction is over."""
        SourceInspection.request(self)

    @property
    def inspection_failure(self):
        """Why inspecting the media found less than it could, in the reader's language."""
        failure = (self.inspection or {}).get("failure")
        return translate(**failure) if failure else ""

    @transaction.atomic
    def recount(self, **more):
        """Keep the numbers of `utterances` and `published` dialogues right, without counting."""
        if any(more.values()):
            counts = Source.objects.select_for_update().values_list("counts", flat=True)
            known = counts.get(pk=self.pk)
            for name, change in more.items():
                known[name] = known.get(name, 0) + change
            Source.objects.filter(pk=self.pk).update(counts=known)

    def publish(self, person):
        """Publish every dialogue of this source that is not published yet; their Publications."""
        return self.dialogues.publish(person, self)


def _storable(details):
    """Values of a sentence without the characters that a database refuses."""
    return {
        name: escaped(value) if isinstance(value, str) else value for name, value in details.items()
    }


class SourceInspection(Job):
    """That a worker looks into a draft; what it finds is in the `inspection` of the source."""

    source = models.OneToOneField(Source, models.CASCADE, related_name="inspection_job")

    verb = "inspect"
    work = "corpus.source_inspection.run_inspection"
    follow_up = "corpus.source_inspection.keep_failure"
    uses_heartbeat_thread = True
    kind_label = _("inspection of a file")
    corpus_field = "source__corpus"
    person_field = "source__added_by"
    name_fields = ("source__title",)
    related_fields = ("source",)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return str(self.source)

    @property
    def page_url(self):
        return reverse("source", args=[self.source_id])

    @property
    def corpus_id(self):
        return self.source.corpus_id

    @classmethod
    @transaction.atomic
    def request(cls, source):
        """Have a worker look into the draft, from the start if one already does; the row."""
        fresh = {"status": JobStatus.QUEUED, "failure": {}, "progress": 0.0, "deaths": 0}
        job, _made = cls.objects.update_or_create(
            source=source, defaults=fresh | {"queued_at": timezone.now()}
        )
        job.later()
        return job

    def stop(self):
        """As of every job; the draft says that it was stopped."""
        if not super().stop():
            return False
        import_string(self.follow_up)(self)
        return True

    def requeue(self):
        """As of every job; what an earlier attempt found is looked for again."""
        if not super().requeue():
            return False
        drafts = Source.objects.filter(pk=self.source_id, status=JobStatus.DRAFT)
        drafts.update(inspection=None)
        return True


class ImportProblemQuerySet(models.QuerySet["ImportProblem"]):
    def store(self, source, problems):
        """Store what reading the files of a source found, as far as it is not known yet."""
        known = {problem.identity for problem in source.import_problems.all()}
        rows = [
            ImportProblem(
                source=source,
                line=problem.line,
                column=problem.column[:80],
                value=escaped(problem.value),
                outcome=problem.outcome,
                reason=problem.reason,
                details=_storable(problem.details),
            )
            for problem in problems
        ]
        self.bulk_create(
            [row for row in rows if row.identity not in known],  # type: ignore[misc]
            batch_size=2000,
        )


class ImportProblem(models.Model):
    """A place in an imported file that was repaired, rejected or is doubtful, and why.

    `line` is 0 for what has no line: the media, a clip that was cut again.
    """

    class Outcome(models.TextChoices):
        REPAIRED = "repaired", _("repaired")
        REJECTED = "rejected", _("rejected")
        WARNING = "warning", _("warning")

    source = models.ForeignKey(Source, models.CASCADE, related_name="import_problems")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=80, blank=True)
    value = models.TextField(blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome)
    reason = models.CharField(max_length=300)
    details = models.JSONField(default=dict)

    objects = ImportProblemQuerySet.as_manager()

    class Meta:
        ordering = ["line", "pk"]

    def __str__(self):
        return f"line {self.line}, {self.column}: {self.why}"

    @property
    def identity(self):
        """What makes two problems the same."""
        details = json.dumps(self.details, sort_keys=True)
        return self.line, self.column, self.value, self.outcome, self.reason, details

    @property
    def place(self):
        """The column or what else it is a part of, in the reader's language."""
        return gettext(self.column) if self.column in PARTS else self.column

    @property
    def why(self):
        """The reason, in the reader's language."""
        return translate(self.reason, self.details)
