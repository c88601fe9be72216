"""Sources: an episode with its transcript, or a published table, and what reading it found."""

import json
from dataclasses import asdict
from pathlib import PurePath

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import storage
from core.control_characters import escaped
from core.errors import UserError, gettext_noop
from core.normalized_fields import Normalized, NormalizedQuerySet, SearchField
from core.translation import translate
from corpus import segmentation, spreadsheets
from corpus.media import Probe, probe
from corpus.models.corpora import Corpus
from corpus.scenes import Shot, shots
from corpus.speech import hear
from corpus.spreadsheets import CELLS
from corpus.subtitles import extract_subtitles
from corpus.transcripts import TranscriptError
from corpus.transcripts.reading import Options, columns, read
from jobs.models import Job, JobStatus, send
from people.models import Event

PARTS = {gettext_noop("sound track"), gettext_noop("picture"), gettext_noop("clip")}


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
    subtitles = models.PositiveSmallIntegerField(null=True, editable=False)  # stream of the words
    brought = models.CharField(  # noqa: DJ001 (None says that `transcript` is what came)
        max_length=300, null=True, editable=False
    )
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
    taken = False  # if `words` are not stored yet
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

        Words that are not stored yet are in a worker's or a command's hands, which may unpack
        them. Raises TranscriptError while a worker has not unpacked it, or where it could not.
        """
        if not self.is_workbook or self.taken:
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
            storage.put(kept, self.cells_name)

    def take_words(self, name, words):
        """Take `words`, the bytes of a transcript called `name`, which is not stored yet."""
        self.transcript, self.words, self.taken = name, words, True
        self.__dict__.pop("readable", None)

    def keep_words(self):
        """Store the words that were taken as the file of the transcript."""
        if self.transcript:
            name = PurePath(self.transcript.name).name
            self.transcript.save(name, ContentFile(self.words), save=False)
            self.taken = False
            self.__dict__.pop("readable", None)

    def read_transcript(self, encoding="", columns=None, options=None):
        """The transcript, read as was confirmed or as is asked. Raises TranscriptError."""
        chosen = encoding or self.encoding, columns or self.columns
        options = options or Options.from_json(self.reading)
        return read(*self.readable, *chosen, options)

    def header(self, encoding="", options=None):
        """The column names of a transcript that is a table. Raises TranscriptError."""
        options = options or Options.from_json(self.reading)
        chosen = encoding or self.encoding, options.sheet, options.replace
        return columns(*self.readable, *chosen)

    def remembered_columns(self, header):
        """What the corpus' last table with these very columns was read by."""
        earlier = self.corpus.sources.exclude(pk=self.pk).exclude(columns={})
        for source in earlier.order_by("-pk")[:50]:
            if set(source.columns.values()) <= set(header):
                return source.columns
        return {}

    def keep_decisions(self, **values):
        """Remember how a draft is to be read and parted until somebody confirms or changes it."""
        Source.objects.filter(pk=self.pk, status=JobStatus.DRAFT).update(**values)

    @transaction.atomic
    def confirm(self, person, encoding, gap, columns, scene=None, reading=None):
        """Accept how the draft is read, and queue it; confirming twice changes nothing."""
        values = {"encoding": encoding, "gap": gap, "columns": columns, "scene": scene}
        values |= {"reading": reading or {}}
        self._queue(person, "confirm", JobStatus.DRAFT, **values)

    @transaction.atomic
    def choose_track(self, person, stream):
        """Take the sound of another stream of the draft's media; speech is looked for in it."""
        self._choose(person, "track", stream, again=not self.transcript)

    @transaction.atomic
    def choose_subtitles(self, person, stream):
        """Take the words from subtitles inside the draft's media, which a worker reads out of
        them, or (None) from what came with them.
        """
        values = {"encoding": "", "columns": {}, "reading": {}}  # were those of other words
        if stream is None and self.brought is not None:
            values |= {"transcript": self.brought, "brought": None}
            gone = self.transcript.name
            transaction.on_commit(lambda: default_storage.delete(gone))
        words = values.get("transcript", self.transcript.name)
        again = stream is not None or not words
        self._choose(person, "subtitles", stream, again=again, **values)

    def _choose(self, person, what, stream, again, **values):
        drafts = Source.objects.filter(pk=self.pk, status=JobStatus.DRAFT)
        values |= {"looked": None} if again else {}
        if drafts.exclude(**{what: stream}).update(**{what: stream}, **values):
            Event.record(person, "choose", self, title=self.title, **{what: stream})
            if again:
                self.look_later()
        self.refresh_from_db()

    @transaction.atomic
    def recut(self, person, gap=None, scene=None, starts=None):
        """Part the episode anew, at silences and scenes or at `starts`; corrections stay.

        Raises UserError if a published dialogue would not stay as it is, or if it is cut just now.
        """
        from corpus.ingest import plan

        self.gap, self.scene, self.starts = gap or self.gap, scene, starts
        plan(self)
        values = {"gap": self.gap, "scene": scene, "starts": starts, "progress": 0.0}
        if not self._queue(person, "recut", JobStatus.DONE, **values):
            raise UserError(
                gettext_noop("This source is being cut just now. Wait until it is done.")
            )

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
            with storage.local(self.media.name) as path:
                self.take(path)
            self.save(update_fields=["probe"])
        return Probe.from_json(self.probe)

    def take(self, path, quick=False):
        """Remember what `path`, the media before it is stored, holds. Raises MediaError.

        `quick` leaves it to a worker to measure how long it is, where that means reading it all.
        """
        self.probe = asdict(probe(path, quick))

    def parted(self, cues):
        """Dialogues to be: `cues` where silence, a change of scene or a person parts them."""
        shots = [Shot(*row) for row in (self.looked or {}).get("shots", [])]
        return segmentation.dialogues(cues, self.gap, shots, self.scene, self.starts)

    def look(self):
        """Measure the media, find changes of scene, read out the subtitles that were chosen and,
        without words, find speech; what comes of it is proposed. A workbook is unpacked.
        """
        chosen = {"track": self.track, "subtitles": self.subtitles}
        before = self.transcript.name
        with storage.local(self.media.name) as path:
            self.look_at(path)
        values = {"looked": self.looked, "probe": self.probe}
        made, unused = None, None
        if self.transcript.name != before:
            self.keep_words()
            made = values["transcript"] = self.transcript.name
            values["brought"] = before if self.brought is None else self.brought
            unused = None if self.brought is None else before  # subtitles chosen earlier
        if not Source.objects.filter(pk=self.pk, **chosen).update(**values):
            unused = made  # something else was chosen meanwhile
        if unused:
            default_storage.delete(unused)
        self.refresh_from_db()

    def look_at(self, path):
        """`look` at `path`, the media before they are stored; nothing is written."""
        found = {"shots": [], "heard": []}
        try:
            if not self.taken:
                self.unpack()
        except UserError as error:
            found["unread"] = error.to_json()
        try:
            self.take(path)
            found["shots"] = [[shot.time, shot.strength] for shot in shots(path)]
            if self.subtitles is not None:
                suffix, words = extract_subtitles(path, self._subtitle_track())
                self.take_words(f"{path.stem}.{self.subtitles}{suffix}", words)
            if not self.transcript and self.probed.has_audio:
                heard = hear(path, settings.ASR_MODEL_DIR, track=self.track)
                found["heard"] = [[cue.start, cue.end, cue.text] for cue in heard]
        except UserError as error:
            found["failure"] = error.to_json()
        self.looked = found

    def _subtitle_track(self):
        """The track whose words were chosen. Raises UserError if there is none of its number."""
        for track in self.probed.subtitles:
            if track.index == self.subtitles:
                return track
        raise UserError(
            gettext_noop("The media have no subtitles as their stream %(stream)d."),
            stream=self.subtitles,
        )

    @transaction.atomic
    def discard(self, person):
        """Delete a draft with its upload."""
        Event.record(person, "discard", self, title=self.title)
        names = [name for name in (self.media.name, self.transcript.name, self.brought) if name]
        names += [f"{name}{CELLS}" for name in names if name.lower().endswith(".xlsx")]
        transaction.on_commit(lambda: [default_storage.delete(name) for name in names])
        Source.objects.filter(pk=self.pk, status=JobStatus.DRAFT).delete()

    @property
    def is_measured(self):
        """False while a worker has yet to find out how long the media are."""
        return not self.probe or self.probe["duration"] > 0

    @property
    def waits_for_words(self):
        """True while the subtitles that were chosen are still read out of the media."""
        return self.subtitles is not None and self.looked is None

    @property
    def look_failure(self):
        """Why looking at the media found less than it could, in the reader's language."""
        failure = (self.looked or {}).get("failure")
        return translate(**failure) if failure else ""

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
            with self.settled(), self.kept_alive():
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


def _storable(details):
    """Values of a sentence without the characters that a database refuses."""
    return {
        name: escaped(value) if isinstance(value, str) else value for name, value in details.items()
    }


class FindingQuerySet(models.QuerySet):
    def keep(self, source, problems):
        """Store what reading the files of a source found, as far as it is not known yet."""
        known = {finding.identity for finding in source.findings.all()}
        found = [
            Finding(
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
            [finding for finding in found if finding.identity not in known], batch_size=2000
        )


class Finding(models.Model):
    """A place in an imported file that was repaired, rejected or is doubtful, and why.

    `line` is 0 for what has no line: the media, a clip that was cut again.
    """

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

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = ["line", "pk"]

    def __str__(self):
        return f"line {self.line}, {self.column}: {self.why}"

    @property
    def identity(self):
        """What says that two findings are the same."""
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
