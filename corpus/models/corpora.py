"""Corpora and who may do what in them."""

import datetime
from collections import Counter
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models import Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from core import shared_folders, storage
from core.column_lengths import check_lengths
from core.errors import UserError, ValidationError, gettext_noop
from core.statements import Prepared
from corpus.models.installation import GB, Installation
from people.models import Event

MEASURED_FOR = datetime.timedelta(minutes=10)  # so long the storage that was measured is shown


class CorpusQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(memberships__person=person)

    def active(self):
        """Those that are not archived."""
        return self.filter(archival=None)

    def orphaned(self):
        """Those whose owner is gone, for whom an administrator appoints another."""
        return self.filter(models.Q(owner=None) | models.Q(owner__is_active=False))

    def led_by(self, person):
        return self.filter(memberships__person=person, memberships__role=Membership.Role.LEAD)


class Corpus(models.Model):
    """A body of dialogues that one team annotates and publishes. Its owner is one of its leads."""

    class MediaPolicy(models.TextChoices):
        LEADS = "leads", _("leads only")
        MEMBERS = "members", _("all members who may watch them")

    my_role: str | None  # of the person for whom it was found; set by `corpus.permissions`

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("description"), blank=True)
    language = models.CharField(_("language of the dialogues"), max_length=20, default="zh")
    blind_adjudication = models.BooleanField(
        _("adjudicators see letters, not names"), default=True, db_default=True
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="owned_corpora",
    )
    media_policy = models.CharField(
        _("who may download clips"),
        max_length=8,
        choices=MediaPolicy,
        default=MediaPolicy.LEADS,
        db_default=MediaPolicy.LEADS,
    )
    default_licence = models.CharField(max_length=20, blank=True, default="", db_default="")
    default_scheme = models.PositiveIntegerField(null=True)  # number of a version; None: the newest
    members_read_releases = models.BooleanField(default=False, db_default=False)
    storage_quota = models.PositiveIntegerField(null=True, editable=False)  # GB, see quota
    storage = models.JSONField(default=dict, editable=False)  # kind -> bytes, and when measured
    synthetic = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CorpusQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "corpora"

    def __str__(self):
        return self.name

    @classmethod
    @transaction.atomic
    def create(cls, person, **fields):
        """Create a corpus that `person` owns and leads.

        Raises UserError for a name that is too long, and where the person may create none.
        """
        corpus = cls(owner=person, **fields)
        if not corpus.synthetic:
            Installation.load().guard_creation(person)
        check_lengths(corpus)
        corpus.check_name()
        corpus.save()
        corpus.memberships.create(person=person, role=Membership.Role.LEAD)
        Event.record(person, "create", corpus, name=corpus.name)
        return corpus

    def check_name(self):
        """Raises ValidationError for the name of another corpus."""
        if Corpus.objects.filter(name=self.name).exclude(pk=self.pk).exists():
            raise ValidationError(
                gettext_noop("Another corpus is called “%(name)s”. Nothing was saved."),
                name=self.name,
            )

    def role_of(self, person):
        """The person's role here, or None."""
        row = ROLE.first(self.pk, person.pk) if person.pk else None
        return row[0] if row else None

    def join(self, person, role):
        """Make somebody who has agreed to it a member with at least `role`, which is never lowered;
        the role that they had, or None. Raises UserError if the corpus is archived.
        """
        if self.is_archived:
            raise UserError(
                gettext_noop("The corpus “%(name)s” is archived; nobody can join it."),
                name=self.name,
            )
        member, made = self.memberships.get_or_create(person=person, defaults={"role": role})
        if made:
            return None
        was, order = member.role, Membership.Role.values  # the highest first
        if order.index(role) < order.index(was):
            member.role = role
            member.save(update_fields=["role"])
        return was

    @property
    def is_archived(self):
        return hasattr(self, "archival")

    @transaction.atomic
    def set(self, person, **values):
        """Change settings, with one Event that names those that are different."""
        before = {name: getattr(self, name) for name in values}
        changed = {name: value for name, value in values.items() if value != before[name]}
        if not changed:
            return
        for name, value in changed.items():
            setattr(self, name, value)
        check_lengths(self)
        self.check_name()
        self.save(update_fields=list(changed))
        Event.record(person, "set", self, **changed, was={name: before[name] for name in changed})

    @transaction.atomic
    def archive(self, person):
        """Make it read-only, and leave it out of lists; twice changes nothing."""
        archival, made = Archival.objects.get_or_create(corpus=self, defaults={"person": person})
        if made:
            Event.record(person, "archive", self, name=self.name)
        return archival

    @transaction.atomic
    def unarchive(self, person):
        """Let it be changed again; twice changes nothing."""
        if Archival.objects.filter(corpus=self).delete()[0]:
            Event.record(person, "unarchive", self, name=self.name)

    @transaction.atomic
    def appoint_owner(self, person, owner):
        """Make `owner` the owner, and a lead where they are not; whoever was it stays a lead."""
        member, _made = Membership.objects.get_or_create(
            corpus=self, person=owner, defaults={"role": Membership.Role.LEAD}
        )
        if member.role != Membership.Role.LEAD:
            member.role = Membership.Role.LEAD
            member.save(update_fields=["role"])
        was = self.owner.username if self.owner else ""
        self.owner = owner
        self.save(update_fields=["owner"])
        OwnershipOffer.objects.filter(corpus=self).delete()
        Event.record(person, "transfer", self, owner=owner.username, was=was)

    @property
    def quota(self):
        """Bytes that its files may have, None without a limit; its own goes before the one of the
        installation.
        """
        gigabytes = self.storage_quota or Installation.load().storage_quota
        return gigabytes and gigabytes * GB

    def measured_storage(self, within=MEASURED_FOR):
        """Bytes by kind of what it stores, measured anew where that is older than `within`."""
        at = parse_datetime(self.storage.get("at", "")) if self.storage else None
        if at is None or at < timezone.now() - within:
            sizes: Counter[str] = Counter()
            for kind, place in self.places():
                here = isinstance(place, Path)
                sizes[kind] += (shared_folders if here else storage).size_of(place)
            self.storage = {"at": timezone.now().isoformat(), "bytes": dict(sizes)}
            Corpus.objects.filter(pk=self.pk).update(storage=self.storage)
        return Counter(self.storage["bytes"])

    @property
    def stored_bytes(self):
        """Bytes that it had when they were last measured, None if they never were."""
        return sum(self.storage["bytes"].values()) if self.storage else None

    def places(self):
        """(kind, file or folder) of everything that it stores: a name in the storage or a path of
        this machine, as the models whose rows have files tell (`corpus_files`).
        """
        for model in apps.get_models():
            if hasattr(model, "corpus_files"):
                yield from model.corpus_files(self.pk)

    def guard_storage(self, size):
        """Raises UserError if `size` more bytes are more than it may store."""
        quota = self.quota
        if quota is None:
            return
        used = self.measured_storage(within=datetime.timedelta()).total()
        used += sum(upload.size - upload.offset for upload in self.uploads.all())
        if used + size > quota:
            raise UserError(
                gettext_noop(
                    "This corpus may store %(quota)s and has %(used)s; %(size)s more are too much."
                    " Nothing was taken. Delete sources, or ask an administrator for more."
                ),
                quota=filesizeformat(quota),
                used=filesizeformat(used),
                size=filesizeformat(size),
            )

    def lock_publications(self):
        """Until the transaction ends, nobody takes published dialogues into use or unpublishes."""
        Corpus.objects.select_for_update(no_key=True).get(pk=self.pk)

    def counts(self):
        """How many dialogues, published ones and utterances, as its sources have counted them."""
        sums = {
            name: Coalesce(Sum(Cast(KeyTextTransform(name, "counts"), models.BigIntegerField())), 0)
            for name in ("dialogues", "published", "utterances")
        }
        return self.sources.aggregate(**sums)

    def people(self, *roles):
        """Members with one of `roles` (all if none is named), by name."""
        members = self.memberships.select_related("person").order_by("person__username")
        return members.filter(role__in=roles) if roles else members


