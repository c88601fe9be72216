"""Scheme versions and guideline versions: what is asked, and how to answer it."""

from functools import lru_cache

from django.conf import settings
from django.db import models, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from annotation.scheme import DEFAULT, Scheme
from corpus.models import Corpus
from people.models import Event


@lru_cache(maxsize=64)
def read_scheme(pk):
    version = SchemeVersion.objects.get(pk=pk)
    return Scheme.from_json(version.tasks, version.rules)


class SchemeVersion(models.Model):
    """A label scheme as it was at one time; never changed once made."""

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="schemes")
    number = models.PositiveIntegerField()
    tasks = models.JSONField()
    rules = models.JSONField(default=list)
    note = models.CharField(_("what is new"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["corpus_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "number"], name="one_scheme_a_number")
        ]

    def __str__(self):
        return f"v{self.number}"

    @property
    def scheme(self) -> Scheme:
        return read_scheme(self.pk)

    @classmethod
    def default_of(cls, corpus):
        """The version that new rounds start with: as the corpus says, else the newest."""
        chosen = cls.objects.filter(corpus=corpus, number=corpus.default_scheme).first()
        return chosen or cls.objects.filter(corpus=corpus).first() or cls.of(corpus)

    @classmethod
    def of(cls, corpus, scheme=DEFAULT, person=None, note=""):
        """The version with these very tasks and rules, made if the corpus has none.

        Raises SchemeError for one that is not sound, or whose keys no new scheme may have.
        """
        tasks, rules = scheme.to_json(), scheme.rules_to_json()
        wanted = Scheme.from_json(tasks, rules)
        for version in cls.objects.filter(corpus=corpus):
            if version.scheme == wanted:
                return version
        wanted.check_keys()
        made = cls.objects.create(
            corpus=corpus, number=_following(cls, corpus), tasks=tasks, rules=rules, note=note
        )
        if person:
            Event.record(person, "create version", made, version=made.number)
        return made


class Guideline(models.Model):
    """One version of what annotators are told, in Markdown; never changed once made."""

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="guidelines")
    number = models.PositiveIntegerField()
    text = models.TextField(_("guideline"))
    note = models.CharField(_("what is new"), max_length=200, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["corpus_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "number"], name="one_guideline_a_number")
        ]

    def __str__(self):
        return f"v{self.number}"

    @classmethod
    @transaction.atomic
    def draw_up(cls, person, corpus, text, note=""):
        """Make the next version; the same words as the newest one make none."""
        newest = cls.objects.filter(corpus=corpus).first()
        if newest and newest.text == text:
            return newest
        made = cls.objects.create(
            corpus=corpus, number=_following(cls, corpus), text=text, note=note, person=person
        )
        Event.record(person, "create version", made, version=made.number)
        return made

    @staticmethod
    def quoted(utterance):
        """An utterance as an example quotes it."""
        return f"{utterance.speaker}：{utterance.text}" if utterance.speaker else utterance.text

    @classmethod
    def add_example(cls, person, corpus, utterance, task, value, reason):
        """The next version: the newest one with an utterance as an example at its end."""
        newest = cls.objects.filter(corpus=corpus).first()
        heading = " ".join((task.names["zh"], value.names["zh"], "·", task.names["en"]))
        said = f"> {cls.quoted(utterance)}"
        lines = [f"### {heading}: {value.names['en']}", "", said, "", reason]
        text = "\n\n".join(filter(None, [newest.text if newest else "", "\n".join(lines).strip()]))
        return cls.draw_up(person, corpus, text, note=utterance.uid)


def _following(model, corpus):
    return (model.objects.filter(corpus=corpus).aggregate(top=Max("number"))["top"] or 0) + 1
