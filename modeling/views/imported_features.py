"""Features from elsewhere: what a corpus has imported, and imports on their way."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.fragments import live_part
from core.parameters import posted
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of, with_role
from jobs.models import JobStatus
from modeling.feature_import_form import FeatureImportForm
from modeling.models import FeatureImport, ImportedFeatures, LanguageModelJudge
from modeling.run_configuration import MODALITY_NAMES


def imported_features(request, pk):
    """What was imported for releases of a corpus, what waits, and the form for more."""
    corpus = corpus_of(request, pk, LEAD)
    form = FeatureImportForm(
        posted(request), request.FILES or None, corpus=corpus, person=request.user,
        initial={"release": request.GET.get("release")},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            row = form.begin()
        return redirect("feature_import", row.pk)
    rows = list(ImportedFeatures.objects.of(request.user).filter(release__corpus=corpus))
    for row in rows:
        row.run_count = row.runs().count()
    waiting = FeatureImport.objects.of(request.user).filter(release__corpus=corpus)
    asked = LanguageModelJudge.objects.of(request.user).filter(release__corpus=corpus)
    page = context(
        corpus, "runs", form=form, rows=rows, waiting=waiting.exclude(status=JobStatus.DONE),
        judges=asked.exclude(status=JobStatus.DONE), ready=corpus.releases.usable().exists(),
    )  # fmt: skip
    return render(request, "modeling/imported_features.html", page)


def feature_import(request, pk):
    """What was read of a file and which utterances it matches, before anything is imported."""
    row = import_of(request, pk)
    tables = [
        {**found, "label": MODALITY_NAMES[found["modality"]]}
        for found in row.report.get("tables", [])
    ]
    page = context(
        row.release.corpus,
        "runs",
        row=row,
        file_names=", ".join(file["name"] for file in row.files),
        tables=tables,
        of=row.report.get("utterances"),
        progress_url=reverse("feature_import_progress", args=[row.pk]),
    )
    return render(request, "modeling/feature_import.html", page)


def progress(request, pk):
    row = import_of(request, pk)
    url = reverse("feature_import_progress", args=[row.pk])
    values = {"job": row, "name": "feature-import", "url": url}
    return live_part(request, "_progress.html", row.active, values)


@require_POST
def confirm(request, pk):
    """Import what was shown."""
    row = import_of(request, pk)
    rows = row.confirm(request.user)
    if rows:
        words = _("Imported: %(names)s") % {"names": ", ".join(each.name for each in rows)}
        messages.success(request, words)
    return redirect("imported_features", row.corpus_id)


@require_POST
def discard(request, pk):
    """Forget what was uploaded."""
    row = import_of(request, pk)
    if not row.discard(request.user):
        return redirect("feature_import", pk)
    return redirect("imported_features", row.release.corpus_id)


@require_POST
def remove(request, pk):
    """Remove imported features with their files."""
    row = get_object_or_404(ImportedFeatures.objects.of(request.user), pk=pk)
    with_role(request, row.release.corpus, LEAD)
    corpus, name = row.corpus_id, row.name
    try:
        row.remove_by(request.user)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    else:
        messages.success(request, _("Features removed: %(name)s") % {"name": name})
    return redirect("imported_features", corpus)


def import_of(request, pk):
    """An import for a release of a corpus that the person leads."""
    row = get_object_or_404(FeatureImport.objects.of(request.user), pk=pk)
    with_role(request, row.release.corpus, LEAD)
    return row
