"""Sources: adding, watching, publishing, and what an import found."""

import csv

from django.contrib import messages
from django.db import transaction
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from corpus.forms import SourceForm
from corpus.models import Source
from corpus.scope import LEAD, context, corpus_of, live_part, page_of, with_role
from people.models import Event


def new_source(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    form = SourceForm(request.POST or None, request.FILES or None, corpus=corpus)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.instance.added_by = request.user
            source = form.save()
            Event.record(request.user, "ingest", source, title=source.title)
            source.later()
        return redirect("source", source.pk)
    return render(request, "corpus/new_source.html", context(corpus, "corpus", form=form))


def _source_of(request, pk):
    source = get_object_or_404(Source.objects.of(request.user).select_related("corpus"), pk=pk)
    with_role(request, source.corpus, LEAD)
    return source


def source(request, pk):
    source = _source_of(request, pk)
    dialogues = source.dialogues.select_related("publication").prefetch_related("utterances")
    page = context(
        source.corpus,
        "corpus",
        source=source,
        page=page_of(request, dialogues, 25),
        drafts=source.dialogues.filter(publication=None).count(),
        findings=source.findings.count(),
        progress_url=reverse("source_progress", args=[source.pk]),
    )
    return render(request, "corpus/source.html", page)


def progress(request, pk):
    source = _source_of(request, pk)
    url = reverse("source_progress", args=[source.pk])
    return live_part(
        request, "_progress.html", source, {"job": source, "name": "source", "url": url}
    )


@require_POST
def stop(request, pk):
    source = _source_of(request, pk)
    source.stop_by(request.user)
    return redirect("source", source.pk)


@require_POST
def attempt(request, pk):
    source = _source_of(request, pk)
    source.retry_by(request.user)
    return redirect("source", source.pk)


@require_POST
def publication(request, pk):
    source = _source_of(request, pk)
    count = source.publish(request.user)
    said = ngettext("%(count)d dialogue published.", "%(count)d dialogues published.", count)
    messages.success(request, said % {"count": count})
    return redirect("source", source.pk)


def findings(request, pk):
    source = _source_of(request, pk)
    rows = source.findings.all()
    outcome = request.GET.get("outcome", "")
    if outcome:
        rows = rows.filter(outcome=outcome)
    if request.GET.get("cells"):
        rows = rows.exclude(column="")
    page = context(
        source.corpus, "corpus", source=source, page=page_of(request, rows, 100), outcome=outcome
    )
    return render(request, "corpus/findings.html", page)


class _Echo:
    def write(self, value):
        return value


def findings_csv(request, pk):
    """Every finding as CSV, streamed."""
    source = _source_of(request, pk)
    table = csv.writer(_Echo())
    header = ["file", "line", "column", "value", "outcome", "reason"]

    def lines():
        yield "\ufeff" + table.writerow(header)
        for f in source.findings.iterator():
            yield table.writerow([source.title, f.line, f.column, f.value, f.outcome, f.why])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="findings-{source.pk}.csv"'
    return response
