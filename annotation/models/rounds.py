"""A round: one pass of judging over chosen dialogues, and what a lead does to it."""

import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models, transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotation.models.schemes import Guideline, SchemeVersion, read_scheme
from annotation.scheme import Scheme
from core.batches import create
from core.column_lengths import check_lengths
from core.errors import UserError, gettext_noop
from corpus.models import Corpus, Dialogue, Membership
from people.models import Event

PERCENT = [MinValueValidator(0), MaxValueValidator(100)]


class RoundQuerySet(models.QuerySet):
    def of(self, person):
        """Rounds of corpora that the person leads or adjudicates."""
        seers = ["lead", "adjudicator"]
        return self.filter(
            corpus__memberships__person=person, corpus__memberships__role__in=seers
        ).select_related("corpus", "scheme_version", "guideline")

    def counted(self):
        """With the hand-ins it wants, `wanted`, and those it has, `handed_in`."""
        from annotation.models import Assignment, Place

        def count(rows):
            own = rows.filter(round=OuterRef("pk")).order_by().values("round")
            return own.annotate(n=Count("pk")).values("n")

        handed_in = Assignment.objects.filter(gold=False).submitted()
        places = Place.objects.filter(gold=False, withdrawal=None)
        return self.annotate(
            handed_in=Coalesce(models.Subquery(count(handed_in)), 0),
            places_count=Coalesce(models.Subquery(count(places)), 0),
        )

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
    consensus = models.CharField(
        _("gold label rule"), max_length=11, choices=Consensus, default=Consensus.MAJORITY
    )
    published = models.BooleanField(default=False, editable=False)
    seed = models.PositiveIntegerField(default=0, editable=False)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    opened_at = models.DateTimeField(auto_now_add=True)

    objects = RoundQuerySet.as_manager()

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
    def for_all(self):
        """Practice and tests are for everybody; their places are never full."""
        return self.kind != self.Kind.JUDGING

    @property
    def places_for(self):
        """How many people a place takes."""
        return 2**30 if self.for_all else self.overlap

    @property
    def wanted(self):
        """How many hand-ins fill every place."""
        return self.handed_in if self.published else self.places_count * self.overlap

    def taking_part_openly(self):
        """Seats of those who could see others' answers, and whose own count in the round."""
        work = self.assignments.submitted().filter(gold=False)
        found = self.participants.filter(
            unblinded=True, person__in=work.order_by().values("person")
        )
        return found.select_related("person")

    def rules(self):
        """How its items are settled: task key -> consensus rule."""
        from annotation.quality.annotator_models import rules

        return rules(self)

    def settle_by(self, person, consensus):
        """Choose what makes the gold; every item is settled anew, rulings stay. Whether that is
        done, or left to a worker.
        """
        from annotation.agreement.item_counts import resettle_soon

        if consensus == self.consensus:
            return True
        with transaction.atomic():
            self.consensus = self.Consensus(consensus)
            self.save(update_fields=["consensus"])
            Event.record(person, "settle", self, consensus=consensus)
        return resettle_soon(self)

    def lease(self):
        """Until when somebody who is active now keeps a dialogue; None: as long as they like."""
        if not self.lease_minutes:
            return None
        return timezone.now() + datetime.timedelta(minutes=self.lease_minutes)

    @classmethod
    @transaction.atomic
    def open(
        cls, person, corpus, name, dialogues, annotators, overlap, gold=(), openly=(), **options
    ):
        """Open a round: every dialogue will be judged by exactly `overlap` of the annotators.

        `annotators` are Persons, or a mapping of Person to quota (dialogues, None: no limit).
        `gold` are dialogues with known answers that are mixed in. `openly` are those annotators
        who may see the others' answers meanwhile. Raises UserError if it cannot be.
        """
        quotas = annotators if isinstance(annotators, dict) else dict.fromkeys(annotators)
        members = set(corpus.people().values_list("person_id", flat=True))
        quotas = {who: quota for who, quota in quotas.items() if who.pk in members}
        if "scheme_version" not in options:
            options["scheme_version"] = SchemeVersion.of(corpus)
        opened = cls(corpus=corpus, name=name, overlap=overlap, opened_by=person, **options)
        if opened.for_all:
            opened.overlap = max(len(quotas), 1)
        if not 1 <= opened.overlap <= len(quotas):
            raise UserError(
                gettext_noop(
                    "%(overlap)d annotators per dialogue, but only %(count)d annotators are"
                    " chosen. Choose more."
                ),
                overlap=overlap,
                count=len(quotas),
            )
        check_lengths(opened)
        opened.save()
        added = opened._place(dialogues)
        if not added:
            raise UserError(gettext_noop("No published dialogues chosen. Publish some first."))
        opened._place(gold, gold=True)
        for who, quota in quotas.items():
            opened.participants.create(
                person=who, quota=quota, unblinded=who in openly and opened.check_openly(who)
            )
        named = {"openly": sorted(who.username for who in openly if who in quotas)}
        Event.record(
            person, "open", opened, dialogues=added, people=len(quotas), **(named if openly else {})
        )
        return opened

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

    def _place(self, dialogues, gold=False):
        """Put published dialogues into the round, in its order; how many were new."""
        from annotation.models import Place
        from annotation.queue.ordering import in_order

        chosen = [d.pk if isinstance(d, Dialogue) else d for d in dialogues]
        if isinstance(dialogues, models.QuerySet):
            chosen = dialogues.order_by().values("pk")
        chosen = Dialogue.objects.published().filter(corpus=self.corpus, pk__in=chosen)
        chosen = chosen.exclude(pk__in=self.places.values("dialogue"))
        last = self.places.aggregate(last=Max("position"))["last"] or 0
        rows = (
            Place(round=self, dialogue_id=pk, position=position, gold=gold, open=not gold)
            for position, pk in enumerate(in_order(chosen, self.order, self.seed), last + 1)
        )
        added = create(Place, rows)
        if added > 1000 and connection.vendor == "postgresql":
            with connection.cursor() as cursor:  # else it sorts all places until it looks itself
                cursor.execute("ANALYZE annotation_place")
        return added

    @transaction.atomic
    def extend(self, person, dialogues=(), overlap=None):
        """More dialogues, or more people a dialogue; how many dialogues were added.

        Raises UserError if the overlap would be less than it was or more than there are annotators.
        """
        Round.objects.select_for_update().get(pk=self.pk)
        if overlap and overlap != self.overlap:
            people = self.participants.filter(left_at=None).count()
            if not self.overlap < overlap <= people:
                raise UserError(
                    gettext_noop(
                        "Annotators per dialogue can be increased from %(now)d to at most"
                        " %(people)d, the annotators of the round."
                    ),
                    now=self.overlap,
                    people=people,
                )
            self.overlap = overlap
            self.save(update_fields=["overlap"])
            self.places.filter(gold=False, withdrawal=None).update(open=True)
            self.participants.update(reached=0)
        added = self._place(dialogues)
        Event.record(person, "extend", self, dialogues=added, overlap=self.overlap)
        return added

    @transaction.atomic
    def admit(self, person, who, quota=None, openly=False):
        """Let somebody of the corpus judge in the round, again if they had left it.

        `openly`: they may see the others' answers. So do all who could see some already, as lead or
        adjudicator, while they did not annotate it: nobody can tell whether they looked.
        Raises UserError for somebody outside the corpus, or an annotator who is to do so openly.
        """
        from annotation.blinding import could_look

        if not self.corpus.memberships.filter(person=who).exists():
            raise UserError(gettext_noop("%(name)s is not in this corpus."), name=str(who))
        seat = self.participants.filter(person=who).first() or self.participants.model(
            round=self, person=who
        )
        joins = seat.pk is None or seat.left_at is not None
        if joins and could_look(self, who):
            seat.unblinded = True
        elif openly:
            seat.unblinded = self.check_openly(who)
        seat.quota, seat.left_at, seat.halted_at = quota, None, None
        seat.save()
        if self.for_all:
            self.overlap = self.participants.filter(left_at=None).count()
            self.save(update_fields=["overlap"])
        named = {"openly": True} if seat.unblinded else {}
        Event.record(person, "admit", self, person=who.username, quota=quota, **named)
        return seat

    @transaction.atomic
    def dismiss(self, person, who):
        """Take somebody out: what they handed in stays, what they held goes to others."""
        self.participants.filter(person=who).update(left_at=timezone.now())
        freed = self.assignments.filter(person=who).free()
        Event.record(person, "dismiss", self, person=who.username, freed=freed)
        return freed

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
    def close(self, person):
        """End the judging; what was judged stays. Closing twice changes nothing."""
        closure, made = Closure.objects.get_or_create(round=self, defaults={"person": person})
        if made:
            Event.record(person, "close", self)
        return closure

    @transaction.atomic
    def reopen(self, person):
        """Go on judging in a closed round; openly for those who could see its results meanwhile."""
        from annotation.blinding import had_role

        closure = Closure.objects.filter(round=self).first()
        if self.published or closure is None:
            return
        closure.delete()
        Event.record(person, "reopen", self)
        for seat in self.participants.filter(left_at=None, unblinded=False):
            if had_role(self.corpus, seat.person, closure.at):
                seat.open_eyes(person)

    def free_silent(self):
        """Give back what nobody has touched for the lease; how many assignments that freed."""
        held = self.assignments.filter(state="held", until__lt=timezone.now())
        silent = list(held.values_list("pk", flat=True)[:200])
        return self.assignments.filter(pk__in=silent, until__lt=timezone.now()).free()

    def share_done(self):
        """Hand-ins that count towards the overlap, and how many fill the round."""
        if self.published:
            handed_in = self.assignments.submitted().count()
            return handed_in, handed_in
        counted = self.places.filter(gold=False, withdrawn=False).aggregate(
            places=Count("pk"), given=Coalesce(Sum("given"), 0), extra=Coalesce(Sum("extra"), 0)
        )
        held = self.assignments.filter(state="held", gold=False).count()
        return counted["given"] - held, counted["places"] * self.overlap + counted["extra"]

    def stuck(self):
        """Places that wait for more people than may still take them.

        The others had them, skipped them, or have reached their quota.
        """
        from annotation.models import Assignment

        free = [p.person_id for p in self.participants.filter(left_at=None) if p.has_quota]
        waiting = self.places.filter(open=True)
        if self.for_all:
            return waiting.none()
        spare = len(free) - self.overlap
        if spare >= 0:  # then only skips, or one more person, can leave too few
            skipped = self.assignments.filter(state="skipped").values("dialogue")
            waiting = waiting.filter(models.Q(dialogue__in=skipped) | models.Q(extra__gt=0))
        taken = (
            Assignment.objects.filter(
                round=OuterRef("round"), dialogue=OuterRef("dialogue"), person__in=free
            )
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
