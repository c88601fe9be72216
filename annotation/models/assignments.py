"""A dialogue given to one annotator in one round: its answers, its submission, or its skip."""

from operator import attrgetter

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from annotation.models.daily_work import DailyWork, Work
from annotation.models.judgements import HISTORY, Judgement, current_values
from annotation.models.round_items import RoundItem
from annotation.models.rounds import Round
from core.statements import Prepared, insert
from corpus.models import Dialogue, Utterance


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def of(self, person):
        """The person's own work in corpora they still belong to."""
        return self.filter(person=person, round__corpus__memberships__person=person).select_related(
            *("round__corpus__archival", "round__scheme_version", "round__closure"),
            *("dialogue", "submission"),
        )

    def open(self):
        return self.filter(state__in=["held", "freed"], round__closure=None)

    def submitted(self):
        return self.filter(state="submitted")

    def lock_and_set(self, state):
        """Move the rows to `state`; how many."""
        rows = list(
            self.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True)
        )
        return Assignment.objects.filter(pk__in=rows).update(state=state)

    @transaction.atomic
    def release(self):
        """Take what is held away from its holders and offer its dialogues again; how many."""
        held = self.filter(state="held").order_by("pk")
        rows = list(held.select_for_update(skip_locked=True, of=("self",)))
        Assignment.objects.filter(pk__in=[row.pk for row in rows]).update(state="freed")
        for row in sorted(rows, key=attrgetter("round_id", "dialogue_id")):
            if not row.gold:
                RoundItem.objects.filter(round=row.round_id, dialogue=row.dialogue_id).give_back()
        return len(rows)


class Assignment(models.Model):
    """One dialogue, one annotator, one round; the lease ends at `expires_at` (None: never)."""

    class State(models.TextChoices):
        HELD = "held", _("in progress")
        RELEASED = "freed", _("released after inactivity")
        SKIPPED = "skipped", _("skipped")
        SUBMITTED = "submitted", _("submitted")
        WITHDRAWN = "withdrawn", _("dialogue withdrawn")

    round = models.ForeignKey(Round, models.CASCADE, related_name="assignments")
    dialogue = models.ForeignKey(Dialogue, models.PROTECT, related_name="assignments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="assignments")
    state = models.CharField(max_length=9, choices=State, default=State.HELD)
    expires_at = models.DateTimeField(null=True)
    gold = models.BooleanField(default=False)
    attention = models.JSONField(default=dict)  # a check: task, value, and what was answered
    given_at = models.DateTimeField(default=timezone.now)
    counted = models.BooleanField(default=False, db_default=False)  # in the items and the tally

    objects = AssignmentQuerySet.as_manager()
    refusal: str  # set by annotation/queue/leases.py where it locks the row
    is_new = False  # given out this moment, so that nothing is answered yet
    is_locked = is_renewed = False  # in the transaction that this instance was loaded in

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "dialogue", "person"], name="nobody_twice_on_a_dialogue"
            )
        ]
        indexes = [
            models.Index(
                fields=["round", "person"],
                condition=Q(state__in=["held", "freed"]),
                name="unfinished_work",
            ),
            models.Index(fields=["round", "expires_at"], condition=Q(state="held"), name="leases"),
            models.Index(fields=["round"], condition=Q(state="skipped"), name="skips"),
            models.Index(
                fields=["round"],
                condition=Q(state="submitted", counted=False, gold=False),
                name="submissions_to_count",
            ),
        ]

    def __str__(self):
        return f"{self.dialogue} · {self.person}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    def get_state_display(self):  # type: ignore[no-redef]  # Django itself lets it be defined
        """As Django's, which translates every state to find one: too dear for hundreds of rows."""
        return str(self.State(self.state).label)

    @property
    def is_submitted(self):
        return self.state == self.State.SUBMITTED

    @property
    def is_stalled(self):
        return (
            self.state == "held"
            and self.expires_at is not None
            and self.expires_at < timezone.now()
        )

    def answers(self):
        """Current answers, utterance id -> task -> value."""
        newest = {(row[0], row[1]): row for row in HISTORY.rows(self.pk)}
        return current_values(newest.values())

    @cached_property
    def numbers(self):
        """The utterances of the dialogue: id -> number, in order."""
        return dict(NUMBERS.rows(self.dialogue_id))

    @cached_property
    def current_answers(self):
        """`answers`, read once."""
        return self.answers()

    def hold(self, expires_at):
        self.state, self.expires_at = "held", expires_at
        self.save(update_fields=["state", "expires_at"])

    def missing(self):
        """What still has to be answered: (number of the utterance, its open tasks), in order.

        An utterance that the annotator has flagged as not to be judged needs no answers.
        """
        if not self.is_locked:  # others may have changed what was read before
            self.__dict__.pop("numbers", None)
            self.__dict__.pop("current_answers", None)
        answers, scheme = self.current_answers, self.round.scheme
        pending = [
            (pk, number, scheme.unanswered(answers.get(pk, {})))
            for pk, number in self.numbers.items()
        ]
        pending = [each for each in pending if each[2]]
        if pending:
            flagged = self.comments.filter(kind="cannot_judge", taken_back=False)
            beyond = set(flagged.values_list("utterance", flat=True))
            pending = [each for each in pending if each[0] not in beyond]
        return [(number, tasks) for _pk, number, tasks in pending]

    def seconds(self):
        """How long the annotator worked on it, idle time left out."""
        total = SECONDS.first(self.pk)
        return total[0] if total else 0.0


