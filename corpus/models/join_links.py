"""Self-registration: the link by which people ask to join a corpus, and what they ask."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import UserError, gettext_noop
from corpus import round_offers
from corpus.models.corpora import Corpus, Membership
from corpus.models.invitations import ClosedLink, check_not_archived, in_days
from corpus.models.token_links import TokenLink, TokenLinkQuerySet
from people.models import Event
from people.notifications import JOINING, notify

APPROVED = gettext_noop("You are a member of the corpus “%(corpus)s”")
APPROVED_MORE = gettext_noop("Your request to join the corpus “%(corpus)s” was approved.")
DECLINED = gettext_noop("Your request to join the corpus “%(corpus)s” was declined")
DECLINED_MORE = gettext_noop(
    "Your request to join the corpus “%(corpus)s” was declined. Ask whoever gave you the link."
)
ROLE = Membership.Role.ANNOTATOR  # all that a join link leads to


class JoinLinkQuerySet(TokenLinkQuerySet):
    def current(self):
        """Those that are switched on."""
        return self.filter(closed_at=None)


class JoinLink(TokenLink):
    """A link by which anybody who has it may ask to join as an annotator; a lead decides.

    A corpus has one at a time; those before it stay, closed.
    """

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="join_links")
    expires_at = models.DateTimeField(null=True, blank=True)
    most = models.PositiveIntegerField(
        _("maximum number of requests"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    email_domain = models.CharField(_("e-mail domain"), max_length=120, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, editable=False)

    objects = JoinLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["corpus"], condition=Q(closed_at=None), name="one_join_link_a_corpus"
            )
        ]

    def __str__(self):
        return f"{self.corpus} #{self.pk}"

    @classmethod
    @transaction.atomic
    def switch_on(cls, person, corpus, days=None, most=None, email_domain=""):
        """Give the corpus a join link; the one that it had is closed."""
        Corpus.objects.select_for_update().get(pk=corpus.pk)
        renewed = cls.objects.current().filter(corpus=corpus).update(closed_at=timezone.now())
        link = cls.objects.create(
            corpus=corpus,
            opened_by=person,
            expires_at=in_days(days) if days else None,
            most=most,
            email_domain=email_domain,
        )
        Event.record(person, "renew join link" if renewed else "open join link", corpus)
        return link

    @classmethod
    @transaction.atomic
    def switch_off(cls, person, corpus):
        """Close the corpus's join link; twice changes nothing. Requests that wait stay."""
        if cls.objects.current().filter(corpus=corpus).update(closed_at=timezone.now()):
            Event.record(person, "close join link", corpus)

    def counted(self):
        """The requests that count towards its maximum."""
        return self.requests.exclude(approved=False)

    def check_open(self):
        """Raises ClosedLink, which says why, where nobody can ask by it any more."""
        check_not_archived(self.corpus)
        if self.closed_at:
            raise ClosedLink(
                gettext_noop(
                    "This join link is switched off. Ask a lead of %(corpus)s for another."
                ),
                corpus=self.corpus.name,
            )
        if self.expires_at and self.expires_at <= timezone.now():
            raise ClosedLink(
                gettext_noop("This join link has expired. Ask a lead of %(corpus)s for another."),
                corpus=self.corpus.name,
            )
        if self.most is not None and self.counted().count() >= self.most:
            raise ClosedLink(
                gettext_noop(
                    "This join link has reached its maximum number of requests. Ask a lead of"
                    " %(corpus)s."
                ),
                corpus=self.corpus.name,
            )

    def check_email(self, email):
        """Raises UserError for an address outside the domain, where there is one."""
        domain = self.email_domain.casefold()
        if domain and not email.strip().casefold().endswith(f"@{domain}"):
            raise UserError(
                gettext_noop("This link is for e-mail addresses that end with @%(domain)s."),
                domain=self.email_domain,
            )

    @transaction.atomic
    def request(self, person):
        """The person asks to join; a second time changes nothing. The request.

        Raises ClosedLink if nobody can ask any more, UserError if this person cannot.
        """
        mine = JoinLink.objects.select_for_update().get(pk=self.pk)
        waiting = JoinRequest.objects.waiting().filter(corpus=mine.corpus_id, person=person).first()
        if waiting:
            return waiting
        mine.check_open()
        mine.check_person(person)
        request = mine.requests.create(corpus=mine.corpus, person=person)
        Event.record(person, "request to join", request)
        return request

    def check_person(self, person):
        """Raises UserError for a member, somebody who was declined, and a wrong address."""
        if self.corpus.role_of(person):
            raise UserError(
                gettext_noop("You are already a member of %(corpus)s."), corpus=self.corpus.name
            )
        if self.requests.filter(person=person, approved=False).exists():
            raise UserError(
                gettext_noop("Your request to join %(corpus)s was declined. Ask a lead."),
                corpus=self.corpus.name,
            )
        self.check_email(person.email)


class JoinRequestQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(decided_at=None)


class JoinRequest(models.Model):
    """That somebody asks to join a corpus, and what a lead decided."""

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="join_requests")
    link = models.ForeignKey(JoinLink, models.CASCADE, related_name="requests")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="join_requests"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    approved = models.BooleanField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = JoinRequestQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["corpus", "person"],
                condition=Q(decided_at=None),
                name="one_waiting_request_a_person",
            )
        ]

    def __str__(self):
        return f"{self.person} · {self.corpus}"

    @transaction.atomic
    def approve(self, lead, round_id=None):
        """Let the person join, and annotate in a round if one is named; whether they do.

        Raises UserError if it was decided already.
        """
        self._decide(lead, True)
        self.corpus.join(self.person, ROLE)
        Event.record(lead, "approve", self, person=self.person.username, role=ROLE)
        self._tell_person(APPROVED, APPROVED_MORE, reverse("home"))
        return round_id is not None and round_offers.join(self.corpus, round_id, self.person, lead)

    @transaction.atomic
    def decline(self, lead):
        """Do not let the person join. Raises UserError if it was decided already."""
        self._decide(lead, False)
        Event.record(lead, "decline", self, person=self.person.username)
        self._tell_person(DECLINED, DECLINED_MORE)

    def _tell_person(self, subject, body, path=""):
        notify(JOINING, [self.person], subject, body, path, corpus=self.corpus.name)

    def _decide(self, lead, approved):
        waiting = JoinRequest.objects.waiting().filter(pk=self.pk)
        now = timezone.now()
        if not waiting.update(approved=approved, decided_at=now, decided_by=lead):
            raise UserError(
                gettext_noop("The request of %(name)s was decided already."), name=str(self.person)
            )
        self.refresh_from_db()
