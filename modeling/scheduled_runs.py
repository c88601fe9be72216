"""Repeating a study on each release that is frozen after somebody asked for it."""

from django.db import IntegrityError, transaction

from core.errors import UserError
from corpus.models import Corpus
from modeling.models.studies import Study


def repeat_due():
    """Start what is due; a study for which the queue has no room waits for the next time. How many.

    Two workers that ask at once start it once: a study has one repetition a release.
    """
    count = 0
    for study in Study.objects.filter(repeats_from__isnull=False).select_related("repeats_by"):
        for release in due(study):
            try:
                with transaction.atomic():
                    repeat(study, release)
            except (UserError, IntegrityError):
                continue
            count += 1
    return count


def due(study):
    """The releases on which it is still to be repeated, the oldest first."""
    corpus = Corpus.objects.led_by(study.repeats_by).filter(pk=study.corpus_id).first()
    if corpus is None:  # who asked for it leads the corpus no more
        return []
    if not study.runs.exists():  # they were deleted one by one
        return []
    frozen = corpus.releases.usable().filter(finished_at__gt=study.repeats_from)
    return list(frozen.exclude(studies__follows=study).order_by("pk"))


def repeat(study, release):
    """The same recipes, seeds and settings on another release. Raises UserError like a request."""
    runs = list(study.runs.order_by("pk"))
    return Study.request(
        study.repeats_by,
        release,
        list(dict.fromkeys(run.recipe for run in runs)),
        sorted({run.seed for run in runs}),
        runs[0].on_failure,
        study.options,
        study.name,
        runs[0].device,
        follows=study,
    )
