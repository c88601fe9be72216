"""Extracting features from a part of a release, by the learner as a process of its own."""

import json
import time

from django.conf import settings
from django.db import transaction

from jobs.models import JobStatus
from modeling.encoders import encoder_path
from modeling.learner_process import fetched, lines_of, supervise, written


def extract(part):
    """Do a claimed FeaturePart. Raises UserError with the learner's sentence; Stopped."""

    def beat():
        reports = _reports(part)
        last = reports[-1] if reports else {}
        part.report_progress(last["done"] / last["total"] if "done" in last else None)

    began = time.time()
    supervise(
        ["features", fetched(part, part.release, part.encoder), "--cache", part.cache(), "--json",
         "--part", part.share, "--on-failure", "missing", *_recipe(part)],
        part.directory,
        beat,
    )  # fmt: skip
    with part.heartbeat_thread():
        part.share_extracted(began)
    part.failures = _reports(part)[-1]["failures"]
    with transaction.atomic():
        part.save(update_fields=["failures"])
        part.finish()


def _recipe(part):
    """What the learner is told to extract; an encoder uses a GPU where the worker has one."""
    if not part.encoder:
        return ["--device", "cpu"]
    path = part.directory / "recipe.json"
    fields = {
        name: encoder_path(value) if name.endswith("_encoder") else value
        for name, value in part.encoder.items()
    }
    if "vision_region" in fields:
        fields["face_detector"] = settings.FACE_DETECTOR
    with written(part.directory):
        part.directory.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"modalities": [part.modality], **fields}), "utf-8")
    return ["--recipe", path, "--device", "auto"]


def send_waiting_runs(part):
    """Send the runs that waited for features of a release and now wait for no others."""
    with transaction.atomic():
        for run in part.release.runs.filter(status=JobStatus.QUEUED):
            if not run.waits:
                run.later()


def _reports(part):
    return list(lines_of(part.directory / "stdout.txt"))
