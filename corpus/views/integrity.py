"""The integrity check of a corpus: what is wrong, clips beside their sources, cutting again."""

from collections import Counter
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.fragments import live_part
from core.pagination import page_of
from corpus.clip_faults import clips_to_recut
from corpus.integrity import KINDS, check
from corpus.models import ClipRecut, IntegrityCheck
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from corpus.visibility import MODALITIES, notice, withheld

JOBS: dict[str, Any] = {"check": IntegrityCheck, "recut": ClipRecut}


def integrity(request, pk):
    """Every fault of the corpus, kind by kind, each with a link to its place; without dialogues
    of which something is withheld from the person now.
    """
    corpus = corpus_of(request, pk, LEAD)
    kind = request.GET.get("kind", "")
    hidden = withheld(request.user, *MODALITIES).filter(corpus=corpus)
    left_out = set(hidden.values_list("pk", flat=True))
    faults = list(check(corpus, without=left_out))
    counts = Counter(fault.kind for fault in faults)
    kinds = [(key, gettext_lazy(words), counts[key]) for key, words in KINDS.items()]
    rows = [
        (fault, gettext_lazy(KINDS[fault.kind])) for fault in faults if kind in ("", fault.kind)
    ]
    jobs = {name: model.objects.filter(corpus=corpus).first() for name, model in JOBS.items()}
    busy = any(job and job.active for job in jobs.values())
    repairable, stuck = ([], []) if busy else clips_to_recut(corpus)
    page = context(
        corpus,
        "corpus",
        kinds=[row for row in kinds if row[2]],
        kind=kind,
        notice=notice(request.user, hidden, MODALITIES) if left_out else "",
        left_out=len(left_out),
        count=len(faults),
        unverified=counts["unverified"],
        page=page_of(request, rows, 100),
        clips=corpus.dialogues.exclude(clip="").count(),
        repairable=len(repairable),
        stuck=len(stuck),
        busy=busy,
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
    """Have a worker compare every clip with its source."""
    corpus = corpus_of(request, pk, LEAD)
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
