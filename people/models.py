"""Persons; the audit log's Event stands in people/audit_log.py."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from people.audit_log import Event

__all__ = ["Event", "Person"]


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
