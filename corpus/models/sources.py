"""Sources: an episode with its transcript, or a published table, and what reading it found."""

from dataclasses import asdict

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from corpus import keeping, segmentation, spreadsheets
from corpus.batches import create
from corpus.complaints import Complaint, gettext_noop
from corpus.fields import Normalized, NormalizedQuerySet, SearchField
from corpus.hearing import hear
from corpus.jobs import Job, JobStatus, Refused, said, send
from corpus.media import Probe, probe
from corpus.models.corpora import Corpus
from corpus.scenes import Shot, shots
from corpus.spreadsheets import CELLS
from corpus.transcripts import TranscriptError
from corpus.transcripts.reading import Options, columns, read
from people.models import Event


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
    reading = models.JSONField(default=dict, editable=False)  # other decisions: reading.Options
    track = models.PositiveSmallIntegerField(null=True, editable=False)  # stream of the sound
    gap = models.FloatField(_("silence that parts two dialogues, in seconds"), default=4.0)
    scene = models.FloatField(null=True, blank=True)  # change of picture that parts them, 0 to 1
    starts = models.JSONField(null=True, editable=False)  # where dialogues start, set by hand
    probe = models.JSONField(default=dict, editable=False)
    looked = models.JSONField(null=True, editable=False)  # shots and speech found in the media
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    counts = models.JSONField(default=dict, editable=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    search = SearchField("title")

    verb = "ingest"
    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "title"], name="one_source_a_title")
        ]

    def __str__(self):
        return self.title

    @cached_property
    def words(self):
        """The bytes of the transcript, which stay what they are."""
        with self.transcript.open("rb") as file:
            return file.read()

    @property
    def is_workbook(self):
        """Whether the transcript is a spreadsheet: a worker unpacks it, a page never."""
        return self.transcript.name.lower().endswith(".xlsx")

    @cached_property
    def readable(self):
        """Name and bytes of the transcript, of a workbook what was unpacked of it.

        Raises TranscriptError while a worker has not unpacked it, or where it could not.
        """
        if not self.is_workbook:
            return self.transcript.name, self.words
        if default_storage.exists(self.cells_name):
            with default_storage.open(self.cells_name, "rb") as file:
                return self.cells_name, file.read()
        looked = self.looked or {}
        if "unread" in looked:
            raise TranscriptError(looked["unread"]["template"], **looked["unread"]["values"])
        raise TranscriptError(gettext_noop("A worker is reading the spreadsheet. Wait a moment."))

    @property
    def cells_name(self):
        """Where the cells of a workbook are kept, beside the workbook."""
        return f"{self.transcript.name}{CELLS}"

    def unpack(self):
        """Keep the cells of a workbook for pages to read. Raises SpreadsheetError."""
        if self.transcript and self.is_workbook and not default_storage.exists(self.cells_name):
            sheets = spreadsheets.read(self.words)
            settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
            kept = settings.WORK_DIR / f"cells-{self.pk}"
            with kept.open("wb") as file:
                file.writelines(spreadsheets.pack(sheets))
            keeping.put(kept, self.cells_name)

    def read_transcript(self, encoding="", columns=None, options=None):
        """The transcript, read as was confirmed or as is asked. Raises TranscriptError."""
        chosen = encoding or self.encoding, columns or self.columns
        options = options or Options.from_json(self.reading)
        return read(*self.readable, *chosen, options)

    def header(self, encoding="", sheet=""):
        """The column names of a transcript that is a table. Raises TranscriptError."""
        return columns(*self.readable, encoding or self.encoding, sheet)

    def remembered_columns(self, header):
        """What the corpus' last table with these very columns was read by."""
        earlier = self.corpus.sources.exclude(pk=self.pk).exclude(columns={})
        for source in earlier.order_by("-pk")[:50]:
            if set(source.columns.values()) <= set(header):
                return source.columns
        return {}

    @transaction.atomic
    def confirm(self, person, encoding, gap, columns, scene=None, reading=None, track=None):
        """Say that the draft is read rightly, and queue it; confirming twice changes nothing."""
        values = {"encoding": encoding, "gap": gap, "columns": columns, "scene": scene}
        values |= {"reading": reading or {}, "track": track}
        self._queue(person, "confirm", JobStatus.DRAFT, **values)

    @transaction.atomic
    def recut(self, person, gap=None, scene=None, starts=None):
        """Part the episode anew, at silences and scenes or at `starts`; corrections stay.

        Raises Refused if a published dialogue would not stay as it is, or if it is cut just now.
        """
        from corpus.ingest import plan

        self.gap, self.scene, self.starts = gap or self.gap, scene, starts
        plan(self, self.probed)
        values = {"gap": self.gap, "scene": scene, "starts": starts, "progress": 0.0}
        if not self._queue(person, "recut", JobStatus.DONE, **values):
            raise Refused(gettext_noop("This source is being cut just now. Wait until it is done."))

    def _queue(self, person, verb, status, **values):
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
        if not self.probe:
            with keeping.local(self.media.name) as path:
                self.take(path)
            self.save(update_fields=["probe"])
        return Probe(**self.probe)

    def take(self, path):
        """Remember what `path`, the media before it is stored, holds. Raises MediaError."""
        self.probe = asdict(probe(path))

    def parted(self, cues):
        """Dialogues to be: `cues` where silence, a change of scene or a person parts them."""
        shots = [Shot(*row) for row in (self.looked or {}).get("shots", [])]
        return segmentation.dialogues(cues, self.gap, shots, self.scene, self.starts)

    def look(self):
        """Find changes of scene and, without a transcript, speech; what it finds is proposed.
        A transcript that is a workbook is unpacked.
        """
        found = {"shots": [], "heard": []}
        try:
            self.unpack()
        except Complaint as complaint:
            found["unread"] = complaint.to_json()
        try:
            with keeping.local(self.media.name) as path:
                found["shots"] = [[shot.time, shot.strength] for shot in shots(path)]
                if not self.transcript and self.probed.has_audio:
                    found["heard"] = [
                        [cue.start, cue.end, cue.text] for cue in hear(path, settings.ASR_MODEL_DIR)
                    ]
        except Complaint as complaint:
            found["failure"] = complaint.to_json()
        self.looked = found
        self.save(update_fields=["looked"])

    @transaction.atomic
    def discard(self, person):
        """Delete a draft with its upload."""
        Event.record(person, "discard", self, title=self.title)
        names = [file.name for file in (self.media, self.transcript) if file]
        names += [self.cells_name] if self.transcript and self.is_workbook else []
        transaction.on_commit(lambda: [default_storage.delete(name) for name in names])
        Source.objects.filter(pk=self.pk, status=JobStatus.DRAFT).delete()

    @property
    def look_failure(self):
        """Why looking at the media found less than it could, in the reader's language."""
        failure = (self.looked or {}).get("failure")
        return said(**failure) if failure else ""

    def look_later(self):
        from corpus.tasks import look_at_source

        look_at_source.delay_on_commit(self.pk)

    def later(self):
        from corpus.tasks import ingest_source

        send(ingest_source, self.pk)

    def ingest(self):
        """Cut the episode into dialogues with clips; a second call while one works does nothing."""
        from corpus.ingest import ingest

        if self.claim():
            with self.settled():
                self.unpack()
                ingest(self)
        return self

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
        """Publish every dialogue of this source that is not published yet; the number of them."""
        return self.dialogues.publish(person, self)


class Finding(models.Model):
    """A place in an imported file that was repaired, rejected or is doubtful, and why."""

    class Outcome(models.TextChoices):
        REPAIRED = "repaired", _("repaired")
        REJECTED = "rejected", _("rejected")
        WARNING = "warning", _("warning")

    source = models.ForeignKey(Source, models.CASCADE, related_name="findings")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=80, blank=True)
    value = models.TextField(blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome)
    reason = models.CharField(max_length=300)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["line", "pk"]

    def __str__(self):
        return f"line {self.line}, {self.column}: {self.why}"

    @classmethod
    def keep(cls, source, problems):
        """Store what reading the files of `source` found; the number of it."""
        return create(
            cls,
            (
                cls(
                    source=source,
                    line=problem.line,
                    column=problem.column,
                    value=problem.value,
                    outcome=problem.outcome,
                    reason=problem.reason,
                    details=problem.details,
                )
                for problem in problems
            ),
        )

    @property
    def why(self):
        """The reason, in the reader's language."""
        return said(self.reason, self.details)
