"""Repeating an experiment on each release that is frozen after somebody asked for it."""

from django.db import IntegrityError, transaction

from core.errors import UserError
from corpus.models import Corpus
from modeling.models.experiments import Experiment


def repeat_due():
    """Start what is due; how many. An experiment for which the queue has no room waits for the next
    time.

    Two workers that ask at once start it once: an experiment has one repetition a release.
    """
    count = 0
    repeated = Experiment.objects.filter(repeats_from__isnull=False)
    for experiment in repeated.select_related("repeats_by"):
        for release in due_releases(experiment):
            try:
                with transaction.atomic():
                    repeat(experiment, release)
            except (UserError, IntegrityError):
                continue
            count += 1
    return count


def due_releases(experiment):
    """The releases on which it is still to be repeated, the oldest first."""
    corpus = Corpus.objects.led_by(experiment.repeats_by).filter(pk=experiment.corpus_id).first()
    if corpus is None:  # who asked for it leads the corpus no more
        return []
    if not experiment.runs.exists():  # they were deleted one by one
        return []
    frozen = corpus.releases.usable().filter(finished_at__gt=experiment.repeats_from)
    return list(frozen.exclude(experiments__follows=experiment).order_by("pk"))


def repeat(experiment, release):
    """The same recipes, seeds and settings on another release. Raises UserError like a request."""
    runs = list(experiment.runs.order_by("pk"))
    return Experiment.request(
        experiment.repeats_by,
        release,
        list(dict.fromkeys(run.recipe for run in runs)),
        sorted({run.seed for run in runs}),
        runs[0].on_failure,
        experiment.options,
        experiment.name,
        runs[0].device,
        follows=experiment,
    )
