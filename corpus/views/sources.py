"""Sources: adding, watching, publishing, and what an import found."""

import csv
from pathlib import Path
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from corpus import media
from corpus.complaints import Complaint
from corpus.encoding import ENCODINGS, detect
from corpus.forms import ReadingForm, SourceForm
from corpus.ingest import digest
from corpus.jobs import sentence
from corpus.models import Source
from corpus.scope import LEAD, context, corpus_of, live_part, page_of, with_role
from corpus.segmentation import dialogues
from corpus.transcripts.table import guess
from people.models import Event

SHOWN_PARTS = 12  # dialogues that a preview writes out


def new_source(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    form = SourceForm(request.POST or None, request.FILES or None, corpus=corpus)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.instance.added_by = request.user
            form.instance.status = Source.Status.DRAFT
            source = form.save()
            source.sha256 = digest(Path(source.media.path))
            source.save(update_fields=["sha256"])
            Event.record(request.user, "ingest", source, title=source.title)
            twin = corpus.sources.filter(sha256=source.sha256).exclude(pk=source.pk).first()
            if twin:
                same = _("The very same file is here already as “%(title)s”.")
                messages.warning(request, same % {"title": twin.title})
            if not source.transcript:
                source.confirm(request.user, "", source.gap, {})
        return redirect("source", source.pk)
    return render(request, "corpus/new_source.html", context(corpus, "corpus", form=form))


def _source_of(request, pk):
    source = get_object_or_404(Source.objects.of(request.user).select_related("corpus"), pk=pk)
    with_role(request, source.corpus, LEAD)
    return source


def source(request, pk):
    source = _source_of(request, pk)
    if source.status == Source.Status.DRAFT:
        return redirect("preview", source.pk)
    rows = source.dialogues.select_related("publication").prefetch_related("utterances")
    page = context(
        source.corpus,
        "corpus",
        source=source,
        page=page_of(request, rows, 25),
        drafts=source.dialogues.filter(publication=None).count(),
        findings=source.findings.count(),
        progress_url=reverse("source_progress", args=[source.pk]),
    )
    return render(request, "corpus/source.html", page)


def preview(request, pk):
    """How the transcript would be read and parted; nothing is written before it is confirmed."""
    source = _source_of(request, pk)
    if source.status != Source.Status.DRAFT:
        return redirect("source", source.pk)
    form, reading, complaint = _reading_of(source, request.GET)
    parts = dialogues(reading.cues, form.cleaned_data["gap"]) if reading else []
    page = context(
        source.corpus,
        "corpus",
        source=source,
        form=form,
        reading=reading,
        complaint=complaint,
        parts=parts[:SHOWN_PARTS],
        more=max(len(parts) - SHOWN_PARTS, 0),
        part_count=len(parts),
        speakers=sorted({cue.speaker for cue in reading.cues if cue.speaker}) if reading else [],
    )
    return render(request, "corpus/preview.html", page)


def _reading_of(source, data):
    """The form as filled in or as guessed, with what follows from it: a reading or a complaint."""
    complaint, header, found, asked = None, [], "", data.get("encoding", "")
    try:
        media.probe(Path(source.media.path))
        with source.transcript.open("rb") as file:
            content = file.read()
        found = "" if source.transcript.name.lower().endswith(".xlsx") else detect(content)
        header = source.header(asked if asked in (found, *ENCODINGS) else found)
    except Complaint as error:
        complaint = sentence(error)
    guessed = guess(header) | source.remembered_columns(header) if header else {}
    filled = {"encoding": found, "gap": source.gap} | guessed | data.dict()
    form = ReadingForm(filled, header=header, found=found)
    reading = None
    if form.is_valid() and not complaint:
        try:
            chosen = form.cleaned_data.get("encoding", "")
            reading = source.read_transcript(chosen, form.columns)
        except Complaint as error:
            complaint = sentence(error)
    return form, reading, complaint


@require_POST
def confirmation(request, pk):
    source = _source_of(request, pk)
    form, reading, _complaint = _reading_of(source, request.POST)
    if reading is None:
        values = {key: request.POST[key] for key in form.fields if key in request.POST}
        return redirect(f"{reverse('preview', args=[source.pk])}?{urlencode(values)}")
    source.confirm(request.user, reading.encoding, form.cleaned_data["gap"], form.columns)
    return redirect("source", source.pk)


@require_POST
def removal(request, pk):
    """Throw a draft away, with its upload; nothing was made from it yet."""
    source = _source_of(request, pk)
    if source.status == Source.Status.DRAFT:
        source.discard(request.user)
        return redirect("corpus", source.corpus_id)
    return redirect("source", source.pk)


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
