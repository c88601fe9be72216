"""Corpora and who may do what in them."""

from django.conf import settings
from django.db import models, transaction
from django.db.models import Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from core.column_lengths import check_lengths
from people.models import Event


class CorpusQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(memberships__person=person)

    def led_by(self, person):
        return self.filter(memberships__person=person, memberships__role=Membership.Role.LEAD)


class Corpus(models.Model):
    """A body of dialogues that one team annotates and publishes."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("description"), blank=True)
    language = models.CharField(_("language of the dialogues"), max_length=20, default="zh")
    blind_adjudication = models.BooleanField(
        _("adjudicators see letters, not names"), default=True, db_default=True
    )
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
        """Create a corpus that `person` leads. Raises UserError for a name that is too long."""
        corpus = cls(**fields)
        check_lengths(corpus)
        corpus.save()
        corpus.memberships.create(person=person, role=Membership.Role.LEAD)
        Event.record(person, "create", corpus, name=corpus.name)
        return corpus

    def role_of(self, person):
        """The person's role here, or None."""
        return self.memberships.filter(person=person).values_list("role", flat=True).first()

    def join(self, person, role):
        """Make somebody who has agreed to it a member with at least `role`, which is never lowered;
        the role that they had, or None.
        """
        member, made = self.memberships.get_or_create(person=person, defaults={"role": role})
        if made:
            return None
        was, order = member.role, Membership.Role.values  # the highest first
        if order.index(role) < order.index(was):
            member.role = role
            member.save(update_fields=["role"])
        return was

    @transaction.atomic
    def set_blind_adjudication(self, person, blind):
        """Whether adjudicators see letters for the annotators, or names."""
        if self.blind_adjudication != blind:
            self.blind_adjudication = blind
            self.save(update_fields=["blind_adjudication"])
            Event.record(person, "set", self, blind_adjudication=blind)

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
        return f"{self.person}, {self.get_role_display()}"
