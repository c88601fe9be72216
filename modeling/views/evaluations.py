"""Evaluations of a run on the held-out test set, and their results as files."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.fragments import live_part
from core.translation import translate_error
from modeling.learner.evaluation_tables import latex_table
from modeling.models import Evaluation
from modeling.permissions import evaluation_of, visible_run_of
from modeling.run_summary import results_by_seed
from people.models import Event


@require_POST
def evaluate_run(request, pk):
    run = visible_run_of(request, pk)
    try:
        with transaction.atomic():
            Evaluation.request(request.user, run).later()
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    return redirect(f"{run.page_url}?tab=results")


def evaluation_progress(request, pk):
    evaluation = evaluation_of(request, pk)
    values = {"going": evaluation}
    return live_part(request, "modeling/_evaluation.html", evaluation.active, values)


def evaluation_json(request, pk):
    """The last evaluation on the test set, as the learner wrote it."""
    evaluation = _evaluation_of(request, pk)
    response = JsonResponse(
        evaluation.result, json_dumps_params={"ensure_ascii": False, "indent": 1}
    )
    return as_attachment(request, evaluation, response, f"evaluation-{pk}.json")


def evaluation_tex(request, pk):
    """The last evaluation as a table for LaTeX; of all seeds where there are more."""
    evaluation = _evaluation_of(request, pk)
    results = list(results_by_seed(evaluation.training_run, "held_out").values()) or [
        evaluation.result
    ]
    response = HttpResponse(latex_table(results), content_type="application/x-tex")
    return as_attachment(request, evaluation, response, f"evaluation-{pk}.tex")


def _evaluation_of(request, pk):
    evaluation = visible_run_of(request, pk).evaluation
    if evaluation is None:
        raise Http404
    return evaluation


def as_attachment(request, thing, response, name):
    """The response as a file of `thing` to be saved; the audit log has who took it."""
    Event.record_once(request.user, "download", thing, what=name)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
