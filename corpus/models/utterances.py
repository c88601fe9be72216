"""Utterances: what is said in a dialogue."""

from django.db import models
from django.db.models import Count, Manager, Q

from core.batches import write
from core.normalization import search_key
from core.normalized_fields import Normalized, NormalizedQuerySet, SearchField
from corpus.models.corpora import Corpus
from corpus.models.speakers import Speaker
from corpus.search import index, indexing_apart
from corpus.turns import Turn

WRITTEN = (  # what `Utterance.write` is told of each, foreign keys as ids
    *("id", "corpus", "dialogue", "number", "uid", "speaker", "text", "translation"),
    *("machine", "start", "end"),
)
TEXT = WRITTEN.index("text")


class UtteranceManager(Manager.from_queryset(NormalizedQuerySet)):  # type: ignore[misc]
    """Leaves out what a revision took out of its dialogue; `all_objects` has that too."""

    def get_queryset(self):
        return super().get_queryset().filter(retired=False)

    def sizes(self, field, rows):
        """Of each of the rows, to which a foreign key leads, its id -> how many utterances."""
        spoken = self.filter(**{f"{field}__in": rows}).order_by().values_list(field)
        return dict(spoken.annotate(Count("pk")))


class Utterance(Normalized):
    """What one speaker says in one go: text and a span (seconds in the dialogue's clip).

    A row is never deleted: what a revision removes, or changes so much that it is judged anew, is
    `retired` and keeps its judgements. `machine` marks words that no person has confirmed yet.
    """

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="utterances")
    dialogue = models.ForeignKey("corpus.Dialogue", models.CASCADE, related_name="utterances")
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
    all_objects = NormalizedQuerySet.as_manager()  # noqa: DJ012

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

    @classmethod
    def write(cls, rows):
        """Store new ones, given as tuples of WRITTEN with reserved ids, in a transaction."""
        keyed = [(*row, search_key(row[TEXT])) for row in rows]
        with indexing_apart():
            write(cls, (*WRITTEN, "search"), keyed)
            index((row[0], row[-1]) for row in keyed)

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