class Membership(models.Model):
    """What a person may do in a corpus."""

    class Role(models.TextChoices):
        LEAD = "lead", _("lead")
        ADJUDICATOR = "adjudicator", _("adjudicator")
        ANNOTATOR = "annotator", _("annotator")

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=12, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["corpus", "person"], name="one_membership_a_person")
        ]

    def __str__(self):
        return f"{self.person} · {self.get_role_display()}"

    @transaction.atomic
    def appoint(self, person, role):
        """Give the member another role; how many open invitations of theirs were revoked with it,
        as only leads invite. Raises UserError for the owner and the last lead.
        """
        self._check_lead_stays(role)
        self._record(person, "appoint", role=role)
        revoked = self._close_links(person, role)
        self.role = role
        self.save(update_fields=["role"])
        return revoked

    @transaction.atomic
    def dismiss(self, person):
        """End the membership; its Event, and how many of their open invitations were revoked.
        Raises UserError for the owner and the last lead.
        """
        self._check_lead_stays("")
        event = self._record(person, "dismiss")
        revoked = self._close_links(person, "")
        self.delete()
        return event, revoked

    def _record(self, person, verb, **more):
        return Event.record(person, verb, self, person=self.person.username, was=self.role, **more)

    def _check_lead_stays(self, role):
        Corpus.objects.select_for_update(no_key=True).get(pk=self.corpus_id)
        if role == self.Role.LEAD or self.role != self.Role.LEAD:
            return
        if self.person_id == self.corpus.owner_id:
            raise UserError(
                gettext_noop(
                    "%(name)s owns this corpus and leads it. Nothing was changed; the owner can"
                    " transfer it to another lead in the settings."
                ),
                name=str(self.person),
            )
        if self.corpus.people(self.Role.LEAD).count() == 1:
            raise UserError(
                gettext_noop(
                    "A corpus needs at least one lead. Nothing was changed; make another member"
                    " lead first."
                )
            )

    def _close_links(self, person, role):
        """Revoke the open invitations of who leads no longer: they may have kept their links."""
        if self.role != self.Role.LEAD or role == self.Role.LEAD:
            return 0
        own = self.corpus.invitations.open().filter(invited_by=self.person)
        if count := own.count():
            own.revoke(person)
        return count


