"""Extracting features from a part of a release's clips, by the learner as a process of its own."""

from django.db import transaction

from jobs.models import JobStatus
from modeling.learner_process import lines_of, supervise


def extract(part):
    """Do a claimed FeaturePart. Raises UserError with the learner's sentence; Stopped."""

    def beat():
        reports = _reports(part)
        last = reports[-1] if reports else {}
        part.report_progress(last["done"] / last["total"] if "done" in last else None)

    supervise(
        ["features", part.release.directory, "--cache", part.cache(), "--json",
         "--part", f"{part.number}/{part.of}", "--on-failure", "missing", "--device", "cpu"],
        part.directory,
        beat,
    )  # fmt: skip
    part.failures = _reports(part)[-1]["failures"]
    with transaction.atomic():
        part.save(update_fields=["failures"])
        part.finish()


def send_waiting_runs(part):
    """Send the runs that wait for the features of a release, once its last part has ended."""
    if any(other.alive for other in part.release.feature_parts.all()):
        return
    with transaction.atomic():
        for run in part.release.runs.filter(status=JobStatus.QUEUED):
            run.later()


def _reports(part):
    return list(lines_of(part.directory / "stdout.txt"))