class Submission(models.Model):
    """That an annotator handed a dialogue in, and what that adds to the DailyWork of its day."""

    assignment = models.OneToOneField(Assignment, models.CASCADE, related_name="submission")
    at = models.DateTimeField(default=timezone.now)
    utterances = models.PositiveIntegerField(default=0, db_default=0)
    seconds = models.FloatField(default=0.0, db_default=0.0)

    def __str__(self):
        return f"{self.assignment} {self.at:%Y-%m-%d}"

    @property
    def work(self):
        """What it adds to its day."""
        return Work(int(not self.assignment.gold), self.utterances, self.seconds)

    @classmethod
    def make(cls, assignment):
        """Submit, in the transaction of a locked assignment."""
        row = {
            "assignment": assignment.pk,
            "at": timezone.now(),
            "utterances": len(assignment.numbers),
            "seconds": assignment.seconds(),
        }
        if insert(cls, [row]):
            submission = cls(**(row | {"assignment": assignment}))
            DailyWork.add(assignment.round_id, assignment.person_id, submission.at, submission.work)

    @classmethod
    @transaction.atomic
    def take_back(cls, assignment):
        """Undo the submission of an assignment, which is to be worked on again."""
        for submission in cls.objects.select_for_update().filter(assignment=assignment):
            DailyWork.add(
                assignment.round_id, assignment.person_id, submission.at, -submission.work
            )
            submission.delete()


class Reopening(models.Model):
    """That an annotator opened a submitted dialogue again; the submission is told by its time."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="reopenings")
    submitted_at = models.DateTimeField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.assignment} {self.at:%Y-%m-%d}"


class Skip(models.Model):
    """That an annotator left a dialogue to others, and why."""

    class Reason(models.TextChoices):
        BAD_CLIP = "bad_clip", _("video or audio is broken")
        WRONG_TEXT = "wrong_text", _("the text does not match the speech")
        LANGUAGE = "language", _("I do not understand the language or dialect")
        KNOWN = "known", _("I know the people or worked on the production")
        UPSETTING = "upsetting", _("the content is upsetting")
        OTHER = "other", _("another reason")

    assignment = models.OneToOneField(Assignment, models.CASCADE, related_name="skipped")
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    words = models.CharField(_("details"), max_length=300, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.assignment}: {self.reason}"


SECONDS = Prepared(
    lambda assignment: (
        Judgement.objects.filter(assignment=assignment)
        .order_by()
        .values("assignment")
        .values_list(models.Sum("seconds"))
    )
)
NUMBERS = Prepared(
    lambda dialogue: (
        Utterance.objects.filter(dialogue=dialogue).order_by("number").values_list("pk", "number")
    )
)
