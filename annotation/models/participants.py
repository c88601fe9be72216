"""Who takes part in a round, and how they did in its qualification test."""

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from annotation.models.assignments import Assignment
from annotation.models.rounds import Round, resting
from core.errors import UserError, gettext_noop
from people.models import Event


class ParticipantQuerySet(models.QuerySet):
    def of(self, person):
        """The rounds that the person takes part in, in corpora they still belong to."""
        return self.filter(
            person=person, left_at=None, round__corpus__memberships__person=person
        ).select_related("round__corpus", "round__scheme_version", "round__closure")

    def at_work(self):
        """With `resting`, whether the round is paused; of rounds not closed, and of corpora
        not archived.
        """
        active = self.filter(round__closure=None, round__corpus__archival=None)
        return active.annotate(resting=resting())


class Participant(models.Model):
    """Somebody who judges in a round, up to a quota of dialogues.

    `reached`: every item before this position that is open and was not returned they had.
    `unblinded`: a lead or an adjudicator who sees the others' answers meanwhile (blinding.py).
    """

    round = models.ForeignKey(Round, models.CASCADE, related_name="participants")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="participations"
    )
    quota = models.PositiveIntegerField(null=True, blank=True)
    reached = models.PositiveIntegerField(default=0)
    admitted_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(null=True)
    blocked_at = models.DateTimeField(null=True)
    unblinded = models.BooleanField(default=False, db_default=False)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "person"], name="one_participant_a_person")
        ]

    def __str__(self):
        return f"{self.person} · {self.round}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    def own(self):
        return Assignment.objects.filter(round=self.round_id, person=self.person_id)

    @property
    def has_quota(self):
        if self.quota is None:
            return True
        return self.own().filter(state__in=["held", "submitted"], gold=False).count() < self.quota

    def is_qualified(self):
        return Qualification.objects.filter(
            round=self.round.qualification_id, person=self.person_id, passed=True
        ).exists()

    @transaction.atomic
    def block(self, person):
        """Give this person no more dialogues until `unblock`."""
        Participant.objects.filter(pk=self.pk).update(blocked_at=timezone.now())
        Event.record(person, "block", self)

    @transaction.atomic
    def unblind(self, person):
        """From now on they may see the others' answers; there is no way back.

        Raises UserError for annotators, and where the round is closed or they have left it.
        """
        Participant.objects.select_for_update().get(pk=self.pk)
        self.refresh_from_db()
        self.round.check_openly(self.person)
        if self.left_at or not self.round.is_open:
            raise UserError(gettext_noop("They are already unblinded in this round."))
        if not self.unblinded:
            self.record_unblinding(person)

    def record_unblinding(self, person):
        """Write down that they see, or could see, the others' answers while they annotate."""
        Participant.objects.filter(pk=self.pk).update(unblinded=True)
        self.unblinded = True
        Event.record(person, "unblind", self, person=self.person.username)

    @transaction.atomic
    def unblock(self, person):
        Participant.objects.filter(pk=self.pk).update(blocked_at=None)
        Event.record(person, "unblock", self)


class Qualification(models.Model):
    """How somebody did in a qualification test; `person` by whom it was decided, None: by marks."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="qualifications")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="qualifications"
    )
    passed = models.BooleanField()
    scores = models.JSONField(default=dict)  # task -> [right, asked]
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.person} · {self.round}"
