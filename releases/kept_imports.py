"""What keeps an import from being undone: releases that hold it, decisions on its words."""

from collections.abc import Iterator

from django.db.models import Q

from annotation.import_undo import dialogues_of
from annotation.models import Round, TableImport
from core.errors import UserError, gettext_noop
from corpus.models import Utterance
from jobs.models import JobStatus
from releases.models import Release
from releases.models.personal_data import PersonalDataReview


def releases_of(row: TableImport) -> Iterator[UserError]:
    """Each release of rounds on its dialogues that was frozen since the import began."""
    rounds = Round.objects.filter(assignments__dialogue__in=dialogues_of(row))
    since = Q(finished_at=None) | Q(finished_at__gte=row.created.get("since", row.created_at))
    holding = Release.objects.filter(since, rounds__in=rounds.order_by().values("pk"))
    dead = [JobStatus.FAILED, JobStatus.STOPPED]
    for release in holding.exclude(status__in=dead).distinct().order_by("pk"):
        yield UserError(
            gettext_noop("The release %(version)s holds its dialogues."), version=release.version
        )


def reviews_of(row: TableImport) -> Iterator[UserError]:
    """Decisions whether words of its utterances are personal data."""
    spoken = Utterance.all_objects.filter(dialogue__in=dialogues_of(row))
    if count := PersonalDataReview.objects.filter(utterance__in=spoken).count():
        yield UserError(
            gettext_noop("%(count)d decisions about personal data are on its utterances."),
            count=count,
        )
