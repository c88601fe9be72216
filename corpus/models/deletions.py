"""Deleting a corpus with everything in it: work that survives the corpus."""

from django.conf import settings
from django.db import models, transaction

from core.errors import UserError, gettext_noop
from jobs.models import Job, JobStatus
from jobs.recovery import job_models
from people.models import Event


class CorpusDeletion(Job):
    """That a corpus is deleted; the row stays, as its corpus does not. Nobody belongs to the corpus
    any more, so that nobody meets what is half deleted.
    """

    corpus_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=120)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="corpus_deletions"
    )
    lost = models.JSONField(default=dict)  # label of a model -> rows; "bytes"

    verb = "delete"
    work = "corpus.deletion.delete_corpus"
    uses_heartbeat_thread = True

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.name

    @classmethod
    @transaction.atomic
    def request(cls, person, corpus, lost):
        """Take the corpus from its members and have a worker delete it. Raises UserError while
        other work of the corpus waits or runs.
        """
        if active := sum(1 for _job in active_jobs(corpus)):
            raise UserError(
                gettext_noop(
                    "%(count)s jobs of this corpus wait or run. Stop them or wait until they end."
                    " Nothing was deleted."
                ),
                count=active,
            )
        deletion = cls.objects.create(
            corpus_id=corpus.pk, name=corpus.name, person=person, lost=lost
        )
        Event.record(person, cls.verb, corpus, name=corpus.name, **lost)
        corpus.memberships.all().delete()
        deletion.later()
        return deletion


def active_jobs(corpus):
    """The jobs of a corpus that wait or run."""
    for model in job_models():
        going = model._base_manager.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
        for job in going:
            if getattr(job, "corpus_id", None) == corpus.pk and not job.stale:
                yield job
