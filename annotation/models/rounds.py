"""A round: one pass of judging over chosen dialogues, and what a lead does to it."""

import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotation.models.schemes import Guideline, SchemeVersion, read_scheme
from annotation.scheme import Scheme
from core.errors import UserError, gettext_noop
from corpus.models import Corpus, Membership
from corpus.webhooks.announcement import announce
from corpus.webhooks.kinds import AGREEMENT
from people.models import Event

COMPLETED, CLOSED = "round.completed", "round.closed"  # events of webhooks
PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


class RoundQuerySet(models.QuerySet):
    def of(self, person):
        """Rounds of corpora that the person leads or adjudicates."""
        seers = ["lead", "adjudicator"]
        return self.filter(
            corpus__memberships__person=person, corpus__memberships__role__in=seers
        ).select_related("corpus__archival", "scheme_version", "guideline", "closure", "opened_by")

    def open(self):
        return self.filter(closure=None)


class Round(models.Model):
    """One pass of judging over chosen dialogues, k people a dialogue."""

    class Kind(models.TextChoices):
        JUDGING = "judging", _("annotation")
        PRACTICE = "practice", _("practice with explanations")
        TEST = "test", _("qualification test")

    class View(models.TextChoices):
        FULL = "full", _("video, audio and text")
        TEXT = "text", _("text only")
        AUDIO = "audio", _("audio only")
        SILENT = "silent", _("video without audio")

    class Order(models.TextChoices):
        SEQUENTIAL = "sequential", _("as in the episodes")
        SHUFFLED = "shuffled", _("random, different for each annotator")
        UNCERTAIN = "uncertain", _("least certain first")

    class Shown(models.TextChoices):
        NEVER = "never", _("no suggestions")
        AFTER = "after", _("suggestions after annotation")
        BEFORE = "before", _("suggestions before annotation")

    class Consensus(models.TextChoices):
        MAJORITY = "majority", _("majority of annotators")
        WEIGHTED = "weighted", _("majority weighted by reliability")
        DAWID_SKENE = "dawid_skene", _("most probable value (Dawid-Skene)")

    class Below(models.TextChoices):
        WARN = "warn", _("warn the annotator")
        PAUSE = "pause", _("block until the lead unblocks")
        TELL = "tell", _("notify only the lead")

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="rounds")
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.JUDGING)
    scheme_version = models.ForeignKey(SchemeVersion, models.PROTECT, related_name="rounds")
    guideline = models.ForeignKey(Guideline, models.PROTECT, null=True, related_name="rounds")
    overlap = models.PositiveIntegerField(_("annotators per dialogue"), default=3)
    view = models.CharField(_("view"), max_length=6, choices=View, default=View.FULL)
    order = models.CharField(_("order"), max_length=10, choices=Order, default=Order.SEQUENTIAL)
    lease_minutes = models.PositiveIntegerField(_("inactivity limit (minutes)"), default=60)
    suggestions = models.CharField(
        _("suggestions"), max_length=6, choices=Shown, default=Shown.NEVER
    )
    confidence = models.BooleanField(_("ask for confidence"), default=False)
    cannot_tell = models.BooleanField(_("allow “cannot tell”"), default=False)
    break_minutes = models.PositiveIntegerField(_("break reminder (minutes)"), default=60)
    qualification = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="qualifies_for"
    )
    gold_percent = models.PositiveIntegerField(
        _("percentage with expert labels"), default=0, validators=PERCENT
    )
    attention_every = models.PositiveIntegerField(_("attention check every"), default=0)
    marks = models.JSONField(
        _("passing marks per task"), default=dict
    )  # task -> percent right, at least
    below = models.CharField(
        _("below the passing mark"), max_length=5, choices=Below, default=Below.TELL
    )
    gold_feedback = models.BooleanField(_("annotators see their accuracy"), default=False)
    reopen_hours = models.PositiveIntegerField(
        _("reopening after submission (hours)"), default=0, db_default=0
    )
    corrections = models.BooleanField(
        _("annotators see corrections"), default=False, db_default=False
    )
    consensus = models.CharField(
        _("gold label rule"), max_length=11, choices=Consensus, default=Consensus.MAJORITY
    )
    due = models.DateField(_("deadline"), null=True, blank=True)
    published = models.BooleanField(default=False, editable=False)
    seed = models.PositiveIntegerField(default=0, editable=False)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    opened_at = models.DateTimeField(auto_now_add=True)

    objects = RoundQuerySet.as_manager()
    submission_count: int  # annotated by progress.with_submission_counts
    round_item_count: int  # annotated by progress.with_submission_counts

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["corpus", "name"], name="one_round_a_name")]

    def __str__(self):
        return self.name

    @property
    def scheme(self) -> Scheme:
        return read_scheme(self.scheme_version_id)

    @property
    def is_open(self):
        return not hasattr(self, "closure")

    @property
    def is_paused(self):
        return self.pauses.filter(lifted_at=None).exists()

    @property
    def is_overdue(self):
        """Whether it is open after its deadline."""
        return self.is_open and self.due is not None and self.due < timezone.localdate()

    @property
    def for_all(self):
        """Practice and tests are for everybody; their dialogues are never full."""
        return self.kind != self.Kind.JUDGING

    @property
    def people_per_dialogue(self):
        """How many people may have a dialogue."""
        return 2**30 if self.for_all else self.overlap

    @property
    def wanted(self):
        """How many submissions fill the round."""
        return self.submission_count if self.published else self.round_item_count * self.overlap

    def taking_part_openly(self):
        """Seats of those who could see others' answers, and whose own count in the round."""
        work = self.assignments.submitted().filter(gold=False)
        found = self.participants.filter(
            unblinded=True, person__in=work.order_by().values("person")
        )
        return found.select_related("person")

    def lease(self):
        """Until when somebody who is active now keeps a dialogue; None: as long as they like."""
        if not self.lease_minutes:
            return None
        return timezone.now() + datetime.timedelta(minutes=self.lease_minutes)

    def check_openly(self, who):
        """True for leads and adjudicators. Raises UserError for anybody else."""
        if self.corpus.role_of(who) not in (Membership.Role.LEAD, Membership.Role.ADJUDICATOR):
            raise UserError(
                gettext_noop(
                    "%(name)s is neither lead nor adjudicator. Only these can be unblinded."
                ),
                name=str(who),
            )
        return True

    @transaction.atomic
    def dismiss(self, person, who):
        """Take somebody out: what they submitted stays, what they held goes to others."""
        self.participants.filter(person=who).update(left_at=timezone.now())
        released = self.assignments.filter(person=who).release()
        Event.record(person, "dismiss", self, person=who.username, released=released)
        return released

    @transaction.atomic
    def pause(self, person):
        """Give out nothing and take no answers until `resume`."""
        Round.objects.select_for_update().get(pk=self.pk)
        if not self.is_paused:
            self.pauses.create(person=person)
            Event.record(person, "pause", self)

    @transaction.atomic
    def resume(self, person):
        lifted = self.pauses.filter(lifted_at=None).update(
            lifted_at=timezone.now(), lifted_by=person
        )
        if lifted:
            Event.record(person, "resume", self)

    @transaction.atomic
    def schedule(self, person, due):
        """Set the deadline; None for none. The same one again changes nothing."""
        if due != self.due:
            self.due = due
            self.save(update_fields=["due"])
            Event.record(person, "schedule", self, due=due.isoformat() if due else None)

    @transaction.atomic
    def close(self, person):
        """End the judging; what was judged stays. Closing twice changes nothing."""
        closure, made = Closure.objects.get_or_create(round=self, defaults={"person": person})
        if made:
            Event.record(person, "close", self)
            announce(CLOSED, self)
            self.announce_agreement()
        return closure

    @transaction.atomic
    def announce_completion(self, since):
        """Tell webhooks that every dialogue has all its submissions, and have its agreement looked
        at; how many messages. Once for what was submitted, the last at `since`.
        """
        key = f"{COMPLETED}/{self.pk}/{self._submitted()}"
        return announce(COMPLETED, self, key=key, since=since) + self.announce_agreement(since)

    def announce_agreement(self, since=None):
        """Let webhooks hear of an agreement below their bound, once for what was submitted."""
        key = f"{AGREEMENT}/{self.pk}/{self._submitted()}"
        return announce(AGREEMENT, self, key=key, since=since)

    def _submitted(self):
        return self.assignments.submitted().filter(gold=False).count()

    def release_expired(self):
        """Give back what nobody has touched for the lease; how many were released."""
        held = self.assignments.filter(state="held", expires_at__lt=timezone.now())
        expired = list(held.values_list("pk", flat=True)[:200])
        return self.assignments.filter(pk__in=expired, expires_at__lt=timezone.now()).release()

    def share_done(self):
        """Submissions that count towards the overlap, and how many fill the round."""
        if self.published:
            submitted = self.assignments.submitted().count()
            return submitted, submitted
        counted = self.round_items.filter(gold=False, withdrawn=False).aggregate(
            items=Count("pk"), given=Coalesce(Sum("given"), 0), extra=Coalesce(Sum("extra"), 0)
        )
        held = self.assignments.filter(state="held", gold=False).count()
        return counted["given"] - held, counted["items"] * self.overlap + counted["extra"]

    def stuck(self, seats=None):
        """Places that wait for more people than may still take them.

        The others had them, skipped them, or have reached their quota. `seats` are of those who
        take part, where they are known.
        """
        seats = self.participants.filter(left_at=None) if seats is None else seats
        free = [seat.person_id for seat in seats if seat.has_quota]
        waiting = self.round_items.filter(open=True)
        if self.for_all:
            return waiting.none()
        spare = len(free) - self.overlap
        if spare >= 0:  # then only skips, or one more person, can leave too few
            skipped = self.assignments.filter(state="skipped").values("dialogue")
            waiting = waiting.filter(models.Q(dialogue__in=skipped) | models.Q(extra__gt=0))
        taken = (
            self.assignments.filter(dialogue=OuterRef("dialogue"), person__in=free)
            .exclude(state="freed")
            .order_by()
            .values("dialogue")
            .annotate(n=Count("pk"))
            .values("n")
        )
        had_by = Coalesce(models.Subquery(taken), 0)
        return waiting.annotate(had_by=had_by).filter(had_by__gt=F("given") + spare - F("extra"))


class Closure(models.Model):
    """That a round is over, said by whom and when."""

    round = models.OneToOneField(Round, models.CASCADE, related_name="closure")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.round} {self.at:%Y-%m-%d}"


class Pause(models.Model):
    """That a round rests, from when to when."""

    round = models.ForeignKey(Round, models.CASCADE, related_name="pauses")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True)

    def __str__(self):
        return f"{self.round} {self.at:%Y-%m-%d %H:%M}"


def resting(round="round"):
    """Whether the round of a row, by that field, is paused, as an expression."""
    return Exists(Pause.objects.filter(round=OuterRef(round), lifted_at=None))
