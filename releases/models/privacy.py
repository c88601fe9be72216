"""Who people are in a release, and what in the transcripts must not be published."""

import base64
import hashlib
import hmac
import secrets
from collections import defaultdict

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from annotation.corpus_import import stand_in_name
from corpus.models import Corpus, Utterance
from people.models import Event

LETTERS = 8  # of a pseudonym: 40 bits


def _new_key():
    return secrets.token_hex(32)


class PseudonymKey(models.Model):
    """The secret that makes the pseudonyms of a corpus: the same in all its releases, and not to be
    undone by whoever does not have it.
    """

    corpus = models.OneToOneField(Corpus, models.CASCADE, related_name="pseudonym_key")
    key = models.CharField(max_length=64, default=_new_key, editable=False)

    def __str__(self):
        return str(self.corpus)

    @classmethod
    def of(cls, corpus):
        """The key of a corpus, made when it is first needed."""
        return cls.objects.get_or_create(corpus=corpus)[0]

    def annotator(self, person):
        """A person's pseudonym; who came in with a release keeps the one of that release."""
        return stand_in_name(self.corpus, person) or f"A-{self._code('person', person.pk)}"

    def speaker(self, speaker):
        """The pseudonym that the team gave a speaker, else one of the key's."""
        return speaker.pseudonym or f"S-{self._code('speaker', speaker.name)}"

    def _code(self, kind, what):
        message = f"{kind}:{what}".encode()
        digest = hmac.new(bytes.fromhex(self.key), message, hashlib.sha256).digest()
        return base64.b32encode(digest).decode()[:LETTERS].lower()


class Inspection(models.Model):
    """A person looked at words that may be private; the newest one about the words counts."""

    class Outcome(models.TextChoices):
        KEEP = "keep", _("not private: publish as it is")
        MASK = "mask", _("private: mask")

    utterance = models.ForeignKey(Utterance, models.CASCADE, related_name="inspections")
    words = models.CharField(max_length=200)
    kind = models.CharField(max_length=10)
    outcome = models.CharField(max_length=4, choices=Outcome)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.utterance} {self.outcome}"

    @classmethod
    @transaction.atomic
    def inspect(cls, person, utterance, sighting, outcome):
        """Write down what a person said of a sighting; the same again changes nothing."""
        words = sighting.words[:200]
        before = cls.objects.filter(utterance=utterance, words=words).last()
        if before and before.outcome == outcome:
            return before
        made = cls.objects.create(
            utterance=utterance,
            words=words,
            kind=sighting.kind,
            outcome=cls.Outcome(outcome),
            person=person,
        )
        Event.record(person, "inspect", utterance, kind=sighting.kind, outcome=outcome)
        return made

    @classmethod
    def said(cls, utterances):
        """Utterance id -> words -> outcome, of what was inspected."""
        found = defaultdict(dict)
        rows = cls.objects.filter(utterance__in=utterances).order_by("pk")
        for utterance, words, outcome in rows.values_list("utterance_id", "words", "outcome"):
            found[utterance][words] = outcome
        return found