ROLE = Prepared(  # asked for by each page of a corpus
    lambda corpus, person: Membership.objects.filter(corpus=corpus, person=person).values_list(
        "role"
    )
)


class Archival(models.Model):
    """That a corpus is read-only and left out of lists: who archived it and when."""

    corpus = models.OneToOneField(Corpus, models.CASCADE, related_name="archival")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.corpus} {self.at:%Y-%m-%d}"


class OwnershipOffer(models.Model):
    """That a corpus' owner offers it to another lead, who has to accept."""

    corpus = models.OneToOneField(Corpus, models.CASCADE, related_name="offer")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="offered_corpora"
    )
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.corpus} → {self.person}"

    @classmethod
    @transaction.atomic
    def make(cls, owner, corpus, person):
        """Offer it instead of to whom it was offered before. Raises UserError but for a lead."""
        if corpus.role_of(person) != Membership.Role.LEAD or person == owner:
            raise UserError(gettext_noop("Choose another lead of this corpus."))
        cls.objects.filter(corpus=corpus).delete()
        offer = cls.objects.create(corpus=corpus, person=person)
        Event.record(owner, "offer", corpus, owner=person.username)
        return offer

    @transaction.atomic
    def accept(self):
        """Whom it was offered to owns it now. Raises UserError if they lead it no more."""
        if self.corpus.role_of(self.person) != Membership.Role.LEAD:
            raise UserError(gettext_noop("Choose another lead of this corpus."))
        self.corpus.appoint_owner(self.person, self.person)

    @transaction.atomic
    def withdraw(self, person):
        """Take it back, or decline it."""
        Event.record(person, "withdraw offer", self.corpus, owner=self.person.username)
        self.delete()
