"""E-mails about what happened to somebody's work, where this installation sends e-mail."""

import datetime
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import UserError, gettext_noop
from jobs.models import Job
from people.models import Person
from people.tasks import send_notification

ROUND, REPLY, JOB, JOINING, WEBHOOK = "round", "reply", "job", "joining", "webhook"
KINDS = {
    ROUND: _("a round was opened for me"),
    REPLY: _("a comment of mine was answered"),
    JOB: _("a job that I asked for has ended after more than a minute"),
    JOINING: _("my request to join a corpus was decided"),
    WEBHOOK: _("a webhook of a corpus that I lead was switched off"),
}
LONG = datetime.timedelta(minutes=1)  # whoever asked for a shorter job has waited for it
DONE, FAILED = gettext_noop("Done: %(job)s"), gettext_noop("Failed: %(job)s")
DONE_MORE = gettext_noop("What you asked for is done: %(job)s")
FAILED_MORE = gettext_noop("What you asked for has failed: %(job)s\n\n%(why)s")
WITHHELD = UserError(
    gettext_noop("Its reason is withheld while you annotate what it is about; see its page then.")
)
# (job, person) -> whether the person may not read now why it failed; filled by apps on the right
withhold_reason: list[Callable[[Job, Person], bool]] = []


def enabled():
    return settings.EMAIL_ENABLED


def choices(person):
    """(kind, label, whether the person gets it)."""
    return [(kind, label, kind not in person.muted_notifications) for kind, label in KINDS.items()]


def notify(kind, people, subject, body, path="", **values):
    """Send an e-mail to each of `people` who gets this kind, once the transaction is over.

    `subject` and `body` are templates marked by gettext_noop, rendered in the language of each;
    `path` is the page that it is about.
    """
    if not enabled():
        return
    for person in people:
        if person.email and person.is_active and kind not in person.muted_notifications:
            _send_after_commit(person.pk, subject, body, values, path)


def _send_after_commit(*arguments):
    # no partial: Django reads the __qualname__ of what has failed
    transaction.on_commit(lambda: send_notification.delay(*arguments), robust=True)


def tell_requester(job):
    """An e-mail to whoever asked for a job that has ended (a hook of `jobs.models.ended`)."""
    if not enabled() or not job.started_at or not job.finished_at:
        return
    if job.finished_at - job.started_at < LONG or not job.news:
        return
    fields = [each for each in job._meta.fields if each.related_model is Person]
    people = [person for each in fields if (person := getattr(job, each.name))]
    if job.failure:
        for person in people:
            withheld = any(each(job, person) for each in withhold_reason)
            why = WITHHELD.to_json() if withheld else job.failure
            notify(JOB, [person], FAILED, FAILED_MORE, job.page_url, job=str(job), why=why)
    else:
        notify(JOB, people, DONE, DONE_MORE, job.page_url, job=str(job))
