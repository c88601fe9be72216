"""A dialogue given to one annotator in one round: its answers, its hand-in, or its skip."""

import uuid
from dataclasses import dataclass, field

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from annotation.models.rounds import Round, resting
from core.errors import UserError, gettext_noop
from core.statements import Prepared, insert, true_if
from corpus.models import Dialogue, Utterance
from people.models import Event

WHY_NOT = {
    "submitted": gettext_noop("This dialogue is submitted. Its answers can no longer be changed."),
    "withdrawn": gettext_noop("This dialogue was withdrawn from the round."),
    "skipped": gettext_noop("You have skipped this dialogue. Undo the skip to continue."),
}


LEFT = gettext_noop("You are no longer an annotator of this round.")


def why_not(is_open, resting):
    """Why nobody can work in a round just now; "" if they can."""
    if not is_open:
        return gettext_noop("This round is closed.")
    return gettext_noop("This round is paused. Your answers are kept.") if resting else ""


class Overtaken(UserError):
    """An answer to a question that another window has answered meanwhile; `current` is that."""

    def __init__(self, utterance, task, value, client_id):
        super().__init__(gettext_noop("This question was answered in another window."))
        self.current = {
            "utterance": utterance,
            "task": task,
            "value": value,
            "client_id": client_id,
        }


@dataclass(frozen=True)
class Answer:
    """One answer as it arrives; `over` is the client_id of the answer that its sender saw
    ("" for none), None where the sender does not say.
    """

    utterance: int
    task: str
    value: str
    client_id: uuid.UUID = field(default_factory=uuid.uuid4)
    over: str | None = None
    confidence: int | None = None
    seconds: float = 0.0


