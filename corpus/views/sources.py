"""Sources: adding, watching, publishing, and what an import found."""

import json
import shutil
from functools import partial
from pathlib import PurePath
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.csv_export import csv_lines
from core.errors import UserError
from core.fragments import live_part
from core.pagination import page_of
from core.parameters import number, posted
from core.translation import translate_error
from corpus.dialogue_boundaries import join_with_next, split_at
from corpus.forms import ROLE_LABELS, PartingForm, SourceForm
from corpus.import_plan import resegment
from corpus.import_report import chosen_track, track_label, unusable_reason
from corpus.models import ImportProblem, Source
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of, dialogue_of, source_of
from corpus.publication_undo import say_published
from corpus.source_preview import check_of, obstacle_of, reading_of
from corpus.visibility import WORDS, guard, withheld
from people.models import Event

SHOWN_PARTS = 12  # dialogues that a preview writes out
SHOWN_NAMES = 60  # names before colons, of which each can be ticked
CONFIRMED = ("encoding", "gap", "scene", *ROLE_LABELS)  # what an address of the preview may say


def new_source(request, pk):
    """Bring in one episode, as a draft."""
    corpus = corpus_of(request, pk, LEAD)
    form = SourceForm(posted(request), request.FILES or None, corpus=corpus)
    wants_json = (
        request.method == "POST"
        and request.accepts("application/json")
        and (not request.accepts("text/html"))
    )  # the element that brings in many files
    if request.method == "POST" and form.is_valid():
        source = form.bring_in(request.user)
        twin = corpus.sources.filter(sha256=source.sha256).exclude(pk=source.pk).first()
        if twin and not wants_json:
            same = _("This file was already uploaded as “%(title)s”.")
            messages.warning(request, same % {"title": twin.title})
        if wants_json:
            return JsonResponse({"url": reverse("source", args=[source.pk])}, status=201)
        return redirect("source", source.pk)
    if wants_json and form.errors:
        why = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return JsonResponse({"why": why}, status=422)
    return render(request, "corpus/new_source.html", context(corpus, "corpus", form=form))


def source(request, pk):
    source = source_of(request, pk)
    if source.status == Source.Status.DRAFT:
        return redirect("preview", source.pk)
    rows = source.dialogues.select_related("publication").prefetch_related("utterances")
    page = context(
        source.corpus,
        "corpus",
        source=source,
        page=page_of(request, rows, 25),
        wordless=set(_withheld_words(request, source).values_list("pk", flat=True)),
        drafts=source.dialogues.filter(publication=None).count(),
        findings=source.import_problems.count(),
        sound_track=_taken_track(source),
        progress_url=reverse("source_progress", args=[source.pk]),
    )
    return render(request, "corpus/source.html", page)


def _withheld_words(request, source):
    """The dialogues of the source whose words are withheld from the person now."""
    return withheld(request.user, WORDS).filter(source=source)


def _taken_track(source):
    """Which sound is cut, where the media hold several."""
    probe = source.probed if source.probe else None
    if probe is None or len(probe.audio) < 2:
        return ""
    track = chosen_track(probe, source.track)
    return track_label(track) if track else ""


def preview(request, pk):
    """How the transcript would be read and parted; nothing is written before it is confirmed."""
    source = source_of(request, pk)
    if source.status != Source.Status.DRAFT:
        return redirect("source", source.pk)
    if request.htmx:  # asks again and again whether the media were looked at
        response = HttpResponse(status=204)
        if source.inspection is not None:
            response["HX-Refresh"] = "true"
        return response
    if request.method == "POST":
        draft = reading_of(source, request.POST)
        if not draft.error and draft.form.is_valid():
            source.save_draft_options(**draft.decisions)
            return redirect("preview", source.pk)
    else:
        draft = reading_of(source, request.GET)
    form, reading, error = draft.form, draft.reading, draft.error
    media, check = _media_of(source), None
    measured = "media" in media and source.is_measured
    if not error and measured and (reading or not source.transcript):
        check, error = check_of(source, form, reading)
    page = context(
        source.corpus,
        "corpus",
        source=source,
        form=form,
        options=draft.options,
        kept=json.dumps(draft.options.to_json(), ensure_ascii=False),
        reading=reading,
        error=error,
        check=check,
        problems=check.problems if check else reading.problems if reading else [],
        cue_count=len(check.cues) if check else 0,
        speakers=check.speakers if check else [],
        candidates=reading.speakers[:SHOWN_NAMES] if reading else [],
        more_candidates=max(len(reading.speakers) - SHOWN_NAMES, 0) if reading else 0,
        **media,
        **_parts_of(source, check),
        **_neighbours(source),
    )
    return render(request, "corpus/preview.html", page)


def _neighbours(source):
    """The drafts before and after this one, to check one after the other."""
    drafts = source.corpus.sources.filter(status=Source.Status.DRAFT).order_by("pk")
    return {
        "previous_draft": drafts.filter(pk__lt=source.pk).last(),
        "next_draft": drafts.filter(pk__gt=source.pk).first(),
    }


def _media_of(source):
    """The streams of the media that a person may choose from, and how long the media are."""
    try:
        probe = source.probed
    except UserError as error:
        return {"media_error": translate_error(error)}
    if not source.media:
        return {"media": None, "tracks": [], "subtitles": []}
    return {
        "media": probe,
        "tracks": [(track, track_label(track)) for track in probe.audio],
        "track": chosen_track(probe, source.track),
        "subtitles": [
            (track, track_label(track), unusable_reason(track)) for track in probe.subtitles
        ],
        "uploaded": PurePath(
            source.transcript.name
            if source.uploaded_transcript is None
            else source.uploaded_transcript
        ).name,
    }


