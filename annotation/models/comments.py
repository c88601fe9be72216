"""What annotators say beside their answers: comments, flags, and how they met a warning."""

import uuid

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotation.models.assignments import Assignment
from core.column_lengths import fitting
from core.errors import UserError, gettext_noop
from corpus.models import Utterance
from people.models import Event
from people.notifications import REPLY, notify

MOST_WORDS = 2000  # characters of a comment and of a reply
ANSWERED = gettext_noop("Your comment on %(utterance)s was answered")
ANSWERED_MORE = gettext_noop("Your comment: %(comment)s\n\nThe answer: %(answer)s")


class CommentQuerySet(models.QuerySet):
    def waiting(self):
        """Not taken back and not resolved."""
        return self.filter(taken_back=False, resolution=None)


class Comment(models.Model):
    """A comment or a flag on an utterance, of an annotator to the leads."""

    class Kind(models.TextChoices):
        COMMENT = "comment", _("comment")
        BAD_CUT = "bad_cut", _("wrong segmentation")
        WRONG_TEXT = "wrong_text", _("wrong text")
        CANNOT_JUDGE = "cannot_judge", _("cannot judge")

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="comments")
    utterance = models.ForeignKey(Utterance, models.PROTECT, related_name="comments")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    words = models.TextField(_("text"), blank=True, max_length=2000)
    taken_back = models.BooleanField(default=False)
    client_id = models.UUIDField(unique=True, default=uuid.uuid4)
    at = models.DateTimeField(default=timezone.now)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.words[:40]}"

    @property
    def corpus_id(self):
        return self.assignment.round.corpus_id

    @classmethod
    @transaction.atomic
    def make(cls, assignment, utterance, kind, words="", client_id=None):
        """Store it; the same `client_id` twice is one comment. Raises UserError without words, or
        for too many.
        """
        words = fitting(words, "words", MOST_WORDS)
        if kind not in cls.Kind.values or (kind == cls.Kind.COMMENT and not words):
            raise UserError(gettext_noop("Write the comment first."))
        comment, made = cls.objects.get_or_create(
            client_id=client_id or uuid.uuid4(),
            defaults={
                "assignment": assignment,
                "utterance": utterance,
                "kind": kind,
                "words": words,
            },
        )
        if comment.assignment_id != assignment.pk:
            raise UserError(
                gettext_noop(
                    "This answer belongs to another task and was not saved. Reload the page."
                )
            )
        if made:
            Event.record(assignment.person, "comment", comment, kind=kind, utterance=utterance.uid)
        return comment

    @transaction.atomic
    def take_back(self, person):
        self.taken_back = True
        self.save(update_fields=["taken_back"])
        Event.record(person, "take back", self)

    @transaction.atomic
    def reply(self, person, words):
        """Say something to it. Raises UserError without words, or for too many."""
        if not words.strip():
            raise UserError(gettext_noop("Write the comment first."))
        words = fitting(words, "words", MOST_WORDS)
        reply = Reply.objects.create(comment=self, person=person, words=words)
        if person != self.assignment.person:
            values = {"utterance": self.utterance.uid, "comment": self.words, "answer": reply.words}
            path = reverse("my_tasks")
            notify(REPLY, [self.assignment.person], ANSWERED, ANSWERED_MORE, path, **values)
        return reply

    @transaction.atomic
    def resolve(self, person):
        """Say that it is dealt with; twice changes nothing."""
        _resolution, made = Resolution.objects.get_or_create(
            comment=self, defaults={"person": person}
        )
        if made:
            Event.record(person, "resolve", self)

    @transaction.atomic
    def unresolve(self, person):
        if Resolution.objects.filter(comment=self).delete()[0]:
            Event.record(person, "reopen", self)


class Reply(models.Model):
    """What somebody answered to a comment."""

    comment = models.ForeignKey(Comment, models.CASCADE, related_name="replies")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    words = models.TextField(_("text"))
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.words[:40]


class Resolution(models.Model):
    """That a comment is dealt with."""

    comment = models.OneToOneField(Comment, models.CASCADE, related_name="resolution")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return f"{self.comment} {self.at:%Y-%m-%d}"


class RuleWarning(models.Model):
    """That a rule of the scheme warned an annotator, and what came of it; append-only."""

    class Outcome(models.TextChoices):
        RAISED = "raised", _("shown")
        KEPT = "kept", _("answers kept")
        CHANGED = "changed", _("answers changed")

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="warnings")
    utterance = models.ForeignKey(Utterance, models.PROTECT, related_name="warnings")
    rule = models.CharField(max_length=40)
    outcome = models.CharField(max_length=7, choices=Outcome)
    client_id = models.UUIDField(unique=True, default=uuid.uuid4)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.utterance} {self.rule}: {self.outcome}"
