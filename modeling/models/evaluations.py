"""Evaluations of runs on the held-out test set, each a row that stays."""

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy

from core.errors import UserError, gettext_noop
from corpus.models import Corpus
from jobs.models import SHORT_STALE_AFTER, Job, JobStatus
from modeling.models.runs import TrainingRun
from people.models import Event


class EvaluationQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(training_run__release__corpus__in=Corpus.objects.led_by(person))

    def on(self, release):
        """Finished evaluations on the test set of a release, whoever's run it was."""
        return self.filter(training_run__release=release, status=JobStatus.DONE)


class Evaluation(Job):
    """Supervises `python -m modeling.learner evaluate`; `result` is its evaluation.json."""

    training_run = models.ForeignKey(TrainingRun, models.PROTECT, related_name="evaluations")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    result = models.JSONField(default=dict, editable=False)

    verb = "evaluate"
    work = "modeling.evaluation.evaluate"
    follow_up = "modeling.evaluation.update_experiment"
    queue = "train"
    stale_after = SHORT_STALE_AFTER
    kind_label = gettext_lazy("test evaluation")
    corpus_field = "training_run__release__corpus"
    person_field = "asked_by"
    name_fields = ("training_run__recipe", "training_run__release__version")
    related_fields = ("training_run__release__corpus",)
    objects = EvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = gettext_lazy("evaluate on the test set")

    def __str__(self):
        return f"{self.training_run} · {self.pk}"

    @property
    def page_url(self):
        return reverse("run", args=[self.training_run_id])

    def why_failure_withheld(self, person):
        """It may name utterances and their labels."""
        return self.training_run.release.why_withheld(person)

    @property
    def corpus_id(self):
        return self.training_run.corpus_id

    @classmethod
    @transaction.atomic
    def request(cls, person, run):
        """Queue one. Raises UserError unless the run has ended well, or while another is active."""
        if run.status != JobStatus.DONE:
            raise UserError(
                gettext_noop("A run can be evaluated on the test set once it has finished.")
            )
        run.release.guard_open()
        active = run.evaluations.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
        if active.exists():
            raise UserError(gettext_noop("A test evaluation of this run is already in progress."))
        evaluation = cls.objects.create(training_run=run, asked_by=person)
        Event.record(person, cls.verb, run, release=run.release.version)
        return evaluation
