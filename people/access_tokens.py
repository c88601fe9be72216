"""Personal access tokens: what a script sends to the API in place of a password."""

import datetime
import hashlib
import secrets

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from people.audit_log import Event

PREFIX = "sq_"  # so that people, and programs that look for leaked secrets, recognise a token
DEFAULT_DAYS = 90
USED_EVERY = datetime.timedelta(hours=1)  # how often a token's last use is written, at most


class Scope(models.TextChoices):
    """What a token may do; the person's own permissions are the limit of all of them."""

    READ = "read", _("read: everything that you may see, nothing is changed")
    ANNOTATE = "annotate", _("annotate: get dialogues, save and submit answers, comment")
    WRITE = "write", _("write: upload, import, edit, open and close rounds, decide")
    MANAGE = "manage", _("manage: create, set up and delete corpora, members and invitations")


def digest_of(token: str) -> str:
    """SHA-256 of a token, which is all that is kept. No salt: a token is 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


class AccessTokenQuerySet(models.QuerySet):
    def active_at(self, time):
        """Neither revoked nor expired then."""
        unexpired = models.Q(expires_at=None) | models.Q(expires_at__gt=time)
        return self.filter(unexpired, revoked_at=None)


class AccessToken(models.Model):
    """A token of a person, with what it may do and how long; the token itself is nowhere kept."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="access_tokens"
    )
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.CharField(max_length=200, help_text="separated by spaces")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.name

    @classmethod
    @transaction.atomic
    def create(cls, person, name, scopes, expires_at=None):
        """A new token of `person`: its row, and the token, which cannot be had again."""
        token = PREFIX + secrets.token_urlsafe(32)
        row = cls.objects.create(
            person=person,
            name=name,
            digest=digest_of(token),
            scopes=" ".join(scopes),
            expires_at=expires_at,
        )
        Event.record(
            person, "create token", person, token=name, number=row.pk, scopes=row.scopes.split()
        )
        return row, token

    @transaction.atomic
    def revoke(self, by):
        """End it at once; twice changes nothing."""
        active = AccessToken.objects.filter(pk=self.pk, revoked_at=None)
        if active.update(revoked_at=timezone.now()):
            Event.record(by, "revoke token", self.person, token=self.name, number=self.pk)

    @property
    def state(self):
        if self.revoked_at:
            return "revoked"
        if self.expires_at and self.expires_at <= timezone.now():
            return "expired"
        return "active"

    @property
    def state_label(self):
        return {"active": _("active"), "expired": _("expired"), "revoked": _("revoked")}[self.state]
