"""Evaluating a run on the held-out test set, by the learner as a process of its own."""

import json

from django.db import transaction

from modeling.configurations import compute_comparisons
from modeling.learner_process import fetched, supervise, writing
from modeling.models import FeaturePart


def evaluate(evaluation):
    """Do a claimed Evaluation. Raises UserError with the learner's sentence; Stopped."""
    run = evaluation.training_run
    with writing(evaluation, run.folder):
        output = supervise(
            ["evaluate", fetched(evaluation, run.release, run.options), "--out", run.folder,
             "--cache", FeaturePart.cache(), "--json"],
            run.folder / "look",
            evaluation.report_progress,
        )  # fmt: skip
    evaluation.result = json.loads(output.splitlines()[-1])
    with transaction.atomic():
        evaluation.save(update_fields=["result"])
        evaluation.finish()


def update_experiment(evaluation):
    """Compute what the page of its experiment shows, so that nobody has to wait there."""
    experiment = evaluation.training_run.experiment
    if experiment is not None:
        compute_comparisons(experiment, "held_out")
