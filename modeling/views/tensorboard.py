"""TensorBoard's files of runs, as a zip to be unpacked below its log directory."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.http import Http404, HttpResponse

from modeling.permissions import visible_experiment_of, visible_run_of
from modeling.views.evaluations import as_attachment


def run_tensorboard(request, pk):
    run = visible_run_of(request, pk)
    return _zipped(request, run, [run], f"run-{pk}")


def experiment_tensorboard(request, pk):
    experiment = visible_experiment_of(request, pk)
    return _zipped(request, experiment, experiment.runs.order_by("pk"), f"experiment-{pk}")


def _zipped(request, thing, runs, name):
    """A folder a run. Raises Http404 where none has begun."""
    begun = {f"{run.pk}-{run.recipe}-seed-{run.seed}": run for run in runs if run.events()}
    if not begun:
        raise Http404
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, TemporaryDirectory() as at:
        write_event_files({Path(at) / folder: run for folder, run in begun.items()})
        for file in sorted(Path(at).rglob("*")):
            if file.is_file():
                archive.write(file, f"{name}/{file.relative_to(at)}")
    response = HttpResponse(packed.getvalue(), content_type="application/zip")
    return as_attachment(request, thing, response, f"{name}-tensorboard.zip")


def write_event_files(runs):
    """Write the files of runs, by the directory of each, in a process of its own, as the library
    imports PyTorch where it can.
    """
    pairs = [(str(run.directory / "events.jsonl"), str(folder)) for folder, run in runs.items()]
    arguments = [word for pair in pairs for word in pair]
    command = [sys.executable, "-m", "modeling.learner.tensorboard", *arguments]
    subprocess.run(command, cwd=settings.ROOT, check=True, capture_output=True)  # noqa: S603
