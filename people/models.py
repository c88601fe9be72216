"""Persons, invitations, and the audit Event that every human verb writes."""

import datetime
import secrets

from django.contrib.auth.models import AbstractUser
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.statements import insert


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


class Event(models.Model):
    """Who did what to which thing, and when; written in the transaction of the verb itself."""

    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="events")
    verb = models.CharField(max_length=40)
    noun = models.CharField(max_length=40)
    noun_id = models.BigIntegerField()
    corpus_id = models.BigIntegerField(null=True, db_index=True)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.person} {self.verb} {self.noun} {self.noun_id}"

    @classmethod
    def record(cls, person, verb, thing, /, **detail):
        """Write one Event about `thing` (a model instance); `person` None means the machine."""
        noun = thing._meta.model_name
        corpus_id = thing.pk if noun == "corpus" else getattr(thing, "corpus_id", None)
        return cls.objects.create(
            person=person,
            verb=verb,
            noun=noun,
            noun_id=thing.pk,
            corpus_id=corpus_id,
            detail=detail,
        )

    @classmethod
    def note(cls, person_id, verb, thing, /, **detail):
        """`record` on the paths that everybody takes all day: about a thing of a corpus."""
        insert(
            cls,
            [
                {
                    "person": person_id,
                    "verb": verb,
                    "noun": thing._meta.model_name,
                    "noun_id": thing.pk,
                    "corpus_id": thing.corpus_id,
                    "detail": detail,
                    "at": timezone.now(),
                }
            ],
        )


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
