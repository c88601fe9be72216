"""A dialogue given to one annotator in one round, and its hand-in."""

import uuid

from django.conf import settings
from django.db import IntegrityError, models, transaction

from annotation.models.rounds import Round
from corpus.complaints import gettext_noop
from corpus.jobs import Refused
from corpus.models import Dialogue
from people.models import Event


class AssignmentQuerySet(models.QuerySet):
    def of(self, person):
        """The person's own work in corpora they still belong to."""
        return self.filter(person=person, round__corpus__memberships__person=person).select_related(
            "round__corpus", "round__scheme_version", "dialogue", "submission"
        )

    def open(self):
        return self.filter(submission=None, round__closure=None)

    def submitted(self):
        return self.filter(submission__isnull=False)


class Assignment(models.Model):
    """One dialogue, one annotator, one round."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="assignments")
    dialogue = models.ForeignKey(Dialogue, models.PROTECT, related_name="assignments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="assignments")

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "dialogue", "person"], name="nobody_twice_on_a_dialogue"
            )
        ]

    def __str__(self):
        return f"{self.dialogue} · {self.person}"

    @property
    def corpus_id(self):
        return self.round.corpus_id

    @property
    def is_submitted(self):
        return hasattr(self, "submission")

    def answers(self):
        """Current answers, utterance id -> task -> value."""
        from annotation.models import Judgement

        current = Judgement.objects.filter(assignment=self).current()
        found = {}
        for utterance, task, value in current.values_list("utterance_id", "task", "value"):
            found.setdefault(utterance, {})[task] = value
        return found

    @transaction.atomic
    def label(self, utterance, task, value, client_id=None):
        """Save one answer ("" takes it back); the same `client_id` twice is saved once.

        Raises Refused after hand-in or closing, SchemeError for an impossible value.
        """
        from annotation.models import Judgement

        Assignment.objects.select_for_update().get(pk=self.pk)  # hand-in waits for us, or we for it
        self._guard()
        if value:
            self.round.scheme.check(task, value)
        else:
            self.round.scheme[task]
        if utterance.dialogue_id != self.dialogue_id:
            raise Refused(gettext_noop("This utterance is not part of the dialogue."))
        client_id = client_id or uuid.uuid4()
        earlier = Judgement.objects.filter(client_id=client_id).first()
        if earlier is None:
            try:
                with transaction.atomic():
                    return Judgement.objects.create(
                        assignment=self,
                        utterance=utterance,
                        task=task,
                        value=value,
                        client_id=client_id,
                    )
            except IntegrityError:
                earlier = Judgement.objects.get(client_id=client_id)
        if earlier.assignment_id != self.pk:
            raise Refused(gettext_noop("This answer belongs to other work. Reload the page."))
        return earlier

    def missing(self):
        """What still has to be answered: (utterance, its unanswered tasks), in order."""
        answers, scheme = self.answers(), self.round.scheme
        pending = [
            (utterance, scheme.unanswered(answers.get(utterance.pk, {})))
            for utterance in self.dialogue.utterances.all()
        ]
        return [(utterance, tasks) for utterance, tasks in pending if tasks]

    @transaction.atomic
    def submit(self):
        """Hand the dialogue in. Raises Refused while answers are missing."""
        locked = Assignment.objects.select_for_update(of=("self",)).get(pk=self.pk)
        submission = Submission.objects.filter(assignment=locked).first()
        if submission:
            return submission
        locked._guard()
        missing = locked.missing()
        if missing:
            utterance, tasks = missing[0]
            raise Refused(
                gettext_noop(
                    "%(count)d utterances are not finished; the first is number %(number)d."
                ),
                count=len(missing),
                number=utterance.number,
            )
        submission = Submission.objects.create(assignment=locked)
        Event.record(self.person, "submit", locked)
        return submission

    def _guard(self):
        if Submission.objects.filter(assignment_id=self.pk).exists():
            raise Refused(gettext_noop("This dialogue is handed in; its answers stay as they are."))
        if not Round.objects.open().filter(pk=self.round_id).exists():
            raise Refused(gettext_noop("This round is closed."))


class Submission(models.Model):
    """That an annotator handed a dialogue in."""

    assignment = models.OneToOneField(Assignment, models.CASCADE, related_name="submission")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.assignment} {self.at:%Y-%m-%d}"
