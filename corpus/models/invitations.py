"""Invitations into a corpus: who is asked to join as what, and what became of it."""

import datetime
import secrets
from functools import reduce
from operator import or_

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, Q, Value, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import UserError, gettext_noop
from corpus import round_offers
from corpus.models.corpora import Corpus, Membership
from corpus.models.token_links import TokenLink, TokenLinkQuerySet, new_nonce
from jobs.models import Job
from people.models import Event

DAYS = 14  # that a link is valid unless its lead chooses otherwise


class ClosedLink(UserError):
    """A link that opens nothing any more; its sentence says why and what to do."""


class Status(models.TextChoices):
    CREATED = "created", _("created")
    SENT = "sent", _("sent by e-mail")
    OPENED = "opened", _("link opened")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("expired")
    REVOKED = "revoked", _("revoked")


def check_not_archived(corpus):
    """Raises ClosedLink for an archived corpus, which nobody can join."""
    if corpus.is_archived:
        raise ClosedLink(
            gettext_noop("The corpus “%(name)s” is archived; nobody can join it."), name=corpus.name
        )


def in_days(days):
    return timezone.now() + datetime.timedelta(days=days)


def invitation_expiry():
    return in_days(DAYS)


class InvitationQuerySet(TokenLinkQuerySet):
    def open(self):
        return self.filter(
            accepted_by=None, declined_at=None, revoked_at=None, expires_at__gt=timezone.now()
        )

    def for_account(self, person):
        """Open ones that are bound to the person's account."""
        return self.open().filter(person=person).select_related("corpus", "invited_by")

    def called(self, words):
        """Those whose invited or accepting person is called so."""
        fields = ["name", "email", "person__name", "person__username"]
        fields += ["accepted_by__name", "accepted_by__username"]
        parts = [Q(**{f"{field}__icontains": words}) for field in fields]
        return self.filter(reduce(or_, parts))

    def with_status(self):
        """Each with its `status`."""
        now = timezone.now()
        cases = [
            (Q(accepted_by__isnull=False), Status.ACCEPTED),
            (Q(declined_at__isnull=False), Status.DECLINED),
            (Q(revoked_at__isnull=False), Status.REVOKED),
            (Q(expires_at__lte=now), Status.EXPIRED),
            (Q(opened_at__isnull=False), Status.OPENED),
            (Q(sent_at__isnull=False), Status.SENT),
        ]
        whens = [When(condition, then=Value(status.value)) for condition, status in cases]
        return self.annotate(
            status=Case(
                *whens, default=Value(Status.CREATED.value), output_field=models.CharField()
            )
        )

    @transaction.atomic
    def revoke(self, person):
        """Revoke each open one of them."""
        for invitation in self.open():
            invitation.revoke(person)


