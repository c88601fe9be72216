"""Uploads that wait to be checked: the list of a corpus, and confirming what has no problems."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.errors import UserError, ValidationError
from core.input_checks import read_json
from core.pagination import page_of
from core.translation import translate_error
from corpus.file_pairs import pair_names
from corpus.models import Source
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from corpus.source_preview import check_of, reading_of

PAGE_SIZE = 20
MOST_FILES = 2000  # that are paired at once
LONGEST_PATH = 1000


@dataclass(frozen=True)
class Draft:
    """A draft with what checking it as it is would find."""

    source: Source
    decisions: dict | None  # what confirming it as it is takes; None while it cannot be
    dialogues: int = 0
    problems: int = 0
    error: str | None = None
    waits: bool = False  # for a worker that is still looking into it

    @property
    def is_sound(self):
        """Whether it can be confirmed without anybody looking at it."""
        return self.decisions is not None and not self.problems and self.dialogues > 0


def draft_of(source):
    """A source with what its check finds, read as it was decided or recognised."""
    reading = reading_of(source, QueryDict())
    waits = source.inspection is None or not source.is_inspected
    if waits or reading.error or not reading.form.is_valid():
        return Draft(source, None, error=None if waits else reading.error, waits=waits)
    try:
        check, error = check_of(source, reading.form, reading.reading)
    except UserError as unreadable:  # of the media
        check, error = None, translate_error(unreadable)
    if check is None:
        return Draft(source, None, error=error)
    failure = source.inspection_failure or None
    decisions = None if failure else reading.decisions
    return Draft(source, decisions, len(check.parts), len(check.problems), failure)


def drafts(request, pk):
    """The drafts of a corpus."""
    corpus = corpus_of(request, pk, LEAD)
    page = page_of(request, _drafts(corpus), PAGE_SIZE)
    rows = [draft_of(source) for source in page.object_list]
    if request.htmx and not any(row.waits for row in rows):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    values = context(corpus, "corpus", page=page, drafts=rows, waits=any(row.waits for row in rows))
    part = "corpus/_drafts.html" if request.htmx else "corpus/drafts.html"
    return render(request, part, values)


def _drafts(corpus):
    return corpus.sources.filter(status=Source.Status.DRAFT).select_related("corpus").order_by("pk")


@require_POST
def confirmations(request, pk):
    """Confirm every draft that has no problem; the others stay to be looked at."""
    corpus = corpus_of(request, pk, LEAD)
    confirmed = left = 0
    for source in _drafts(corpus):
        draft = draft_of(source)
        if draft.is_sound:
            source.confirm(request.user, **draft.decisions)
            confirmed += 1
        else:
            left += 1
    message = ngettext("%(count)d import confirmed.", "%(count)d imports confirmed.", confirmed)
    messages.success(request, message % {"count": confirmed})
    if left:
        message = ngettext("%(count)d import needs a look.", "%(count)d imports need a look.", left)
        messages.warning(request, message % {"count": left})
        return redirect("drafts", corpus.pk)
    return redirect("corpus", corpus.pk)


@require_POST
def file_pairs(request, pk):
    """Which of many files belong together, by their names: {"names": ["show/E01.mp4", …]}."""
    corpus_of(request, pk, LEAD)
    try:
        asked = read_json(request.body)
    except ValidationError as error:
        return JsonResponse({"why": translate_error(error)}, status=400)
    names = asked.get("names") if isinstance(asked, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return JsonResponse({"why": _("The names of the files are missing.")}, status=400)
    if len(names) > MOST_FILES or any(len(name) > LONGEST_PATH for name in names):
        why = _("At most %(most)d files can be brought in at once.") % {"most": MOST_FILES}
        return JsonResponse({"why": why}, status=400)
    found = pair_names(names)
    pairs = [
        {"media": row.media, "transcript": row.transcript, "title": row.title}
        for row in found.pairs
    ]
    return JsonResponse(
        {"pairs": pairs, "alternatives": found.alternatives, "unusable": found.unusable}
    )
