"""Links whose token only their bearer has; no token stands in the database.

The token follows from a random nonce and the secret key, so that a page or a worker can write the
link again. It is found by its hash, which holds even after the secret key was changed.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode

from django.db import models
from django.utils.crypto import salted_hmac


def new_nonce():
    return secrets.token_urlsafe(24)  # 32 characters


def hash_of(token):
    return hashlib.sha256(token.encode()).hexdigest()


def token_of(nonce):
    """256 bits that nobody can tell without the secret key."""
    digest = salted_hmac("corpus.token_links", nonce, algorithm="sha256").digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


class TokenLinkQuerySet(models.QuerySet):
    def with_token(self, token):
        return self.filter(token_hash=hash_of(token))


class TokenLink(models.Model):
    """Mixed into rows that are opened by a link with a token."""

    nonce = models.CharField(max_length=32, blank=True, editable=False)  # "" of earlier versions
    token_hash = models.CharField(max_length=64, unique=True, editable=False)

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        if not self.token_hash:
            self.set_token(self.nonce or new_nonce())
        super().save(*args, **kwargs)

    def set_token(self, nonce):
        """Give the row the token of a nonce; the link before it opens nothing any more."""
        self.nonce, self.token_hash = nonce, hash_of(token_of(nonce))

    @property
    def token(self):
        """The token; "" where it cannot be told again: it is of an earlier version, or of another
        secret key.
        """
        token = token_of(self.nonce) if self.nonce else ""
        return token if token and hash_of(token) == self.token_hash else ""