def _parts_of(source, check):
    """The dialogues of a check and the room that they need."""
    if check is None:
        return {"parts": [], "part_count": 0}
    return {
        "parts": check.parts[:SHOWN_PARTS],
        "part_count": len(check.parts),
        "more": max(len(check.parts) - SHOWN_PARTS, 0),
        "needed": check.needed,
        "free": shutil.disk_usage(settings.DATA_DIR).free,
        "scenes": len((source.inspection or {}).get("shots", [])),
    }


@require_POST
def track(request, pk):
    """Take another sound track of an upload."""
    source = source_of(request, pk)
    stream = number(request.POST.get("stream"), None)
    try:
        if stream in [track.index for track in source.probed.audio]:
            source.choose_track(request.user, stream)
    except UserError as error:
        messages.error(request, translate_error(error))
    return redirect("preview", source.pk)


@require_POST
def subtitles(request, pk):
    """Take the words of an upload from subtitles inside it, or from what came with it."""
    source = source_of(request, pk)
    stream = number(request.POST.get("stream"), None)
    try:
        usable = [track.index for track in source.probed.subtitles if track.text]
        if stream is None or stream in usable:
            source.choose_subtitles(request.user, stream)
    except UserError as error:
        messages.error(request, translate_error(error))
    return redirect("preview", source.pk)


def segmentation(request, pk):
    """Part an episode that is cut already anew; what was corrected stays."""
    source = source_of(request, pk)
    if source.status != Source.Status.DONE or source.kind != Source.Kind.EPISODE:
        return redirect("source", source.pk)
    guard(request.user, source.dialogues.all())
    asked = request.POST if request.method == "POST" else request.GET
    form = PartingForm({"gap": source.gap, "scene": source.scene} | asked.dict())
    error = None
    if request.method == "POST" and form.is_valid():
        try:
            resegment(source, request.user, form.cleaned_data["gap"], form.cleaned_data["scene"])
            return redirect("source", source.pk)
        except UserError as refusal:
            error = translate_error(refusal)
    check = None
    if not error:
        check, error = check_of(source, form)
    page = context(
        source.corpus,
        "corpus",
        source=source,
        form=form,
        error=error,
        **_parts_of(source, check),
    )
    return render(request, "corpus/segmentation.html", page)


@require_POST
def split_dialogue(request, pk):
    """Let a new dialogue start at one of the utterances of this one."""
    dialogue = dialogue_of(request, pk, LEAD)
    guard(request.user, dialogue)
    utterance = get_object_or_404(dialogue.utterances, uid=request.POST.get("uid", ""))
    return _moved(request, dialogue, partial(split_at, request.user, dialogue, utterance))


@require_POST
def join_dialogue(request, pk):
    """Join the dialogue with the one after it."""
    dialogue = dialogue_of(request, pk, LEAD)
    guard(request.user, dialogue)
    return _moved(request, dialogue, partial(join_with_next, request.user, dialogue))


def _moved(request, dialogue, move):
    """What the page shows once a boundary was to be moved."""
    try:
        move()
    except UserError as error:
        messages.error(request, translate_error(error))
        return redirect("editor", dialogue.pk)
    return redirect("source", dialogue.source_id)


@require_POST
def confirmation(request, pk):
    source = source_of(request, pk)
    draft = reading_of(source, request.POST)
    if obstacle_of(source, draft):
        simple = {name: request.POST[name] for name in CONFIRMED if name in request.POST}
        return redirect(f"{reverse('preview', args=[source.pk])}?{urlencode(simple)}")
    source.confirm(request.user, **draft.decisions)
    return redirect("source", source.pk)


@require_POST
def removal(request, pk):
    """Throw a draft away, with its upload; nothing was made from it yet."""
    source = source_of(request, pk)
    if source.status == Source.Status.DRAFT:
        source.discard(request.user)
        return redirect("corpus", source.corpus_id)
    return redirect("source", source.pk)


def progress(request, pk):
    source = source_of(request, pk)
    url = reverse("source_progress", args=[source.pk])
    return live_part(
        request, "_progress.html", source.active, {"job": source, "name": "source", "url": url}
    )


@require_POST
def stop(request, pk):
    source = source_of(request, pk)
    source.stop_by(request.user)
    return redirect("source", source.pk)


@require_POST
def attempt(request, pk):
    source = source_of(request, pk)
    source.retry_by(request.user)
    return redirect("source", source.pk)


@require_POST
def publication(request, pk):
    source = source_of(request, pk)
    say_published(request, source.publish(request.user))
    return redirect("source", source.pk)


def import_problems(request, pk):
    """What was repaired or left out; the values are words of the transcript."""
    source = source_of(request, pk)
    guard(request.user, source.dialogues.all(), WORDS)
    rows = source.import_problems.all()
    outcome = request.GET.get("outcome", "")
    if outcome:
        rows = rows.filter(outcome=outcome)
    if request.GET.get("cells"):
        rows = rows.exclude(column="")
    page = context(
        source.corpus,
        "corpus",
        source=source,
        page=page_of(request, rows, 100),
        outcome=outcome,
        outcomes=ImportProblem.Outcome.choices,
    )
    return render(request, "corpus/import_problems.html", page)


def import_problems_csv(request, pk):
    """Every finding as CSV, streamed."""
    source = source_of(request, pk)
    guard(request.user, source.dialogues.all(), WORDS)
    header = ["file", "line", "column", "value", "outcome", "reason"]
    rows = (
        [source.title, f.line, f.column, f.value, f.outcome, f.why]
        for f in source.import_problems.iterator()
    )
    Event.record_once(request.user, "download", source, what="import-report.csv")
    lines = csv_lines(header, rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="problems-{source.pk}.csv"'
    return response
