"""Runs, experiments, protocols and models as somebody may see them: leads, and of results those who
do not annotate blind.
"""

from django.shortcuts import get_object_or_404

from corpus.permissions import LEAD, with_role
from modeling.models import Evaluation, Experiment, Protocol, RegisteredModel, TrainingRun


def run_of(request, pk):
    """A run of a corpus that the person leads."""
    run = get_object_or_404(TrainingRun.objects.of(request.user), pk=pk)
    with_role(request, run.release.corpus, LEAD)
    return run


def visible_run_of(request, pk):
    """A run whose results the person may see now. Raises Http404, and Withheld while they annotate
    dialogues of its release blind.
    """
    run = run_of(request, pk)
    run.release.guard_blind(request.user)
    return run


def experiment_of(request, pk):
    """An experiment of a corpus that the person leads."""
    experiment = get_object_or_404(Experiment.objects.of(request.user), pk=pk)
    with_role(request, experiment.release.corpus, LEAD)
    return experiment


def visible_experiment_of(request, pk):
    """An experiment whose results the person may see now. Raises Http404, and Withheld while they
    annotate dialogues of its release blind.
    """
    experiment = experiment_of(request, pk)
    experiment.release.guard_blind(request.user)
    return experiment


def protocol_of(request, pk):
    """A protocol on releases of corpora that the person leads."""
    protocol = get_object_or_404(Protocol.objects.of(request.user), pk=pk)
    with_role(request, protocol.release.corpus, LEAD)
    return protocol


def visible_protocol_of(request, pk):
    """One whose results the person may see now. Raises Http404, and Withheld while they annotate
    dialogues of its releases blind.
    """
    protocol = protocol_of(request, pk)
    protocol.guard_blind(request.user)
    return protocol


def model_of(request, pk):
    """A model of a corpus that the person leads. Raises Http404, Withheld."""
    model = get_object_or_404(RegisteredModel.objects.of(request.user), pk=pk)
    with_role(request, model.run.release.corpus, LEAD)
    model.run.release.guard_blind(request.user)
    return model


def evaluation_of(request, pk):
    """An evaluation of a run of a corpus that the person leads."""
    evaluation = get_object_or_404(Evaluation.objects.of(request.user), pk=pk)
    with_role(request, evaluation.training_run.release.corpus, LEAD)
    return evaluation
