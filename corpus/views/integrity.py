"""The integrity check of a corpus: what is wrong, clips beside their sources, cutting again."""

from collections import Counter
from typing import Any

from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.fragments import live_part
from core.pagination import page_of
from corpus.clip_faults import clips_to_recut
from corpus.integrity import KINDS
from corpus.integrity_access import shown_issues, shown_reasons
from corpus.models import ClipRecut, IntegrityCheck, IntegrityReport
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from corpus.visibility import MODALITIES, notice

JOBS: dict[str, Any] = {"check": IntegrityCheck, "recut": ClipRecut, "report": IntegrityReport}
CLIP_JOBS = ("check", "recut")


def integrity(request, pk):
    """The issues of the last report, kind by kind, each with a link to its place; without dialogues
    of which something is withheld from the person now. Where the corpus has changed since, a
    worker makes the report anew.
    """
    corpus = corpus_of(request, pk, LEAD)
    report = IntegrityReport.of(corpus)
    kind = request.GET.get("kind", "")
    issues, hidden = shown_issues(request.user, corpus)
    counts = dict(issues.order_by().values_list("kind").annotate(Count("pk")))
    kinds = [(key, gettext_lazy(words), counts.get(key, 0)) for key, words in KINDS.items()]
    shown = page_of(request, issues.filter(kind=kind) if kind else issues, 100)
    jobs = {name: JOBS[name].objects.filter(corpus=corpus).first() for name in CLIP_JOBS}
    busy = any(job and job.active for job in jobs.values())
    page = context(
        corpus,
        "corpus",
        report=report,
        report_progress=_progress_of(corpus, "report"),
        kinds=[row for row in kinds if row[2]],
        kind=kind,
        notice=notice(request.user, hidden, MODALITIES) if hidden is not None else "",
        left_out=hidden.count() if hidden is not None else 0,
        count=sum(counts.values()),
        unverified=counts.get("unverified", 0),
        page=shown,
        rows=[(issue, gettext_lazy(KINDS[issue.kind])) for issue in shown],
        clips=corpus.dialogues.exclude(clip="").exists(),
        repairable=0 if busy else report.recuttable_count,
        stuck=0 if busy else report.stuck_count,
        busy=busy,
        skipped=shown_reasons(request.user, jobs["recut"]),
        jobs=[(name, job, _progress_of(corpus, name)) for name, job in jobs.items() if job],
    )
    return render(request, "corpus/integrity.html", page)


def _progress_of(corpus, name):
    return reverse("clip_job_progress", args=[corpus.pk, name])


def _job(corpus, name):
    if name not in JOBS:
        raise Http404
    return get_object_or_404(JOBS[name], corpus=corpus)


def progress(request, pk, name):
    corpus = corpus_of(request, pk, LEAD)
    job = _job(corpus, name)
    values = {"job": job, "name": name, "url": _progress_of(corpus, name)}
    return live_part(request, "_progress.html", job.active, values)


@require_POST
def stop(request, pk, name):
    corpus = corpus_of(request, pk, LEAD)
    _job(corpus, name).stop_by(request.user)
    return redirect("integrity", corpus.pk)


@require_POST
def integrity_check(request, pk):
    """Have a worker compare every clip with its source, or (`only` is `report`) list the issues
    of files and rows alone.
    """
    corpus = corpus_of(request, pk, LEAD)
    if request.POST.get("only") == "report":
        IntegrityReport.request(corpus, by=request.user)
    else:
        IntegrityCheck.request(request.user, corpus)
    return redirect("integrity", corpus.pk)


def clip_recut(request, pk):
    """What cutting the clips again would do; on POST, have a worker do it."""
    corpus = corpus_of(request, pk, LEAD)
    dialogues, impossible = clips_to_recut(corpus)
    if request.method == "POST":
        if dialogues:
            ClipRecut.request(request.user, corpus, dialogues=[row.pk for row in dialogues])
        return redirect("integrity", corpus.pk)
    sources = Counter(dialogue.source for dialogue in dialogues)
    page = context(
        corpus,
        "corpus",
        count=len(dialogues),
        seconds=sum(dialogue.duration for dialogue in dialogues),
        published=sum(dialogue.is_published for dialogue in dialogues),
        sources=sorted(sources.items(), key=lambda row: row[0].title),
        impossible=impossible,
    )
    return render(request, "corpus/clip_recut.html", page)
