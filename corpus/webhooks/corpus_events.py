"""Events of webhooks that every corpus has: the test, and jobs that have failed."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from corpus.webhooks.announcement import announce
from corpus.webhooks.kinds import PING, EventKind, api_address
from jobs.job_list import corpus_of_job
from jobs.models import JobStatus

JOB_FAILED = "job.failed"


def about_corpus(corpus):
    """The corpus, as messages name it."""
    return {
        "id": corpus.pk,
        "name": corpus.name,
        "url": api_address("api_corpus", corpus.pk),
    }


def describe_test(webhook):
    return {
        "corpus": about_corpus(webhook.corpus),
        "webhook": {"id": webhook.pk, "url": api_address("api_webhook", webhook.pk)},
    }


def describe_job(job):
    """A job by its number alone: names may be those of people, and reasons may be withheld."""
    return {
        "corpus": about_corpus(corpus_of_job(job)),
        "job": {
            "kind": job.kind_name,
            "id": job.pk,
            "url": api_address("api_job", job.kind_name, job.pk),
        },
    }


@transaction.atomic
def announce_failure(job):
    """Tell that a job of a corpus has failed (a hook of `jobs.models.ended`)."""
    corpus = corpus_of_job(job) if job.status == JobStatus.FAILED else None
    if corpus is not None:
        announce(JOB_FAILED, job, corpus.pk)


KINDS = [
    EventKind(JOB_FAILED, _("job failed"), describe_job),
    EventKind(PING, _("test message"), describe_test),
]
