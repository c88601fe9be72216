"""Who else may have a release, members and others, and how often it was taken."""

import datetime
import secrets

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from people.models import Event
from releases.models.releases import Release


def in_a_month():
    return timezone.now() + datetime.timedelta(days=30)


class MemberAccess(models.Model):
    """That a lead lets the other members of the corpus read a release; without it, leads alone."""

    release = models.OneToOneField(Release, models.CASCADE, related_name="member_access")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.release} {self.at:%Y-%m-%d}"

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @classmethod
    @transaction.atomic
    def allow(cls, person, release):
        """Let members read it; twice changes nothing.

        Raises UserError if it is not frozen or is withdrawn.
        """
        release.guard_open()
        access, created = cls.objects.get_or_create(release=release, defaults={"person": person})
        if created:
            Event.record(person, "allow", release, version=release.version)
        return access

    @classmethod
    @transaction.atomic
    def disallow(cls, person, release):
        """Leads alone may read it again; twice changes nothing."""
        if cls.objects.filter(release=release).delete()[0]:
            Event.record(person, "disallow", release, version=release.version)


class ShareQuerySet(models.QuerySet):
    def alive(self):
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class Share(models.Model):
    """A link that gives a release to people without an account who accept its terms."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="links")
    token = models.CharField(max_length=64, unique=True, default=secrets.token_urlsafe)
    label = models.CharField(_("for whom"), max_length=80, blank=True)
    terms = models.TextField(_("terms to accept"), max_length=20_000)
    expires_at = models.DateTimeField(_("expires"), default=in_a_month)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = ShareQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.label or self.token[:6]

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @property
    def alive(self):
        """True while it opens: not revoked, not expired, and its release not withdrawn."""
        mine = self.revoked_at is None and self.expires_at > timezone.now()
        return mine and not self.release.is_withdrawn

    @classmethod
    @transaction.atomic
    def give(cls, person, release, terms, expires_at, label=""):
        """Make a link to a frozen release. Raises UserError if it is not frozen or is withdrawn."""
        release.guard_open()
        made = cls.objects.create(
            release=release, terms=terms, expires_at=expires_at, label=label, person=person
        )
        Event.record(person, "share", release, version=release.version, label=label)
        return made

    @transaction.atomic
    def revoke(self, person):
        """Close the link, and every grant that was made with it; twice changes nothing."""
        mine = Share.objects.filter(pk=self.pk, revoked_at=None)
        if mine.update(revoked_at=timezone.now()):
            Event.record(person, "revoke", self, label=self.label)
        self.refresh_from_db()

    @transaction.atomic
    def accept_terms(self, name, affiliation, email):
        """Somebody accepts the terms; the Grant that lets them download."""
        granted = self.grants.create(name=name, affiliation=affiliation, email=email)
        Event.record(None, "accept terms", self, name=name, affiliation=affiliation)
        return granted


class Grant(models.Model):
    """That somebody accepted the terms of a link; its address downloads with any program."""

    share = models.ForeignKey(Share, models.CASCADE, related_name="grants")
    token = models.CharField(max_length=64, unique=True, default=secrets.token_urlsafe)
    name = models.CharField(_("your name"), max_length=80)
    affiliation = models.CharField(_("your institution"), max_length=120)
    email = models.EmailField(_("your e-mail"), blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.name}, {self.affiliation}"


class Download(models.Model):
    """How often something of a release was begun to be taken: by members or through a link."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="downloads")
    share = models.ForeignKey(Share, models.CASCADE, null=True, related_name="downloads")
    what = models.CharField(max_length=300)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["what"]
        constraints = [
            models.UniqueConstraint(
                fields=["release", "what"],
                condition=models.Q(share=None),
                name="one_count_a_thing",
            ),
            models.UniqueConstraint(
                fields=["release", "share", "what"], name="one_count_a_thing_and_link"
            ),
        ]

    def __str__(self):
        return f"{self.what} {self.count}"

    @classmethod
    def add(cls, release, what, share=None):
        """One more; a download that goes on after a break is not one more."""
        row, _made = cls.objects.get_or_create(release=release, share=share, what=what[:300])
        cls.objects.filter(pk=row.pk).update(count=F("count") + 1)
