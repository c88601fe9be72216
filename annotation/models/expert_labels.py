"""Labels that an expert wrote down beforehand, for practice, tests and silent checks."""

from collections import defaultdict

from django.conf import settings
from django.db import models, transaction

from corpus.models import Dialogue, Utterance
from people.models import Event


class ExpertLabel(models.Model):
    """What an expert says is right, and why; the newest one of a question counts ("" for none)."""

    utterance = models.ForeignKey(Utterance, models.CASCADE, related_name="expert_labels")
    task = models.CharField(max_length=40)
    value = models.CharField(max_length=40, blank=True)
    why = models.TextField(blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["utterance", "task"], name="expert_labels_of_a_question")]

    def __str__(self):
        return f"{self.utterance} {self.task}={self.value}"

    @classmethod
    def known(cls, dialogues):
        """The expert labels of dialogues, utterance id -> task -> ExpertLabel."""
        found: dict[int, dict[str, ExpertLabel]] = defaultdict(dict)
        rows = cls.objects.filter(utterance__dialogue__in=dialogues, utterance__retired=False)
        for row in rows.order_by("pk"):
            found[row.utterance_id][row.task] = row
            if not row.value:
                del found[row.utterance_id][row.task]
        return {utterance: rows for utterance, rows in found.items() if rows}

    @classmethod
    @transaction.atomic
    def write(cls, person, dialogue, answers):
        """Write down what is right: (utterance, task, value, why); unchanged ones are left."""
        known = cls.known([dialogue])
        fresh = []
        for utterance, task, value, why in answers:
            before = known.get(utterance.pk, {}).get(task)
            if (value, why) != ((before.value, before.why) if before else ("", "")):
                fresh.append(
                    cls(utterance=utterance, task=task, value=value, why=why, person=person)
                )
        ExpertLabel.objects.bulk_create(fresh)
        if fresh:
            Event.record(person, "set expert labels", dialogue, answers=len(fresh))
        return len(fresh)


def with_gold(corpus):
    """The published dialogues of a corpus that have expert labels."""
    known = ExpertLabel.objects.filter(utterance__retired=False)  # fewer than a corpus' utterances
    return Dialogue.objects.published().filter(
        corpus=corpus, pk__in=known.exclude(value="").values("utterance__dialogue")
    )
