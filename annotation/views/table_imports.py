"""Imports of published corpora and labelled tables: files, preview, report, undo."""

from itertools import islice

from django.contrib import messages
from django.db import transaction
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from annotation.import_forms import FORMAT_NAMES, FormatForm, ImportForm, TargetForm
from annotation.import_undo import dialogues_of, reasons_against, request_undo
from annotation.models import Round, TableImport
from annotation.table_imports import kept_problems
from core.csv_export import csv_lines
from core.errors import UserError
from core.fragments import live_part
from core.pagination import page_of
from core.parameters import posted
from core.translation import translate, translate_error
from corpus.formats.detection import MAPPED
from corpus.models import ImportProblem
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of, with_role
from corpus.visibility import WORDS, guard

SHOWN_PROBLEMS = 12  # in the preview


def table_imports(request, pk):
    """The imports of a corpus."""
    corpus = corpus_of(request, pk, LEAD)
    page = page_of(request, corpus.table_imports.select_related("person"), 50)
    for row in page:
        row.show_progress()
        row.format_name = FORMAT_NAMES.get(row.format_used, "")
    return render(request, "annotation/table_imports.html", context(corpus, "corpus", page=page))


def new_table_import(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    form = ImportForm(posted(request), request.FILES or None, corpus=corpus, person=request.user)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            row = form.begin()
        return redirect("table_import", row.pk)
    return render(request, "annotation/new_table_import.html", context(corpus, "corpus", form=form))


def import_of(request, pk):
    """An import of a corpus that the person leads."""
    row = get_object_or_404(TableImport.objects.of(request.user), pk=pk)
    with_role(request, row.corpus, LEAD)
    return row


def table_import(request, pk):
    """What was read and would be made, or what was made, and what can be done about it."""
    row = import_of(request, pk).show_progress()
    if row.is_draft and row.format_used == MAPPED and "version" not in row.mapping:
        return redirect("column_mapping", row.pk)
    page = context(
        row.corpus,
        "corpus",
        row=row,
        format_name=FORMAT_NAMES.get(row.format_used, ""),
        progress_url=reverse("table_import_progress", args=[row.pk]),
        is_mapped="version" in row.mapping and row.format_used == MAPPED,
        has_columns=row.format_used == MAPPED and bool(row.report.get("columns")),
        problem_count=sum((row.report.get("outcomes") or {}).values()),
    )
    if row.is_draft:
        page |= _preview(row)
    if row.is_stored and not row.active:
        page |= _stored(row)
    if row.phase == TableImport.Phase.READ and not row.active:
        page["format_form"] = FormatForm(initial={"format": row.format_used})
    return render(request, "annotation/table_import.html", page)


def _preview(row, form=None):
    report = row.report
    reason, conflict = report.get("reason"), report.get("conflict")
    return {
        "counts": report.get("counts", {}),
        "has_splits": any(report.get("splits", {})),
        "reason": translate(reason["template"], reason["values"]) if reason else "",
        "conflict": translate(**conflict) if conflict else "",
        "tasks": [_named(task) for task in report.get("tasks", [])],
        "problems": [problem for _title, problem in islice(kept_problems(row), SHOWN_PROBLEMS)],
        "form": form or TargetForm(instance=row),
    }


def _named(task):
    """A task of the report with names in the reader's language."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    values = [(value["names"][language], value["count"]) for value in task["values"]]
    return {"name": task["names"][language], "values": values}


def _stored(row):
    return {
        "counts": row.report.get("counts", {}),
        "sources": row.sources().order_by("title"),
        "rounds": Round.objects.filter(pk__in=row.created.get("rounds", [])),
        "against": [translate_error(error) for error in reasons_against(row)],
    }


@require_POST
def reading(request, pk):
    """Read the files again, in another format."""
    row = import_of(request, pk)
    form = FormatForm(request.POST)
    if form.is_valid():
        row.read_by(request.user, format=form.cleaned_data["format"])
    return redirect("table_import", row.pk)


@require_POST
def confirmation(request, pk):
    """Import what was shown, with the labels where they are to go."""
    row = import_of(request, pk)
    if not row.is_draft:
        return redirect("table_import", row.pk)
    form = TargetForm(request.POST, instance=row)
    if not form.is_valid():
        page = context(row.corpus, "corpus", row=row, **_preview(row, form))
        page["format_form"] = FormatForm(initial={"format": row.format_used})
        page["format_name"] = FORMAT_NAMES.get(row.format_used, "")
        return render(request, "annotation/table_import.html", page)
    row.confirm(request.user, **form.cleaned_data)
    return redirect("table_import", row.pk)


def progress(request, pk):
    row = import_of(request, pk).show_progress()
    url = reverse("table_import_progress", args=[row.pk])
    values = {"job": row, "name": "table-import", "url": url}
    return live_part(request, "_progress.html", row.active, values)


@require_POST
def stop(request, pk):
    row = import_of(request, pk)
    row.stop_by(request.user)
    return redirect("table_import", row.pk)


@require_POST
def attempt(request, pk):
    row = import_of(request, pk)
    row.retry_by(request.user)
    return redirect("table_import", row.pk)


@require_POST
def removal(request, pk):
    """Forget an import that stored nothing, with its files."""
    row = import_of(request, pk)
    if not row.is_discardable:
        return redirect("table_import", row.pk)
    row.discard(request.user)
    return redirect("table_imports", row.corpus_id)


@require_POST
def undo(request, pk):
    """Remove everything that the import made, unless people have worked on it."""
    row = import_of(request, pk)
    try:
        request_undo(row, request.user)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    return redirect("table_import", row.pk)


def problems(request, pk):
    """What was repaired, left out or is doubtful, by file and line."""
    row = import_of(request, pk)
    guard(request.user, dialogues_of(row), WORDS)
    outcome = request.GET.get("outcome", "")
    found = [each for each in kept_problems(row) if outcome in ("", each[1].outcome)]
    page = context(
        row.corpus,
        "corpus",
        row=row,
        page=page_of(request, found, 100),
        outcome=outcome,
        outcomes=ImportProblem.Outcome.choices,
    )
    return render(request, "annotation/table_import_problems.html", page)


def problems_csv(request, pk):
    """The same as CSV, streamed."""
    row = import_of(request, pk)
    guard(request.user, dialogues_of(row), WORDS)
    rows = (
        [title, p.line, p.column, p.value, p.outcome, translate(p.reason, p.details)]
        for title, p in kept_problems(row)
    )
    lines = csv_lines(["file", "line", "column", "value", "outcome", "reason"], rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{row.pk}-problems.csv"'
    return response
