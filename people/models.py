"""Persons; the audit log's Event stands in people/audit_log.py."""

from axes.models import AccessAttempt
from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import UserError, gettext_noop
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

    def is_last_administrator(self):
        """True of the only active installation administrator."""
        others = Person.objects.filter(is_superuser=True, is_active=True).exclude(pk=self.pk)
        return self.is_superuser and not others.exists()

    @transaction.atomic
    def grant_administrator(self, by):
        """Make this person an installation administrator; `by` None means the identity provider."""
        person = Person.objects.select_for_update().get(pk=self.pk)
        if not person.is_superuser:
            self._set(is_superuser=True, is_staff=True)
            Event.record(by, "grant administrator", self, username=self.username)

    @transaction.atomic
    def remove_administrator(self, by):
        """Take the rights of an administrator. Raises UserError for the last one."""
        self._check_not_last()
        if self.is_superuser:
            self._set(is_superuser=False, is_staff=False)
            Event.record(by, "remove administrator", self, username=self.username)

    @transaction.atomic
    def deactivate(self, by):
        """Let this person sign in no more. Raises UserError for the last administrator."""
        self._check_not_last()
        if self.is_active:
            self._set(is_active=False)
            Event.record(by, "deactivate", self, username=self.username)

    @transaction.atomic
    def reactivate(self, by):
        if not self.is_active:
            self._set(is_active=True)
            Event.record(by, "reactivate", self, username=self.username)

    @transaction.atomic
    def unlock(self, by):
        """Forget failed attempts to sign in to this account, so that a lock-out ends."""
        if AccessAttempt.objects.filter(username=self.username).delete()[0]:
            Event.record(by, "unlock", self, username=self.username)

    def _check_not_last(self):
        # The rows are locked, so that two administrators cannot remove each other at once.
        list(Person.objects.select_for_update().filter(is_superuser=True, is_active=True))
        self.refresh_from_db()
        if self.is_active and self.is_last_administrator():
            raise UserError(
                gettext_noop(
                    "%(name)s is the only administrator of this installation. Nothing was changed;"
                    " make somebody else an administrator first."
                ),
                name=str(self),
            )

    def _set(self, **fields):
        for name, value in fields.items():
            setattr(self, name, value)
        self.save(update_fields=[*fields])
