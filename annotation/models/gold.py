"""Adjudications, and the gold that judgements and adjudications make together."""

from collections import Counter, defaultdict
from typing import NamedTuple

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _
from orjson import loads

from annotation.consensus import settle
from annotation.models.items import Item, Settled, as_text
from annotation.models.rounds import Round
from core.errors import UserError, gettext_noop
from corpus.models import Dialogue, Utterance
from people.models import Event


class Adjudication(models.Model):
    """A person's decision on one task of one utterance in a round; the newest one counts.

    `size` is how many judgements there were. Nothing is deleted: taking a decision back is a row.
    """

    class Verdict(models.TextChoices):
        VALUE = "value", _("value decided")
        AMBIGUOUS = "ambiguous", _("ambiguous: several values are correct")
        AGAIN = "again", _("another annotation requested")
        NONE = "none", _("decision undone")

    class Error(models.TextChoices):
        NONE = "", _("no error, close call")
        GUIDELINE = "guideline", _("guideline unclear or incomplete")
        CONTEXT = "context", _("context, tone or irony missed")
        SLIP = "slip", _("slip")
        MATERIAL = "material", _("wrong segmentation or text")

    round = models.ForeignKey(Round, models.CASCADE, related_name="adjudications")
    utterance = models.ForeignKey(Utterance, models.PROTECT, related_name="adjudications")
    task = models.CharField(max_length=40)
    verdict = models.CharField(max_length=9, choices=Verdict, default=Verdict.VALUE)
    value = models.CharField(max_length=40, blank=True)
    reason = models.TextField(_("why"), blank=True, max_length=2000)
    error = models.CharField(
        _("cause of the disagreement"), max_length=9, choices=Error, blank=True
    )
    size = models.PositiveIntegerField(default=0)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["round", "utterance", "task"], name="rulings_of_an_item")]

    def __str__(self):
        return f"{self.utterance} {self.task}={self.value}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    @classmethod
    @transaction.atomic
    def rule(cls, person, round, utterance, task, value="", verdict="value", reason="", error=""):
        """Write the decision down; the item follows it.

        Raises SchemeError for an impossible value or task, UserError if nobody can judge it again.
        """
        from annotation.agreement.item_counts import lock, resettle

        if verdict == cls.Verdict.VALUE:
            round.scheme.check(task, value)
        else:
            value, _task = "", round.scheme[task]
        lock(round)
        rows = round.items.filter(utterance=utterance, task=task)
        size = rows.values_list("size", flat=True).first() or 0
        if verdict == cls.Verdict.AGAIN:
            place = round.places.filter(dialogue=utterance.dialogue_id).first()
            if place is None:
                raise UserError(
                    gettext_noop(
                        "Published labels cannot be annotated again. Open a round on"
                        " these dialogues."
                    )
                )
            place.ask_one_more()
        ruling = cls.objects.create(
            round=round,
            utterance=utterance,
            task=task,
            verdict=cls.Verdict(verdict),
            value=value,
            reason=reason.strip()[:2000],
            error=cls.Error(error),
            size=size,
            person=person,
        )
        resettle(round, rows)
        Event.record(
            person,
            "adjudicate",
            ruling,
            utterance=utterance.uid,
            task=task,
            verdict=verdict,
            value=value,
        )
        return ruling

    def outlived_by(self, item):
        """True if it says nothing about the item any more."""
        return self.verdict == self.Verdict.NONE or (
            self.verdict == self.Verdict.AGAIN and item.size > self.size
        )


