"""The files of a source: downloaded, replaced, deleted with the source; clips as downloads."""

import mimetypes
from pathlib import PurePath
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.byte_ranges import is_first_part, stored_response
from core.errors import UserError
from core.parameters import posted, text
from core.translation import translate_error
from corpus import deletion
from corpus.forms import ReplacementForm
from corpus.models import Dialogue
from corpus.page_context import context
from corpus.permissions import downloadable_dialogue, source_of
from corpus.visibility import WORDS, guard

SAFE = ("video/", "audio/")  # types that a browser may take for what they are


def source_file(request, pk, name):
    """The media or the transcript as they were uploaded, for leads who do not annotate them."""
    source = source_of(request, pk)
    if name not in ("media", "transcript"):
        raise Http404
    guard(request.user, source.dialogues.all(), *([WORDS] if name == "transcript" else []))
    stored = source.media.name if name == "media" else source.transcript.name
    if name == "transcript" and source.uploaded_transcript is not None:
        stored = source.uploaded_transcript
    if not stored:
        raise Http404
    if is_first_part(request):
        request.user.record("download", source, title=source.title, file=name)
    return _attachment(request, stored, PurePath(stored).name)


def download_clip(request, pk):
    """The clip of a dialogue as a file, for leads or, as the corpus says, all who may watch it."""
    dialogue = downloadable_dialogue(request, pk)
    guard(request.user, dialogue)
    if not dialogue.clip:
        raise Http404
    if is_first_part(request):
        request.user.record("download", dialogue, file="clip")
    return _attachment(request, dialogue.clip.name, f"{dialogue.uid}.mp4")


def _attachment(request, stored, name):
    kind = mimetypes.guess_type(name)[0] or ""
    kind = kind if kind.startswith(SAFE) else "application/octet-stream"
    response = stored_response(request, stored, kind)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


def delete_source(request, pk):
    """What is lost with a source; its title is typed where judgements are."""
    source = source_of(request, pk)
    error = ""
    if request.method == "POST":
        try:
            deletion.delete_source(request.user, source, text(request.POST, "title"))
        except UserError as refusal:
            error = translate_error(refusal)
        else:
            messages.success(request, _("“%(title)s” was deleted.") % {"title": source.title})
            return redirect("corpus", source.corpus_id)
    lost = deletion.lost_with(source)
    page = context(
        source.corpus,
        "corpus",
        source=source,
        lost=deletion.named(lost),
        judged=deletion.JUDGEMENTS in lost,
        published=Dialogue.objects.published().filter(source=source).count(),
        error=error or _why_kept(source),
        kept=bool(_why_kept(source)),
    )
    return render(request, "corpus/source_deletion.html", page, status=422 if error else 200)


def _why_kept(source):
    """Why the source has to stay now, "" if it need not."""
    try:
        deletion.guard_source(source)
    except UserError as refusal:
        return translate_error(refusal)
    return ""


def replace_source(request, pk):
    """Other media or another transcript for a source that nobody has judged yet."""
    source = source_of(request, pk)
    lost = deletion.lost_with(source)
    form = ReplacementForm(posted(request), request.FILES or None, corpus=source.corpus)
    if request.method == "POST" and form.is_valid():
        try:
            form.replace(request.user, source)
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
        else:
            return redirect("preview", source.pk)
    page = context(
        source.corpus,
        "corpus",
        source=source,
        form=form,
        lost=deletion.named(lost),
        why=_why_kept(source),
        judged=deletion.JUDGEMENTS in lost,
    )
    return render(request, "corpus/source_replacement.html", page)
