"""Sources: an episode with its transcript, or a published table, and what reading it found."""

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from corpus.jobs import Job, JobStatus, Refused, sentence
from corpus.models.corpora import Corpus
from corpus.transcripts.reading import columns, read
from people.models import Event


def source_path(source, name):
    return f"sources/{source.corpus_id}/{name}"


class SourceQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(corpus__in=Corpus.objects.led_by(person))


class Source(Job):
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
    gap = models.FloatField(_("silence that parts two dialogues, in seconds"), default=4.0)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    counts = models.JSONField(default=dict, editable=False)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)

    verb = "ingest"
    objects = SourceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "title"], name="one_source_a_title")
        ]

    def __str__(self):
        return self.title

    def read_transcript(self, encoding="", columns=None):
        """The transcript, read as was confirmed or as is asked. Raises TranscriptError."""
        with self.transcript.open("rb") as file:
            data = file.read()
        return read(self.transcript.name, data, encoding or self.encoding, columns or self.columns)

    def header(self, encoding=""):
        """The column names of a transcript that is a table. Raises TranscriptError."""
        with self.transcript.open("rb") as file:
            return columns(self.transcript.name, file.read(), encoding or self.encoding)

    def remembered_columns(self, header):
        """What the corpus' last table with these very columns was read by."""
        earlier = self.corpus.sources.exclude(pk=self.pk).exclude(columns={})
        for source in earlier.order_by("-pk")[:50]:
            if set(source.columns.values()) <= set(header):
                return source.columns
        return {}

    @transaction.atomic
    def confirm(self, person, encoding, gap, columns):
        """Say that the draft is read rightly, and queue it; confirming twice changes nothing."""
        drafts = Source.objects.filter(pk=self.pk, status=JobStatus.DRAFT)
        if drafts.update(
            status=JobStatus.QUEUED,
            encoding=encoding,
            gap=gap,
            columns=columns,
            queued_at=timezone.now(),
        ):
            Event.record(person, "confirm", self, title=self.title, encoding=encoding, gap=gap)
            self.later()
        self.refresh_from_db()

    @transaction.atomic
    def discard(self, person):
        """Delete a draft with its upload."""
        Event.record(person, "discard", self, title=self.title)
        files = [file for file in (self.media, self.transcript) if file]
        transaction.on_commit(lambda: [file.delete(save=False) for file in files])
        Source.objects.filter(pk=self.pk, status=JobStatus.DRAFT).delete()

    def later(self):
        from corpus.tasks import ingest_source

        ingest_source.delay_on_commit(self.pk)

    def ingest(self):
        """Cut the episode into dialogues with clips; a second call while one works does nothing."""
        from corpus.ingest import ingest

        if self.claim():
            with self.settled():
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
    """A cell of an imported file that was repaired or rejected, and why."""

    class Outcome(models.TextChoices):
        REPAIRED = "repaired", _("repaired")
        REJECTED = "rejected", _("rejected")

    source = models.ForeignKey(Source, models.CASCADE, related_name="findings")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=80, blank=True)
    value = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome)
    reason = models.CharField(max_length=300)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["line", "pk"]

    def __str__(self):
        return f"line {self.line}, {self.column}: {self.why}"

    @property
    def why(self):
        """The reason, in the reader's language."""
        return sentence(Refused(self.reason, **self.details))