class GoldAnswer(models.Model):
    """What an expert says is right, and why; the newest one of a question counts ("" for none)."""

    utterance = models.ForeignKey(Utterance, models.CASCADE, related_name="gold_answers")
    task = models.CharField(max_length=40)
    value = models.CharField(max_length=40, blank=True)
    why = models.TextField(blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["utterance", "task"], name="gold_of_a_question")]

    def __str__(self):
        return f"{self.utterance} {self.task}={self.value}"

    @classmethod
    def known(cls, dialogues):
        """The gold answers of dialogues, utterance id -> task -> GoldAnswer."""
        found: dict[int, dict[str, GoldAnswer]] = defaultdict(dict)
        rows = cls.objects.filter(utterance__dialogue__in=dialogues, utterance__retired=False)
        for row in rows.order_by("pk"):
            found[row.utterance_id][row.task] = row
            if not row.value:
                del found[row.utterance_id][row.task]
        return {utterance: rows for utterance, rows in found.items() if rows}

    @classmethod
    @transaction.atomic
    def key(cls, person, dialogue, answers):
        """Write down what is right: (utterance, task, value, why); unchanged ones are left."""
        known = cls.known([dialogue])
        fresh = []
        for utterance, task, value, why in answers:
            before = known.get(utterance.pk, {}).get(task)
            if (value, why) != ((before.value, before.why) if before else ("", "")):
                fresh.append(
                    cls(utterance=utterance, task=task, value=value, why=why, person=person)
                )
        cls.objects.bulk_create(fresh)
        if fresh:
            Event.record(person, "key", dialogue, answers=len(fresh))
        return len(fresh)


def with_gold(corpus):
    """The published dialogues of a corpus that have gold answers."""
    known = GoldAnswer.objects.filter(utterance__corpus=corpus, utterance__retired=False)
    return Dialogue.objects.published().filter(
        corpus=corpus, pk__in=known.exclude(value="").values("utterance__dialogue")
    )


class Gold(NamedTuple):
    """What counts for one task of one utterance, and how it came to be.

    `value` is None where there is none; `soft` is the distribution over values.
    """

    value: str | None
    provenance: str  # adjudicated, ambiguous, or how the judgements were settled
    votes: dict[str, int]
    soft: dict[str, float]
    hardness: float


def gold_of(rounds, dialogues=None):
    """The gold layer of one or more rounds: (utterance id, task) -> Gold.

    Everything handed in is counted first. Judgements of different rounds on one item are settled
    together, by majority; of the same person the later round's counts, and of rulings the newest.
    """
    from annotation.agreement.item_counts import catch_up_all

    rounds = list(rounds)
    catch_up_all(rounds)
    if dialogues is None:
        return gold_as_counted(rounds)
    spoken = Utterance.whole.filter(dialogue__in=dialogues)
    return gold_as_counted(rounds, list(spoken.values_list("pk", flat=True)))


def gold_as_counted(rounds, utterances=None):
    """`gold_of` what is counted already, of all utterances or of those with these ids."""
    rows = Item.objects.filter(round__in=rounds).order_by()
    if utterances is not None:
        rows = rows.filter(utterance__in=utterances)
    found = defaultdict(list)
    fields = rows.annotate(said=as_text("answers"), spread=as_text("soft")).values_list(
        "round_id", "pk", "utterance_id", "task", "said", "kind", "value", "spread", "verdict",
        "ruling", "hardness",
    )  # fmt: skip
    for row in sorted(fields.iterator(chunk_size=5000)):
        utterance, task, said, kind, value, spread, *ruled = row[2:]
        item = Settled(utterance, task, loads(said), kind, value, loads(spread), *ruled)
        found[utterance, task].append(item)
    return {key: gold_of_items(items) for key, items in found.items()}


def _votes(values):
    """Value -> how many gave it, in order of the values."""
    if values.count(values[0]) == len(values):
        return {values[0]: len(values)}
    return dict(sorted(Counter(values).items()))


def gold_of_items(items):
    """What the items of one question come to together, those of later rounds last."""
    if len(items) == 1:
        (item,) = items
        votes = _votes(list(item.answers.values()))
        return Gold(item.gold, item.provenance, votes, item.soft, item.hardness)
    hard = max(item.hardness for item in items)
    verdict = next((item for item in reversed(items) if item.verdict), items[-1])
    given = {who: value for item in items for who, value in item.answers.items()}
    votes = _votes(list(given.values()))
    together = settle(list(given.values()))
    if verdict.verdict in ("value", "ambiguous"):
        return Gold(verdict.gold, verdict.provenance, votes, together.soft, hard)
    return Gold(together.value, together.kind, votes, together.soft, hard)