class Invitation(TokenLink):
    """Somebody is asked to join a corpus; nobody belongs to it before they accept.

    `round_id` names a round of the app that has rounds. Without `corpus`, as earlier versions made
    them, an invitation only makes an account.
    """

    corpus = models.ForeignKey(Corpus, models.CASCADE, null=True, related_name="invitations")
    role = models.CharField(
        _("role"), max_length=12, choices=Membership.Role, default=Membership.Role.ANNOTATOR
    )
    round_id = models.BigIntegerField(null=True, blank=True)
    name = models.CharField(_("name"), max_length=80, blank=True)
    email = models.EmailField(_("email"), blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="invitations_received"
    )
    message = models.TextField(_("message"), max_length=1000, blank=True)
    batch = models.CharField(max_length=32, blank=True, db_index=True)  # made at once
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="invitations"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(default=invitation_expiry)
    sent_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="invitations_accepted"
    )
    declined_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()
    status: str  # annotated by with_status

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.addressee or f"#{self.pk}"

    @property
    def addressee(self):
        """Who is invited; "" for a link that anybody may use who has it."""
        return str(self.person) if self.person else self.name or self.email

    @property
    def status_label(self):
        return Status(self.status).label

    @classmethod
    @transaction.atomic
    def invite(cls, inviter, corpus, *, days=DAYS, **fields):
        """Invite somebody into a corpus; only annotators are led to a round."""
        if fields.get("role", Membership.Role.ANNOTATOR) != Membership.Role.ANNOTATOR:
            fields["round_id"] = None
        invitation = cls.objects.create(
            corpus=corpus, invited_by=inviter, expires_at=in_days(days), **fields
        )
        Event.record(
            inviter, "invite", invitation, to=invitation.addressee, role=str(invitation.role)
        )
        return invitation

    def check_open(self):
        """Raises ClosedLink, which says why, where it cannot be accepted any more."""
        ask = {"name": str(self.invited_by)}
        if self.accepted_by_id:
            raise ClosedLink(
                gettext_noop("This invitation has already been used. Ask %(name)s for a new one."),
                **ask,
            )
        if self.declined_at:
            raise ClosedLink(
                gettext_noop("This invitation was declined. Ask %(name)s for a new one."), **ask
            )
        if self.revoked_at:
            raise ClosedLink(
                gettext_noop("This invitation was revoked. Ask %(name)s for a new one."), **ask
            )
        if self.expires_at <= timezone.now():
            raise ClosedLink(
                gettext_noop("This invitation expired on %(day)s. Ask %(name)s for a new one."),
                day=f"{timezone.localtime(self.expires_at):%Y-%m-%d}",
                **ask,
            )
        if self.corpus:
            check_not_archived(self.corpus)

    def check_person(self, person):
        """Raises UserError if it is for another account, or gives nothing to who is a member."""
        if self.person_id and self.person_id != person.pk:
            raise UserError(
                gettext_noop(
                    "This invitation is for another account. Sign in with the account that was"
                    " invited."
                )
            )
        if self.corpus and self.round_id is None and not self.raises(self.corpus.role_of(person)):
            raise UserError(
                gettext_noop("You are already a member of %(corpus)s."), corpus=self.corpus.name
            )

    def raises(self, role):
        """Whether it gives more than `role`, which somebody has (None: they are no member)."""
        order = Membership.Role.values  # the highest first
        return role is None or order.index(self.role) < order.index(role)

    def record_opening(self):
        """Write down when its link was opened first."""
        now = timezone.now()
        Invitation.objects.filter(pk=self.pk, opened_at=None).update(opened_at=now)

    @transaction.atomic
    def accept(self, person):
        """Let the person join as invited; a second time changes nothing. The invitation, with
        `joins_round`: whether they annotate in its round now.

        Raises ClosedLink if it is used or over, UserError if it is not for this person.
        """
        mine = self._locked()
        if mine.accepted_by_id == person.pk:
            mine.joins_round = mine.round_id is not None
            return mine
        mine.check_open()
        mine.check_person(person)
        mine.accepted_by, mine.accepted_at = person, timezone.now()
        mine.save(update_fields=["accepted_by", "accepted_at"])
        was = mine.corpus.join(person, mine.role) if mine.corpus else None
        Event.record(
            person, "accept invitation", mine, role=mine.role, **({"was": was} if was else {})
        )
        mine.joins_round = mine.round_id is not None and round_offers.join(
            mine.corpus, mine.round_id, person, mine.invited_by
        )
        return mine

    @transaction.atomic
    def decline(self, person):
        """Who is invited does not want to join. Raises ClosedLink if it is used or over."""
        mine = self._locked()
        mine.check_open()
        mine._set(declined_at=timezone.now())
        Event.record(person, "decline", mine)

    @transaction.atomic
    def revoke(self, person):
        """Close the link; twice changes nothing. Raises ClosedLink if it was accepted."""
        mine = self._locked()
        if mine.accepted_by_id:
            mine.check_open()
        if mine.revoked_at is None:
            mine._set(revoked_at=timezone.now())
            Event.record(person, "revoke invitation", mine, to=mine.addressee)

    @transaction.atomic
    def extend(self, person, days):
        """Let the same link be valid for so many days from now. Raises ClosedLink if it was used,
        declined or revoked.
        """
        mine = self._locked()
        mine.expires_at = in_days(days)
        mine.check_open()
        mine._set(expires_at=mine.expires_at)
        Event.record(person, "extend invitation", mine, to=mine.addressee, days=days)

    @transaction.atomic
    def renew(self, person, days=DAYS):
        """Replace the link by a new one, in a batch of its own. Raises ClosedLink if it was
        accepted.
        """
        mine = self._locked()
        if mine.accepted_by_id:
            mine.check_open()
        mine.set_token(new_nonce())
        mine._set(
            nonce=mine.nonce,
            token_hash=mine.token_hash,
            batch=new_batch(),
            invited_by=person,
            expires_at=in_days(days),
            sent_at=None,
            opened_at=None,
            declined_at=None,
            revoked_at=None,
        )
        Event.record(person, "renew invitation", mine, to=mine.addressee)
        return mine

    joins_round = False

    def _locked(self):
        """The row as it is now, held until the transaction ends."""
        return Invitation.objects.select_for_update().get(pk=self.pk)

    def _set(self, **values):
        for name, value in values.items():
            setattr(self, name, value)
        self.save(update_fields=list(values))


def new_batch():
    """What invitations have in common that are made at once."""
    return secrets.token_hex(16)


class InvitationEmail(Job):
    """That an invitation is sent by e-mail; `site` and `language` are those of who sends it."""

    verb = "send invitation"
    work = "corpus.invitation_mail.send_invitation"
    kind_label = _("invitation by e-mail")
    corpus_field = "invitation__corpus"
    person_field = "person"
    name_fields = ("invitation__email",)
    related_fields = ("invitation",)

    invitation = models.OneToOneField(Invitation, models.CASCADE, related_name="delivery")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    site = models.CharField(max_length=300)
    language = models.CharField(max_length=20)

    def __str__(self):
        return f"{self.invitation.email} · {self.status}"

    @property
    def page_url(self):
        return reverse("members", args=[self.corpus_id]) if self.corpus_id else ""

    @property
    def corpus_id(self):
        return self.invitation.corpus_id

    @classmethod
    @transaction.atomic
    def request(cls, person, invitation, site, language):
        """Have the invitation sent by a worker, so that nobody waits for the mail server."""
        cls.objects.filter(invitation=invitation).delete()
        job = cls.objects.create(invitation=invitation, person=person, site=site, language=language)
        Event.record(person, cls.verb, invitation, to=invitation.email)
        job.later()
        return job
