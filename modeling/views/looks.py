"""Looks at the sealed split of a run, and what they gave."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.fragments import live_part
from core.translation import translate_error
from corpus.permissions import LEAD, with_role
from modeling.learner.tables import latex
from modeling.models import Evaluation
from modeling.views.runs import known_run_of, same_but_seed


@require_POST
def look(request, pk):
    run = known_run_of(request, pk)
    try:
        with transaction.atomic():
            Evaluation.request(request.user, run).later()
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    return redirect("run", run.pk)


def look_progress(request, pk):
    going = get_object_or_404(Evaluation.objects.of(request.user), pk=pk)
    with_role(request, going.run.release.corpus, LEAD)
    return live_part(request, "modeling/_look.html", going.active, {"going": going})


def evaluation_json(request, pk):
    """The last look at the sealed split, as the learner wrote it."""
    look = _look_of(request, pk)
    response = JsonResponse(look.result, json_dumps_params={"ensure_ascii": False, "indent": 1})
    return attached(response, f"evaluation-{pk}.json")


def evaluation_tex(request, pk):
    """The last look at the sealed split as a table for LaTeX; of all seeds where there are more."""
    look = _look_of(request, pk)
    others = list(same_but_seed(look.run).values())
    response = HttpResponse(latex(others or [look.result]), content_type="application/x-tex")
    return attached(response, f"evaluation-{pk}.tex")


def _look_of(request, pk):
    look = known_run_of(request, pk).evaluation
    if look is None:
        raise Http404
    return look


def attached(response, name):
    """The response as a file to keep."""
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
