"""What a run predicted, offered to annotators."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.translation import translate_error
from modeling.permissions import visible_run_of
from modeling.predictions import predicted_rows
from modeling.run_suggestions import suggest_predictions


@require_POST
def suggest_run(request, pk):
    """Store the predictions of a run for `split`, "validation" or "test", as suggestions."""
    run = visible_run_of(request, pk)
    rows = predicted_rows(run, request.POST.get("split"))
    try:
        stored, absent = suggest_predictions(request.user, run, rows.iterator(chunk_size=500))
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect(run.page_url)
    said = ngettext("%(n)d suggestion was stored.", "%(n)d suggestions were stored.", stored)
    messages.success(request, said % {"n": stored})
    if absent:
        said = ngettext(
            "%(n)d utterance of the release is not in the corpus any more.",
            "%(n)d utterances of the release are not in the corpus any more.",
            absent,
        )
        messages.warning(request, said % {"n": absent})
    return redirect(run.page_url)
