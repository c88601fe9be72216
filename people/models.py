"""Persons; the audit log's Event stands in people/audit_log.py."""

import json
import secrets

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import UserError, gettext_noop
from people import account_deletion
from people.access_tokens import AccessToken
from people.audit_log import Event
from people.idempotency_keys import IdempotencyKey
from people.shortcuts import effective

__all__ = ["AccessToken", "Event", "IdempotencyKey", "Person"]

PROFILE = ["name", "language", "theme", "time_zone"]  # what people set on their account page


def last_administrator_error(person):
    """The error of what would leave the installation without an administrator."""
    return UserError(
        gettext_noop(
            "%(name)s is the only administrator of this installation. Nothing was changed;"
            " make somebody else an administrator first."
        ),
        name=str(person),
    )


class Person(AbstractUser):
    """Somebody who signs in; one name, as Chinese and English names need no halves."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("as the system")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=80, blank=True)
    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        choices=settings.LANGUAGES,
        default="",
        db_default="",
    )
    theme = models.CharField(
        _("theme"), max_length=6, choices=Theme, default=Theme.SYSTEM, db_default=Theme.SYSTEM
    )
    time_zone = models.CharField(
        _("time zone"), max_length=40, blank=True, default="", db_default=""
    )
    shortcuts = models.JSONField(default=dict, blank=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    muted_notifications = models.JSONField(default=list, blank=True, editable=False)

    REQUIRED_FIELDS = ["email"]

    def __str__(self):
        return self.name or self.username

    def get_full_name(self):
        return str(self)

    def get_short_name(self):
        return str(self)

    @property
    def keys_off(self):
        """Whether single characters are no shortcuts (people.shortcuts)."""
        return bool(self.shortcuts.get("off"))

    @property
    def own_keys(self):
        """The keys that this person has bound anew, for static/js/shortcuts.js; empty if none."""
        keys = self.shortcuts.get("keys")
        return json.dumps(effective(keys)) if keys else ""

    def record(self, verb, thing, /, **detail):
        """Write the Event that this person did `verb` to `thing`."""
        return Event.record(self, verb, thing, **detail)

    @transaction.atomic
    def change_profile(self, **values):
        """Set some of PROFILE, with an Event that names what is different; none if nothing is."""
        stored = Person.objects.select_for_update().get(pk=self.pk)
        changed = {name: new for name, new in values.items() if getattr(stored, name) != new}
        for name, new in changed.items():
            setattr(self, name, new)
        if changed:
            self.save(update_fields=list(changed))
            self.record("change profile", self, changed=sorted(changed))

    @transaction.atomic
    def change_setting(self, field, value):
        """Set `shortcuts` or `muted_notifications`, with its Event."""
        setattr(self, field, value)
        self.save(update_fields=[field])
        self.record("change profile", self, changed=[field])

    def delete_account(self):
        """Remove who this was; what they did stays, under a pseudonym that nobody signs in with.

        Raises UserError while something stands in the way (`people.account_deletion`).
        """
        with transaction.atomic():
            stored = Person.objects.select_for_update().get(pk=self.pk)
            for obstacle in account_deletion.obstacles(stored):
                raise obstacle
            self.record("delete account", self)
            for remove in account_deletion.removers:
                remove(stored)
            self.access_tokens.all().delete()
            self.idempotency_keys.all().delete()
            self._become_nobody()

    def _become_nobody(self):
        """Take the pseudonym, here and in what events tell of this person."""
        before, self.username = self.username, free_pseudonym(self.pk)
        for key in ("person", "username"):
            for event in Event.objects.filter(**{f"detail__{key}": before}):
                event.detail[key] = self.username
                event.save(update_fields=["detail"])
        for event in Event.objects.filter(detail__has_key="openly").exclude(detail__openly=True):
            names = event.detail["openly"]
            if isinstance(names, list) and before in names:
                event.detail["openly"] = [self.username if n == before else n for n in names]
                event.save(update_fields=["detail"])
        self.name = self.email = self.language = self.time_zone = ""
        self.theme, self.shortcuts, self.muted_notifications = Person.Theme.SYSTEM, {}, []
        self.is_active = self.is_staff = self.is_superuser = False
        self.last_login, self.deleted_at = None, timezone.now()
        self.set_unusable_password()
        self.save()
        self.groups.clear()
        self.user_permissions.clear()

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
        """Let this person sign in again. Raises UserError for a deleted account."""
        if self.deleted_at:
            raise UserError(
                gettext_noop("%(name)s was deleted by its owner, for good. Nothing was changed."),
                name=self.username,
            )
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
            raise last_administrator_error(self)

    def _set(self, **fields):
        for name, value in fields.items():
            setattr(self, name, value)
        self.save(update_fields=[*fields])


def free_pseudonym(number):
    """The username of a deleted account, which nobody else has taken."""
    pseudonym = f"deleted-{number}"
    while Person.objects.filter(username=pseudonym).exists():
        pseudonym = f"deleted-{number}-{secrets.token_hex(3)}"
    return pseudonym


def only_administrator(person):
    """Why the last administrator's account stays (a guard of `people.account_deletion`)."""
    if person.is_last_administrator():
        yield UserError(
            gettext_noop(
                "You are the only administrator of this installation. Nothing was deleted; make "
                "somebody else administrator first."
            )
        )


account_deletion.guards.append(only_administrator)
