"""An experiment: several recipes with several seeds, to be compared; or a search for the settings
of one recipe.
"""

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from core.errors import UserError, gettext_noop
from corpus.models import Corpus
from jobs.models import JobStatus
from modeling.learner.recipes import IMPORTED_FIELDS
from modeling.models.evaluations import Evaluation
from modeling.models.runs import Device, OnFailure, TrainingRun
from people.models import Event
from releases.models import Release

MOST_WAITING = 100  # runs in the queue


def guard_room(more=1):
    """Raises UserError if `more` runs would be too many in the queue."""
    waiting = TrainingRun.objects.filter(status=JobStatus.QUEUED).count()
    if waiting + more > MOST_WAITING:
        raise UserError(
            gettext_noop("%(n)s runs are already queued; the limit is %(most)s."),
            n=waiting,
            most=MOST_WAITING,
        )


class ExperimentQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(release__corpus__in=Corpus.objects.led_by(person)).select_related(
            "release__corpus", "started_by"
        )


class Experiment(models.Model):
    """Runs of some recipes with the same seeds on one release; `options` are fields of the recipe
    that differ from the published one, for all of them.

    Of a search there is one recipe and one seed, and each run has further settings of its own; what
    is searched stands in `search`: fields, trials, at_once, prunes. While it `searches` another
    run follows each that ends (modeling/search_trials.py).

    From `repeats_from` on the experiment is repeated on each release that is frozen later, for
    `repeats_by`; what is made then `follows` it.
    """

    release = models.ForeignKey(Release, models.PROTECT, related_name="experiments")
    name = models.CharField(gettext_lazy("name"), max_length=100, blank=True)
    options = models.JSONField(default=dict, editable=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    started_at = models.DateTimeField(auto_now_add=True)
    search = models.JSONField(default=dict, editable=False)
    searches = models.BooleanField(default=False, editable=False)
    follows = models.ForeignKey("self", models.PROTECT, null=True, related_name="repeats")
    repeats_from = models.DateTimeField(null=True, editable=False)
    repeats_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["follows", "release"], name="one_repeat_a_release")
        ]

    def __str__(self):
        return self.name or f"{self.release.version} · {self.pk}"

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @classmethod
    @transaction.atomic
    def request(
        cls, person, release, recipes, seeds, on_failure=OnFailure.FAIL, options=None, name="",
        device=Device.AUTO, follows=None,
    ):  # fmt: skip
        """Queue a run of each recipe with each of the `seeds`.

        Raises UserError unless the release can be trained on, or if the queue is full.
        """
        guard_room(len(recipes) * len(seeds))
        experiment = cls.objects.create(
            release=release, name=name, options=options or {}, started_by=person, follows=follows
        )
        # seed by seed, so that recipes can be compared as soon as the first are through
        for seed in seeds:
            for recipe in recipes:
                run = TrainingRun.request(
                    person, release, recipe, seed, on_failure, experiment, device=device
                )
                run.later()
        return experiment

    @transaction.atomic
    def repeat_by(self, person, wanted):
        """Say whether it is to be repeated on each release that is frozen from now on.

        Raises UserError for a search, and for what is itself a repetition.
        """
        if self.search or self.follows_id:
            raise UserError(gettext_noop("Only an experiment of chosen settings is repeated."))
        if wanted and any(name in IMPORTED_FIELDS for name in self.options):
            raise UserError(
                gettext_noop(
                    "An experiment with imported features is not repeated: later releases have none"
                    " of them."
                )
            )
        self.repeats_from = timezone.now() if wanted else None
        self.repeats_by = person if wanted else None
        self.save(update_fields=["repeats_from", "repeats_by"])
        Event.record(person, "repeat", self, wanted=wanted)

    @property
    def ended(self):
        """How many of its runs are over."""
        return sum(not run.active for run in self.runs.all())

    @property
    def active(self):
        """Whether a run or an evaluation of it waits or works."""
        return self.searches or self.working or bool(self.evaluating)

    @property
    def working(self):
        return any(run.active for run in self.runs.all())

    @property
    def evaluating(self):
        """How many evaluations on the test set wait or work."""
        active = [JobStatus.QUEUED, JobStatus.RUNNING]
        return self.runs.filter(evaluations__status__in=active).count()

    @transaction.atomic
    def stop_by(self, person):
        """Stop every run that waits or works; each keeps its checkpoint. A search ends."""
        Experiment.objects.filter(pk=self.pk).update(searches=False)
        self.searches = False
        for run in self.runs.all():
            run.stop_by(person)

    @transaction.atomic
    def evaluate_by(self, person):
        """Evaluate every run that has ended well and was not evaluated yet on the test set."""
        for run in self.runs.filter(status=JobStatus.DONE, evaluations=None):
            Evaluation.request(person, run).later()

    @transaction.atomic
    def delete_by(self, person):
        """Delete the experiment with its runs. Raises UserError where one cannot be deleted, or
        where it was repeated.
        """
        if self.repeats.exists():
            raise UserError(gettext_noop("Delete its repetitions on later releases first."))
        for run in self.runs.all():
            run.delete_by(person)
        Event.record(person, "delete", self)
        self.delete()
