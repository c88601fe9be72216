"""TensorBoard's files of runs, as a zip to be unpacked below its log directory."""

import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from django.http import Http404, HttpResponse

from modeling.learner import tensorboard
from modeling.views.evaluations import as_attachment
from modeling.views.experiments import visible_experiment_of
from modeling.views.runs import visible_run_of


def run_tensorboard(request, pk):
    run = visible_run_of(request, pk)
    return _zipped(request, run, [run], f"run-{pk}")


def experiment_tensorboard(request, pk):
    experiment = visible_experiment_of(request, pk)
    return _zipped(request, experiment, experiment.runs.order_by("pk"), f"experiment-{pk}")


def _zipped(request, thing, runs, name):
    """A folder a run. Raises Http404 where none has begun."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, TemporaryDirectory() as at:
        for run in runs:
            events = run.events()
            if not events:
                continue
            folder = f"{run.pk}-{run.recipe}-seed-{run.seed}"
            tensorboard.write_events(events, Path(at) / folder)
            for file in sorted((Path(at) / folder).iterdir()):
                archive.write(file, f"{name}/{folder}/{file.name}")
        if not archive.namelist():
            raise Http404
    response = HttpResponse(packed.getvalue(), content_type="application/zip")
    return as_attachment(request, thing, response, f"{name}-tensorboard.zip")
