"""The pseudonyms of annotators and speakers in the releases of a corpus."""

import base64
import hashlib
import hmac
import secrets

from django.db import models

from annotation.corpus_import import stand_in_name
from corpus.models import Corpus

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
