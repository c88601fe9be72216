"""Evaluating a run on the held-out test set, by the learner as a process of its own."""

import json

from django.db import transaction

from modeling.comparison import prepare
from modeling.learner_process import supervise
from modeling.models import FeaturePart


def evaluate(evaluation):
    """Do a claimed Evaluation. Raises UserError with the learner's sentence; Stopped."""
    run = evaluation.run
    output = supervise(
        ["evaluate", run.release.directory, "--out", run.directory,
         "--cache", FeaturePart.cache(), "--json"],
        run.directory / "look",
        evaluation.beat,
    )  # fmt: skip
    evaluation.result = json.loads(output.splitlines()[-1])
    with transaction.atomic():
        evaluation.save(update_fields=["result"])
        evaluation.finish()


def prepare_comparisons(evaluation):
    """Compute what the page of its study shows, so that nobody has to wait there."""
    if evaluation.run.study_id:
        prepare(evaluation.run.study, "sealed")
