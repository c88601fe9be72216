"""Corpus, Membership, Source, Speaker, Dialogue, Utterance, Publication, with their querysets."""

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from corpus.complaints import gettext_noop
from corpus.jobs import Job, JobStatus, Refused, sentence
from corpus.transcripts.reading import columns, read
from people.models import Event


class CorpusQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(memberships__person=person)

    def led_by(self, person):
        return self.filter(memberships__person=person, memberships__role=Membership.Role.LEAD)


class Corpus(models.Model):
    """A body of dialogues that one team annotates and publishes."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("description"), blank=True)
    language = models.CharField(_("language of the dialogues"), max_length=20, default="zh")
    synthetic = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CorpusQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "corpora"

    def __str__(self):
        return self.name

    @classmethod
    @transaction.atomic
    def found(cls, person, **fields):
        """Make a corpus with `person` as its lead."""
        corpus = cls.objects.create(**fields)
        corpus.memberships.create(person=person, role=Membership.Role.LEAD)
        Event.record(person, "found", corpus, name=corpus.name)
        return corpus

    def role_of(self, person):
        """The person's role here, or None."""
        return self.memberships.filter(person=person).values_list("role", flat=True).first()

    def people(self, *roles):
        """Members with one of `roles` (all if none is named), by name."""
        members = self.memberships.select_related("person").order_by("person__username")
        return members.filter(role__in=roles) if roles else members


class Membership(models.Model):
    """What a person may do in a corpus."""

    class Role(models.TextChoices):
        LEAD = "lead", _("lead")
        ADJUDICATOR = "adjudicator", _("adjudicator")
        ANNOTATOR = "annotator", _("annotator")

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=12, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["corpus", "person"], name="one_membership_a_person")
        ]

    def __str__(self):
        return f"{self.person}, {self.get_role_display()}"


def source_path(source, name):
    return f"sources/{source.corpus_id}/{name}"


class SourceQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(corpus__in=Corpus.objects.led_by(person))

    def counted(self):
        return self.annotate(
            dialogue_count=Count("dialogues", distinct=True),
            utterance_count=Count("dialogues__utterances", distinct=True),
        )


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
    def publish(self, person):
        """Publish every dialogue of this source that is not published yet; the number of them."""
        drafts = self.dialogues.filter(publication=None)
        made = Publication.objects.bulk_create(
            Publication(dialogue=dialogue, person=person) for dialogue in drafts
        )
        Event.record(person, "publish", self, dialogues=len(made))
        return len(made)


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


class Speaker(models.Model):
    """Somebody who talks in the dialogues of a corpus."""

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="speakers")
    name = models.CharField(max_length=80)
    traits = models.JSONField(default=dict)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "name"], name="one_speaker_a_name")
        ]

    def __str__(self):
        return self.name


class DialogueQuerySet(models.QuerySet):
    def of(self, person):
        """What the person may open: a lead everything, the others what is published."""
        led = Q(corpus__in=Corpus.objects.led_by(person))
        published = Q(corpus__in=Corpus.objects.of(person), publication__isnull=False)
        return self.filter(led | published)

    def published(self):
        return self.filter(publication__isnull=False)


class Dialogue(models.Model):
    """A stretch of talk that is watched and judged as one; the clip's zero is its `start`."""

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="dialogues")
    source = models.ForeignKey(Source, models.CASCADE, related_name="dialogues")
    uid = models.CharField(max_length=120)
    number = models.PositiveIntegerField()
    split = models.CharField(max_length=8, blank=True)
    start = models.FloatField(null=True)
    end = models.FloatField(null=True)
    clip = models.FileField(blank=True, max_length=300)
    clip_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    poster = models.FileField(blank=True, max_length=300)
    audio = models.FileField(blank=True, max_length=300)
    peaks = models.FileField(blank=True, max_length=300)

    objects = DialogueQuerySet.as_manager()

    class Meta:
        ordering = ["source_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "uid"], name="one_dialogue_a_uid"),
        ]

    def __str__(self):
        return self.uid

    @property
    def duration(self):
        """Seconds, or None where only text was imported."""
        return None if self.start is None or self.end is None else self.end - self.start

    @transaction.atomic
    def publish(self, person):
        """Make the dialogue ready for annotators; publishing twice changes nothing."""
        if not self.utterances.exists():
            raise Refused(gettext_noop("A dialogue without utterances cannot be published."))
        publication, made = Publication.objects.get_or_create(
            dialogue=self, defaults={"person": person}
        )
        if made:
            Event.record(person, "publish", self)
        return publication


class Publication(models.Model):
    """That a dialogue is ready for annotators, said by whom and when."""

    dialogue = models.OneToOneField(Dialogue, models.CASCADE, related_name="publication")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.dialogue} {self.at:%Y-%m-%d}"


class Utterance(models.Model):
    """What one speaker says in one go: text and a span (seconds in the dialogue's clip)."""

    dialogue = models.ForeignKey(Dialogue, models.CASCADE, related_name="utterances")
    number = models.PositiveIntegerField()
    uid = models.CharField(max_length=120)
    speaker = models.ForeignKey(Speaker, models.PROTECT, null=True, related_name="utterances")
    text = models.TextField(blank=True)
    translation = models.TextField(blank=True)
    start = models.FloatField(null=True)
    end = models.FloatField(null=True)

    class Meta:
        ordering = ["dialogue_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["dialogue", "number"], name="one_utterance_a_number")
        ]

    def __str__(self):
        return self.uid

    @property
    def corpus_id(self):
        return self.dialogue.corpus_id

    @transaction.atomic
    def retype(self, person, text):
        """Correct the words. Raises Refused for an empty text."""
        if not text.strip():
            raise Refused(gettext_noop("An utterance needs words."))
        Event.record(person, "retype", self, before=self.text, after=text.strip())
        self.text = text.strip()
        self.save(update_fields=["text"])
