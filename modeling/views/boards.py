"""TensorBoard's files of runs, to be unpacked where `tensorboard --logdir` looks."""

import io
import zipfile

from django.http import Http404, HttpResponse

from modeling.learner.board import FOLDER
from modeling.views.looks import attached
from modeling.views.runs import run_of
from modeling.views.studies import study_of


def run_board(request, pk):
    return _zipped([run_of(request, pk)], f"run-{pk}")


def study_board(request, pk):
    return _zipped(study_of(request, pk).runs.order_by("pk"), f"study-{pk}")


def _zipped(runs, name):
    """A folder a run. Raises Http404 where none has such files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for run in runs:
            for file in sorted((run.directory / FOLDER).glob("events.*")):
                archive.write(file, f"{name}/{run.pk}-{run.recipe}-seed-{run.seed}/{file.name}")
        if not archive.namelist():
            raise Http404
    response = HttpResponse(packed.getvalue(), content_type="application/zip")
    return attached(response, f"{name}-tensorboard.zip")
