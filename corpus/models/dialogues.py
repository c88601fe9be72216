"""Dialogues and their publication."""

from collections import Counter

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from core.errors import UserError, gettext_noop
from core.normalized_fields import Normalized, NormalizedQuerySet, SearchField
from corpus.models.corpora import Corpus
from corpus.models.revisions import Revised
from corpus.models.utterances import Utterance
from people.models import Event


class DialogueQuerySet(NormalizedQuerySet):
    def of(self, person):
        """What the person may open: a lead everything, the others what is published."""
        led = Q(corpus__in=Corpus.objects.led_by(person))
        published = Q(corpus__in=Corpus.objects.of(person), publication__isnull=False)
        return self.filter(led | published)

    def published(self):
        return self.filter(publication__isnull=False)

    def publishable(self):
        """Those that are not published and have utterances."""
        own = Utterance.objects.filter(dialogue=OuterRef("pk"))
        return self.filter(Exists(own), publication=None)

    def sized(self):
        """With `size`, the number of utterances."""
        own = Utterance.objects.filter(dialogue=OuterRef("pk")).order_by().values("dialogue")
        size = Subquery(own.annotate(n=Count("pk")).values("n"))
        return self.annotate(size=Coalesce(size, 0))

    @transaction.atomic
    def publish(self, person, about):
        """Publish all that are `publishable`; their Publications, by id."""
        made = Publication.objects.bulk_create(
            Publication(dialogue=dialogue, person=person)
            for dialogue in self.publishable().select_related("source")
        )
        for source, count in Counter(publication.dialogue.source for publication in made).items():
            source.recount(published=count)
        if made:
            Event.record(person, "publish", about, dialogues=len(made))
        return made


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
    cutter_version = models.PositiveSmallIntegerField(null=True, editable=False)
    clip_check = models.JSONField(null=True, editable=False)  # corpus.clip_checks
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

    @staticmethod
    def corpus_files(corpus):
        """(kind, folder) of what the dialogues of a corpus, by its id, keep in the storage."""
        yield "clips", f"clips/{corpus}"
        yield "clips", f"renditions/{corpus}"

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
    """That a dialogue is ready for annotators: who published it and when."""

    dialogue = models.OneToOneField(Dialogue, models.CASCADE, related_name="publication")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.dialogue} {self.at:%Y-%m-%d}"
