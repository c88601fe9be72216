"""Looks at the sealed split of a run, each a row that stays."""

import json

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy

from core.errors import UserError, gettext_noop
from corpus.models import Corpus
from jobs.models import SOON_STALE, Job, JobStatus, send
from modeling.learner_process import supervise
from modeling.models.features import FeaturePart
from modeling.models.runs import TrainingRun
from people.models import Event


class EvaluationQuerySet(models.QuerySet):
    def of(self, person):
        return self.filter(run__release__corpus__in=Corpus.objects.led_by(person))

    def at(self, release):
        """Finished looks at the sealed split of a release, whoever's run it was."""
        return self.filter(run__release=release, status=JobStatus.DONE)


class Evaluation(Job):
    """Supervises `python -m modeling.learner evaluate`; `result` is its evaluation.json."""

    run = models.ForeignKey(TrainingRun, models.PROTECT, related_name="looks")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    result = models.JSONField(default=dict, editable=False)

    verb = "evaluate"
    queue = "train"
    patience = SOON_STALE
    objects = EvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = gettext_lazy("look at the sealed split")

    def __str__(self):
        return f"{self.run} · {self.pk}"

    @property
    def corpus_id(self):
        return self.run.corpus_id

    @classmethod
    @transaction.atomic
    def request(cls, person, run):
        """Queue a look. Raises UserError unless the run has ended well, or while another is on."""
        if run.status != JobStatus.DONE:
            raise UserError(
                gettext_noop("A run is tested when it has ended: until then it changes.")
            )
        run.release.guard_open()
        going = run.looks.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
        if going.exists():
            raise UserError(gettext_noop("Somebody is looking at this run's sealed split already."))
        look = cls.objects.create(run=run, asked_by=person)
        Event.record(person, cls.verb, run, release=run.release.version)
        return look

    def later(self):
        from modeling.tasks import evaluate_run

        send(evaluate_run, self.pk)

    def evaluate(self):
        """Evaluate in a process of its own; a second call while one works does nothing."""
        from modeling.comparison import prepare

        if self.claim():
            with self.settled():
                self._supervise()
            if self.run.study_id:
                prepare(self.run.study, "sealed")
        return self

    def _supervise(self):
        run = self.run
        told = supervise(
            ["evaluate", run.release.directory, "--out", run.directory,
             "--cache", FeaturePart.cache(), "--json"],
            run.directory / "look",
            self.beat,
        )  # fmt: skip
        self.result = json.loads(told.splitlines()[-1])
        with transaction.atomic():
            self.save(update_fields=["result"])
            self.finish()
