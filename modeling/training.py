"""Training a run, by the learner as a process of its own (modeling/learner)."""

import json

from django.conf import settings
from django.db import transaction

from core.errors import UserError, gettext_noop
from corpus.webhooks.announcement import announce
from jobs.models import Stopped
from modeling.configurations import compute_comparisons
from modeling.learner_process import fetched, supervise, writing
from modeling.models import FeaturePart
from modeling.search_trials import continue_search, keep_importances, should_prune

COMPLETED = "run.completed"  # an event of webhooks


def train(run):
    """Do a claimed TrainingRun. Raises UserError with the learner's sentence; Stopped."""
    path = run.folder / "recipe.json"
    with writing(run, run.folder):
        release = fetched(run, run.release, run.options)
        recipe = run.whole_recipe()  # reads its encoders
        run.folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(recipe.to_json(), indent=1) + "\n", "utf-8")
        output = supervise(
            ["train", release, "--recipe", path, "--seed", run.seed,
             "--out", run.folder, "--cache", FeaturePart.cache(),
             "--keep-every", settings.KEEP_EVERY, "--device", run.device,
             "--json"],
            run.folder,
            _ReportProgress(run),
        )  # fmt: skip
    run.results = json.loads(output.splitlines()[-1])
    with transaction.atomic():
        run.save(update_fields=["results"])
        run.finish()
        announce(COMPLETED, run, run.release.corpus_id)


def update_experiment(run):
    """Queue the next trial of its search, and compute what the page of its experiment shows."""
    if run.experiment_id:
        continue_search(run.experiment)
        run.experiment.refresh_from_db()
        keep_importances(run.experiment)
        compute_comparisons(run.experiment, "validation")


class _ReportProgress:
    """Reports the progress of a run as the learner writes it, and ends the run where it is a trial
    that need not be trained further.
    """

    def __init__(self, run):
        self.run = run
        self.path = run.folder / "events.jsonl"
        self.size = None  # bytes of the learner's reports when they were read last

    def __call__(self):
        size = self.path.stat().st_size if self.path.exists() else 0
        if size == self.size:
            return self.run.report_progress()
        self.size = size
        events = self.run.events()
        self.run.report_progress(_progress(events[-1]) if events else None)
        if self.run.experiment_id and should_prune(self.run, events):
            reason = gettext_noop(
                "Ended at epoch %(n)s: its best score was below the median of those before it."
            )
            raise Stopped(UserError(reason, n=events[-1]["epoch"]))


def _progress(event):
    """Feature extraction is the first fifth of a run, epochs or tasks are the rest."""
    if event["event"] == "features":
        return 0.2 * event["done"] / event["total"]
    if event["event"] == "fit":
        return 0.2 + 0.8 * event["done"] / event["total"]
    if event["event"] == "epoch":
        return 0.2 + 0.8 * event["epoch"] / event["epochs"]
    return None