class AssignmentQuerySet(models.QuerySet):
    def of(self, person):
        """The person's own work in corpora they still belong to."""
        return self.filter(person=person, round__corpus__memberships__person=person).select_related(
            "round__corpus", "round__scheme_version", "round__closure", "dialogue", "submission"
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
    def free(self):
        """Take what is held away from its holders and offer its places again; how many."""
        from annotation.models import Place

        held = self.filter(state="held").order_by("pk")
        rows = list(held.select_for_update(skip_locked=True, of=("self",)))
        Assignment.objects.filter(pk__in=[row.pk for row in rows]).update(state="freed")
        for row in sorted(rows, key=lambda row: (row.round_id, row.dialogue_id)):
            if not row.gold:
                Place.objects.filter(round=row.round_id, dialogue=row.dialogue_id).give_back()
        return len(rows)


class Assignment(models.Model):
    """One dialogue, one annotator, one round; `until` is when silence frees it (None: never)."""

    class State(models.TextChoices):
        HELD = "held", _("in progress")
        FREED = "freed", _("released after inactivity")
        SKIPPED = "skipped", _("skipped")
        SUBMITTED = "submitted", _("submitted")
        WITHDRAWN = "withdrawn", _("dialogue withdrawn")

    round = models.ForeignKey(Round, models.CASCADE, related_name="assignments")
    dialogue = models.ForeignKey(Dialogue, models.PROTECT, related_name="assignments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="assignments")
    state = models.CharField(max_length=9, choices=State, default=State.HELD)
    until = models.DateTimeField(null=True)
    gold = models.BooleanField(default=False)
    attention = models.JSONField(default=dict)  # a check: task, value, and what was answered
    given_at = models.DateTimeField(default=timezone.now)
    counted = models.BooleanField(default=False, db_default=False)  # in the items and the tally

    objects = AssignmentQuerySet.as_manager()
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
            models.Index(fields=["round", "until"], condition=Q(state="held"), name="leases"),
            models.Index(fields=["round"], condition=Q(state="skipped"), name="skips"),
            models.Index(
                fields=["round"],
                condition=Q(state="submitted", counted=False, gold=False),
                name="hand_ins_to_count",
            ),
        ]

    def __str__(self):
        return f"{self.dialogue} · {self.person}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    @property
    def is_submitted(self):
        return self.state == self.State.SUBMITTED

    @property
    def is_stalled(self):
        return self.state == "held" and self.until is not None and self.until < timezone.now()

    def answers(self):
        """Current answers, utterance id -> task -> value."""
        return _by_utterance({(row[0], row[1]): row for row in HISTORY.rows(self.pk)}.values())

    def newest(self):
        """The newest judgement of each question, utterance id -> task -> Judgement."""
        found = {}
        for row in self.judgements.order_by("pk"):
            found.setdefault(row.utterance_id, {})[row.task] = row
        return found

    def label(self, utterance, task, value, client_id=None, **more):
        """Save one answer ("" takes it back); the same `client_id` twice is saved once.

        Raises UserError after hand-in or closing, SchemeError for an impossible value.
        """
        if utterance.dialogue_id != self.dialogue_id:
            raise UserError(gettext_noop("This utterance is not part of the dialogue."))
        answer = Answer(utterance.pk, task, value, client_id or uuid.uuid4(), **more)
        self.save_answers([answer])

    @transaction.atomic
    def save_answers(self, answers):
        """Append judgements, all or none; those known by their client_id are not stored again.

        Raises UserError, SchemeError, or Overtaken if the sender had not seen the current answer.
        """
        self.at_work()._save(answers)

    @classmethod
    @transaction.atomic
    def work_on(cls, pk, person, answers, submit=False):
        """`save_answers` and `submit` of the person's assignment, both or neither; the assignment.

        Raises what they raise, and DoesNotExist if there is no such work.
        """
        mine = cls.locked(pk, person)
        if answers:
            mine.at_work(renew=not submit)._save(answers)
        if submit:
            mine._submit()
        return mine

    def _save(self, answers):
        self._check(answers)
        history = HISTORY.rows(self.pk)
        known = {_same_id(row[3]) for row in history}
        newest = {(row[0], row[1]): row for row in history}
        fresh = []
        for answer in answers:
            client_id, question = str(answer.client_id), (answer.utterance, answer.task)
            if client_id in known:
                continue
            current = newest.get(question)
            seen = _same_id(current[3]) if current else ""
            if answer.over is not None and answer.over != seen:
                raise Overtaken(*question, current[2] if current else "", seen)
            newest[question] = (*question, answer.value, client_id)
            known.add(client_id)
            fresh.append(answer)
        self._store(fresh)
        self.current_answers = _by_utterance(newest.values())

    def _check(self, answers):
        scheme = self.round.scheme
        for answer in answers:
            if answer.utterance not in self.numbers:
                raise UserError(gettext_noop("This utterance is not part of the dialogue."))
            if answer.value:
                scheme.check(answer.task, answer.value, self.round.cannot_tell)
            else:
                scheme[answer.task]

    def _store(self, answers):
        from annotation.models import Judgement

        if not answers:
            return
        now = timezone.now()
        rows = [
            {
                "assignment": self.pk,
                "utterance": answer.utterance,
                "task": answer.task,
                "value": answer.value,
                "client_id": answer.client_id,
                "confidence": answer.confidence,
                "seconds": answer.seconds,
                "at": now,
            }
            for answer in answers
        ]
        if len(insert(Judgement, rows)) < len(rows):
            raise UserError(
                gettext_noop(
                    "This answer belongs to another task and was not saved. Reload the page."
                )
            )

    @cached_property
    def numbers(self):
        """The utterances of the dialogue: id -> number, in order."""
        return dict(NUMBERS.rows(self.dialogue_id))

    @cached_property
    def current_answers(self):
        """`answers`, read once."""
        return self.answers()

    @classmethod
    def locked(cls, pk, person):
        """The person's assignment, locked until the transaction ends. Raises DoesNotExist."""
        row = AT_WORK.first(pk, person)
        if row is None:
            raise cls.DoesNotExist
        dialogue, state, gold, endless, resting, is_open, left, *of_round = row
        round = Round(**dict(zip(AT_WORK_OF_ROUND, of_round)))
        until = None if endless else timezone.now()
        fields = {"dialogue_id": dialogue, "person_id": person, "state": state, "gold": gold}
        found = cls(pk=pk, round=round, until=until, **fields)
        found.is_locked, found.stopped = True, why_not(is_open, resting) or (LEFT if left else "")
        return found

    def at_work(self, renew=True):
        """This assignment, locked, its lease renewed, good to save answers into.

        Raises UserError where it is not, DoesNotExist if the person has left the corpus.
        """
        if self.is_renewed:
            return self
        locked = self if self.is_locked else Assignment.locked(self.pk, self.person_id)
        if why := WHY_NOT.get(locked.state) or locked.stopped:
            raise UserError(why)
        if not locked.hold(renew):
            raise UserError(
                gettext_noop(
                    "This dialogue was assigned to another annotator after a long time without"
                    " activity. Your answers are kept. Please continue with the next dialogue."
                )
            )
        locked.is_renewed = True
        self.state, self.until = locked.state, locked.until
        return locked

    def hold(self, renew=True):
        """Keep the dialogue for another lease; after silence, if its place is still free."""
        if self.state == "held":
            if renew and self.until is not None:
                self.until = self.round.lease()
                RENEW.run(self.pk, self.until)
            return True
        return self.state == "freed" and self._regain(self.round.lease())

    def _regain(self, until):
        from annotation.models.queue import TAKE, Place

        if not self.gold:
            place = Place.objects.filter(
                round=self.round_id, dialogue=self.dialogue_id, open=True
            ).first()
            if place is None or not TAKE.run(place.pk, self.round.places_for - 1):
                return False
        self.put_to_work(until)
        return True

    def put_to_work(self, until):
        self.state, self.until = "held", until
        self.save(update_fields=["state", "until"])

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
            flagged = self.remarks.filter(kind="cannot_judge", taken_back=False)
            beyond = set(flagged.values_list("utterance", flat=True))
            pending = [each for each in pending if each[0] not in beyond]
        return [(number, tasks) for _pk, number, tasks in pending]

    @transaction.atomic
    def submit(self):
        """Submit the dialogue; twice is as once. Raises UserError while answers are missing."""
        locked = self if self.is_locked else Assignment.locked(self.pk, self.person_id)
        locked._submit()
        self.state = locked.state

    def _submit(self):
        if self.state == "submitted":
            return
        self.at_work(renew=False)
        if missing := self.missing():
            raise UserError(
                gettext_noop(
                    "%(count)d utterances are incomplete; the first is number %(number)d."
                ),
                count=len(missing),
                number=missing[0][0],
            )
        insert(Submission, [{"assignment": self.pk, "at": timezone.now()}])
        HAND_IN.run(self.pk)
        Event.note(self.person_id, "submit", self)
        self.state = "submitted"
        if self.gold or self.round.kind == Round.Kind.TEST:
            from annotation.quality.gold_accuracy import after_hand_in

            after_hand_in(self)

    @transaction.atomic
    def skip(self, reason, words=""):
        """Leave the dialogue to others, saying why. Raises UserError if it is not at work."""
        from annotation.models import Place

        locked = self.at_work()
        skipped = Skip.objects.create(assignment=self, reason=reason, words=words)
        Assignment.objects.filter(pk=self.pk).update(state="skipped", until=None)
        self.state = "skipped"
        if not self.gold:
            Place.objects.filter(round=self.round_id, dialogue=self.dialogue_id).give_back()
        Event.note(self.person_id, "skip", locked, reason=reason)
        return skipped

    @transaction.atomic
    def take_back(self):
        """Undo a skip while the place is free. Raises UserError if others have it now."""
        locked = Assignment.locked(self.pk, self.person_id)
        if locked.state != "skipped":
            return
        if locked.stopped:
            raise UserError(locked.stopped)
        if not locked._regain(locked.round.lease()):
            raise UserError(
                gettext_noop(
                    "This dialogue is now assigned to other annotators. Please"
                    " continue with the next one."
                )
            )
        Skip.objects.filter(assignment=self).delete()
        self.state = "held"
        Event.note(self.person_id, "take back", locked)

    def seconds(self):
        """How long the annotator worked on it, idle time left out."""
        return self.judgements.aggregate(total=models.Sum("seconds"))["total"] or 0.0


def _same_id(client_id):
    return str(client_id if isinstance(client_id, uuid.UUID) else uuid.UUID(client_id))


def _by_utterance(rows):
    found = {}
    for utterance, task, value, _client_id in rows:
        if value:
            found.setdefault(utterance, {})[task] = value
    return found


class Submission(models.Model):
    """That an annotator handed a dialogue in."""

    assignment = models.OneToOneField(Assignment, models.CASCADE, related_name="submission")
    at = models.DateTimeField(default=timezone.now)

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


AT_WORK_OF_ROUND = [
    *("id", "corpus_id", "kind", "overlap", "lease_minutes", "cannot_tell", "scheme_version_id"),
]


def _has_left(person):
    """Whether the person has left the round of an assignment, as an expression."""
    seats = Round.participants.rel.related_model.objects
    gone = seats.filter(round=OuterRef("round"), person=person, left_at__isnull=False)
    return Exists(gone)


AT_WORK = Prepared(
    lambda pk, person: (
        Assignment.objects.filter(pk=pk, person=person, round__corpus__memberships__person=person)
        .order_by()
        .values_list(
            *("dialogue_id", "state", "gold"),
            true_if(Q(until__isnull=True)),
            resting(),
            true_if(Q(round__closure__isnull=True)),
            _has_left(person),
            *(f"round__{name}" for name in AT_WORK_OF_ROUND),
        )
    ),
    lock=Assignment,
)
RENEW = Prepared(lambda pk, at: (Assignment.objects.filter(pk=pk), {"until": at}))
HAND_IN = Prepared(
    lambda pk: (Assignment.objects.filter(pk=pk), {"state": "submitted", "until": None})
)
NUMBERS = Prepared(
    lambda dialogue: (
        Utterance.objects.filter(dialogue=dialogue).order_by("number").values_list("pk", "number")
    )
)
HISTORY = Prepared(  # judgements of an assignment, oldest first
    lambda pk: (
        Assignment.judgements.rel.related_model.objects.filter(assignment=pk)
        .order_by("pk")
        .values_list("utterance", "task", "value", "client_id")
    )
)
