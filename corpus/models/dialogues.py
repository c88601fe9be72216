"""Dialogues and their utterances."""

from collections import Counter

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Manager, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from core.errors import UserError, gettext_noop
from core.normalized_fields import Normalized, NormalizedQuerySet, SearchField
from corpus.models.corpora import Corpus
from corpus.models.revisions import Revised
from corpus.models.speakers import Speaker
from corpus.turns import Turn
from people.models import Event


class DialogueQuerySet(NormalizedQuerySet):
    def of(self, person):
        """What the person may open: a lead everything, the others what is published."""
        led = Q(corpus__in=Corpus.objects.led_by(person))
        published = Q(corpus__in=Corpus.objects.of(person), publication__isnull=False)
        return self.filter(led | published)

    def published(self):
        return self.filter(publication__isnull=False)

    def sized(self):
        """With `size`, the number of utterances."""
        own = Utterance.objects.filter(dialogue=OuterRef("pk")).order_by().values("dialogue")
        size = Subquery(own.annotate(n=Count("pk")).values("n"))
        return self.annotate(size=Coalesce(size, 0))

    @transaction.atomic
    def publish(self, person, about):
        """Publish all that are not published and have utterances; their number."""
        drafts = self.filter(publication=None, utterances__retired=False).distinct()
        drafts = drafts.select_related("source")
        made = Publication.objects.bulk_create(
            Publication(dialogue=dialogue, person=person) for dialogue in drafts
        )
        for source, count in Counter(publication.dialogue.source for publication in made).items():
            source.recount(published=count)
        Event.record(person, "publish", about, dialogues=len(made))
        return len(made)


class Dialogue(Normalized, Revised):
    """A stretch of talk that is watched and judged as one; the clip's zero is its `start`."""

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="dialogues")
    source = models.ForeignKey("corpus.Source", models.CASCADE, related_name="dialogues")
    uid = models.CharField(max_length=120)
    number = models.PositiveIntegerField()
    split = models.CharField(max_length=8, blank=True)
    start = models.FloatField(null=True)
    end = models.FloatField(null=True)
    clip = models.FileField(blank=True, max_length=300)
    clip_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    cutter = models.PositiveSmallIntegerField(null=True, editable=False)  # version that cut it
    clip_check = models.JSONField(null=True, editable=False)  # beside its source: clip_checks
    poster = models.FileField(blank=True, max_length=300)
    audio = models.FileField(blank=True, max_length=300)
    peaks = models.FileField(blank=True, max_length=300)
    search = SearchField("uid")

    objects = DialogueQuerySet.as_manager()

    class Meta:
        ordering = ["source_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "uid"], name="one_dialogue_a_uid"),
        ]
        indexes = [models.Index(fields=["corpus", "source", "number"], name="dialogues_in_order")]

    def __str__(self):
        return self.uid

    @property
    def duration(self):
        """Seconds, or None where only text was imported."""
        return None if self.start is None or self.end is None else self.end - self.start

    @property
    def is_published(self):
        return hasattr(self, "publication")

    @transaction.atomic
    def publish(self, person):
        """Make the dialogue ready for annotators; publishing twice changes nothing."""
        if not self.utterances.exists():
            raise UserError(gettext_noop("A dialogue without utterances cannot be published."))
        publication, made = Publication.objects.get_or_create(
            dialogue=self, defaults={"person": person}
        )
        if made:
            self.source.recount(published=1)
            Event.record(person, "publish", self)
        return publication


class Publication(models.Model):
    """That a dialogue is ready for annotators, said by whom and when."""

    dialogue = models.OneToOneField(Dialogue, models.CASCADE, related_name="publication")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.dialogue} {self.at:%Y-%m-%d}"


class UtteranceManager(Manager.from_queryset(NormalizedQuerySet)):
    """Leaves out what a revision took out of its dialogue; `whole` has that too."""

    def get_queryset(self):
        return super().get_queryset().filter(retired=False)


class Utterance(Normalized):
    """What one speaker says in one go: text and a span (seconds in the dialogue's clip).

    A row is never deleted: what a revision removes, or changes so much that it is judged anew, is
    `retired` and keeps its judgements. `machine` marks words that no person has confirmed yet.
    """

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="utterances")
    dialogue = models.ForeignKey(Dialogue, models.CASCADE, related_name="utterances")
    number = models.PositiveIntegerField()
    uid = models.CharField(max_length=120)
    speaker = models.ForeignKey(Speaker, models.PROTECT, null=True, related_name="utterances")
    text = models.TextField(blank=True)
    translation = models.TextField(blank=True)
    start = models.FloatField(null=True)
    end = models.FloatField(null=True)
    machine = models.BooleanField(default=False)
    retired = models.BooleanField(default=False)
    search = SearchField("text")

    objects = UtteranceManager()
    whole = NormalizedQuerySet.as_manager()  # noqa: DJ012

    class Meta:
        ordering = ["dialogue_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["dialogue", "number"],
                condition=Q(retired=False),
                name="one_utterance_a_number",
            ),
            models.UniqueConstraint(fields=["dialogue", "uid"], name="one_utterance_a_uid"),
        ]
        indexes = [
            models.Index(
                fields=["corpus", "id"], condition=Q(retired=False), name="utterances_in_order"
            ),
            models.Index(
                fields=["corpus", "speaker", "id"],
                condition=Q(retired=False),
                name="utterances_of_a_speaker",
            ),
        ]

    def __str__(self):
        return self.uid

    def save(self, *args, **kwargs):
        self.corpus_id = self.corpus_id or self.dialogue.corpus_id
        super().save(*args, **kwargs)

    @property
    def seconds(self):
        """How long it lasts, or None."""
        return None if self.start is None or self.end is None else self.end - self.start

    @property
    def turn(self):
        """The utterance as the editor knows it."""
        return Turn(
            self.uid,
            self.speaker_id,
            self.text,
            self.translation,
            self.start,
            self.end,
            self.machine,
        )
