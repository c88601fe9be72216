"""Persons and invitations; the audit log's Event stands in people/audit_log.py."""

import datetime
import secrets

from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from people.audit_log import Event

__all__ = ["Event", "Invitation", "Person"]


class Person(AbstractUser):
    """Somebody who signs in; one name, as Chinese and English names need no halves."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=80, blank=True)

    REQUIRED_FIELDS = ["email"]

    def __str__(self):
        return self.name or self.username

    def get_full_name(self):
        return str(self)

    def get_short_name(self):
        return str(self)

    def record(self, verb, thing, /, **detail):
        """Write the Event that this person did `verb` to `thing`."""
        return Event.record(self, verb, thing, **detail)


def invitation_expiry():
    return timezone.now() + datetime.timedelta(days=14)


class Invitation(models.Model):
    """A link that makes an account once; `detail` says what its sender wants to grant."""

    token = models.CharField(max_length=64, unique=True, default=secrets.token_urlsafe)
    email = models.EmailField(blank=True)
    invited_by = models.ForeignKey(Person, models.PROTECT, related_name="invitations")
    expires_at = models.DateTimeField(default=invitation_expiry)
    accepted_by = models.OneToOneField(Person, models.PROTECT, null=True, related_name="invitation")

    def __str__(self):
        return self.email or self.token[:6]

    @property
    def open(self):
        return self.accepted_by_id is None and self.expires_at > timezone.now()

    @transaction.atomic
    def accept(self, person):
        """Bind the invitation to the account made with it. Raises ValueError if it is used up."""
        locked = Invitation.objects.select_for_update().get(pk=self.pk)
        if not locked.open:
            raise ValueError("invitation is no longer open")
        locked.accepted_by = person
        locked.save(update_fields=["accepted_by"])
        Event.record(person, "accept", locked)
        return locked
