"""Scheme versions and the rounds that are judged under them."""

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Max, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from annotation.allocation import AllocationError, allocate
from annotation.scheme import DEFAULT, Scheme
from corpus.complaints import gettext_noop
from corpus.jobs import Refused
from corpus.models import Corpus, Dialogue
from people.models import Event


class SchemeVersion(models.Model):
    """A label scheme as it was at one time; never changed once made."""

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="schemes")
    number = models.PositiveIntegerField()
    tasks = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["corpus_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["corpus", "number"], name="one_scheme_a_number")
        ]

    def __str__(self):
        return f"v{self.number}"

    @cached_property
    def scheme(self) -> Scheme:
        return Scheme.from_json(self.tasks)

    @classmethod
    def of(cls, corpus, scheme=DEFAULT):
        """The version with these very tasks, made if the corpus has none."""
        tasks = scheme.to_json()
        for version in cls.objects.filter(corpus=corpus):
            if version.scheme == Scheme.from_json(tasks):
                return version
        latest = cls.objects.filter(corpus=corpus).aggregate(top=Max("number"))["top"] or 0
        return cls.objects.create(corpus=corpus, number=latest + 1, tasks=tasks)


class RoundQuerySet(models.QuerySet):
    def of(self, person):
        """Rounds of corpora that the person leads or adjudicates."""
        seers = ["lead", "adjudicator"]
        return self.filter(
            corpus__memberships__person=person, corpus__memberships__role__in=seers
        ).select_related("corpus", "scheme_version")

    def counted(self):
        return self.annotate(
            assignment_count=Count("assignments", distinct=True),
            submission_count=Count("assignments__submission", distinct=True),
        )

    def open(self):
        return self.filter(closure=None)


class Round(models.Model):
    """One pass of judging over chosen dialogues, k people a dialogue."""

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="rounds")
    name = models.CharField(_("name"), max_length=80)
    scheme_version = models.ForeignKey(SchemeVersion, models.PROTECT, related_name="rounds")
    overlap = models.PositiveIntegerField(_("people per dialogue"), default=3)
    published = models.BooleanField(default=False, editable=False)
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
        return self.scheme_version.scheme

    @property
    def is_open(self):
        return not hasattr(self, "closure")

    @classmethod
    @transaction.atomic
    def open(cls, person, corpus, name, dialogues, annotators, overlap, seed=0):
        """Open a round: every dialogue is assigned to exactly `overlap` of the annotators.

        Raises Refused if that cannot be.
        """
        from annotation.models import Assignment

        sizes = dict(
            Dialogue.objects.published()
            .filter(corpus=corpus, pk__in=[dialogue.pk for dialogue in dialogues])
            .sized()
            .values_list("pk", "size")
        )
        if not sizes:
            raise Refused(gettext_noop("No published dialogue was chosen. Publish some first."))
        members = set(corpus.people().values_list("person_id", flat=True))
        people = [annotator.pk for annotator in annotators if annotator.pk in members]
        try:
            pairs = allocate(sizes, people, overlap, seed)
        except AllocationError as error:
            raise Refused(
                gettext_noop(
                    "%(overlap)d people per dialogue need at least as many annotators;"
                    " %(count)d were chosen."
                ),
                overlap=overlap,
                count=len(people),
            ) from error
        opened = cls.objects.create(
            corpus=corpus,
            name=name,
            scheme_version=SchemeVersion.of(corpus),
            overlap=overlap,
            opened_by=person,
        )
        Assignment.objects.bulk_create(
            (
                Assignment(round=opened, dialogue_id=dialogue, person_id=pk)
                for dialogue, pk in sorted(pairs)
            ),
            batch_size=2000,
        )
        Event.record(person, "open", opened, dialogues=len(sizes), people=len(people))
        return opened

    @transaction.atomic
    def close(self, person):
        """End the judging; what was judged stays. Closing twice changes nothing."""
        closure, made = Closure.objects.get_or_create(round=self, defaults={"person": person})
        if made:
            Event.record(person, "close", self)
        return closure

    def progress(self):
        """Dialogues handed in and given out, person by person."""
        return (
            self.assignments.values("person__username", "person__name")
            .annotate(
                given=Count("pk"),
                submitted=Count("submission"),
            )
            .order_by("person__username")
        )

    def share_done(self):
        """Handed-in and all assignments, as two numbers."""
        counted = self.assignments.aggregate(
            done=Count("pk", filter=Q(submission__isnull=False)), given=Count("pk")
        )
        return counted["done"], counted["given"]


class Closure(models.Model):
    """That a round is over, said by whom and when."""

    round = models.OneToOneField(Round, models.CASCADE, related_name="closure")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"{self.round} {self.at:%Y-%m-%d}"
