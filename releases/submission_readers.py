"""Releases that have read a submission, which is therefore not opened again."""

from django.db.models import Q

from annotation.models import Assignment
from core.errors import UserError, gettext_noop
from jobs.models import JobStatus
from releases.models import Release


def reading_release(assignment: Assignment) -> UserError | None:
    """The release of its round that holds it, or is being frozen, as a sentence."""
    working = Q(status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
    holding = Q(status=JobStatus.DONE, finished_at__gte=assignment.submission.at)
    release = Release.objects.filter(working | holding, rounds=assignment.round_id).first()
    if release is None:
        return None
    return UserError(
        gettext_noop(
            "The release %(version)s holds this dialogue, so your answers stay as they are."
        ),
        version=release.version,
    )
