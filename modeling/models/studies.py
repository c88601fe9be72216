"""A study: the same question to several recipes and seeds, so that an answer can be trusted."""

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy

from corpus.complaints import gettext_noop
from corpus.jobs import JobStatus, Refused
from corpus.models import Corpus
from modeling.models.runs import Failing, Recipes, TrainingRun
from people.models import Event
from releases.models import Release

MOST_WAITING = 100  # runs in the queue


class StudyQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(release__corpus__in=Corpus.objects.led_by(person)).select_related(
            "release__corpus", "started_by"
        )


class Study(models.Model):
    """Runs of some recipes with the same seeds on one release; `options` are fields of the recipe
    that differ from the published one, for all of them.
    """

    release = models.ForeignKey(Release, models.PROTECT, related_name="studies")
    name = models.CharField(gettext_lazy("name"), max_length=100, blank=True)
    options = models.JSONField(default=dict, editable=False)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    started_at = models.DateTimeField(auto_now_add=True)
    compared = models.JSONField(default=dict, editable=False)  # see modeling/comparison.py

    objects = StudyQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.name or f"{self.release.version} · {self.pk}"

    @property
    def corpus_id(self):
        return self.release.corpus_id

    @classmethod
    @transaction.atomic
    def request(
        cls, person, release, recipes, seeds, on_failure=Failing.FAIL, options=None, name=""
    ):
        """Queue a run of each recipe with each of the `seeds`.

        Raises Refused unless the release can be trained on, or if the queue is full.
        """
        waiting = TrainingRun.objects.filter(status=JobStatus.QUEUED).count()
        if waiting + len(recipes) * len(seeds) > MOST_WAITING:
            raise Refused(
                gettext_noop("%(n)s runs wait already; no more than %(most)s may."),
                n=waiting,
                most=MOST_WAITING,
            )
        study = cls.objects.create(
            release=release, name=name, options=options or {}, started_by=person
        )
        # seed by seed, so that recipes can be compared as soon as the first are through
        for seed in seeds:
            for recipe in recipes:
                run = TrainingRun.request(person, release, recipe, seed, on_failure, study=study)
                run.later()
        return study

    def by_recipe(self):
        """Recipe -> its runs by seed, in the order of the recipes' list."""
        rows = list(self.runs.order_by("seed", "pk").prefetch_related("looks"))
        return {
            recipe: mine
            for recipe in Recipes.values
            if (mine := [run for run in rows if run.recipe == recipe])
        }

    @property
    def active(self):
        """Whether a run or a look of it waits or works."""
        return self.working or bool(self.looking)

    @property
    def working(self):
        return any(run.active for run in self.runs.all())

    @property
    def looking(self):
        """How many looks at the sealed split wait or work."""
        going = [JobStatus.QUEUED, JobStatus.RUNNING]
        return self.runs.filter(looks__status__in=going).count()

    @transaction.atomic
    def stop_by(self, person):
        """Stop every run that waits or works; each keeps its checkpoint."""
        for run in self.runs.all():
            run.stop_by(person)

    @transaction.atomic
    def look_by(self, person):
        """Look at the sealed split with every run that has ended well and was not looked at."""
        from modeling.models.evaluations import Evaluation

        for run in self.runs.filter(status=JobStatus.DONE, looks=None):
            Evaluation.request(person, run).later()

    @transaction.atomic
    def delete_by(self, person):
        """Delete the study with its runs. Raises Refused where one cannot be deleted."""
        for run in self.runs.all():
            run.delete_by(person)
        Event.record(person, "delete", self)
        self.delete()
