"""Releases: the list, freezing one, its page, its download."""

import json

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from annotation.scheme import Scheme
from corpus.jobs import Refused, sentence
from corpus.scope import LEAD, context, corpus_of, live_part, with_role
from releases.forms import ReleaseForm
from releases.models import Release


def releases(request, pk):
    corpus = corpus_of(request, pk)
    rows = corpus.releases.select_related("created_by").prefetch_related("rounds")
    if corpus.my_role != LEAD:
        rows = rows.frozen()
    page = context(corpus, "releases", releases=rows, ready=corpus.rounds.exists())
    return render(request, "releases/releases.html", page)


def new_release(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    initial = {"version": _next_version(corpus), "rounds": _asked_rounds(request, corpus)}
    form = ReleaseForm(request.POST or None, corpus=corpus, initial=initial)
    if request.method == "POST" and form.is_valid():
        fields = dict(form.cleaned_data)
        version, rounds = fields.pop("version"), list(fields.pop("rounds"))
        try:
            with transaction.atomic():
                release = Release.request(request.user, corpus, version, rounds, **fields)
                release.later()
        except Refused as refusal:
            form.add_error(None, sentence(refusal))
        else:
            return redirect("release", release.pk)
    return render(request, "releases/new_release.html", context(corpus, "releases", form=form))


def _asked_rounds(request, corpus):
    asked = request.GET.get("round", "")
    return list(corpus.rounds.filter(pk=asked)) if asked.isdigit() else []


def _next_version(corpus):
    """One minor step above the highest version; 1.0.0 after none or after a 0.x."""
    versions = [
        tuple(map(int, v.split("."))) for v in corpus.releases.values_list("version", flat=True)
    ]
    if not versions or max(versions) < (1, 0, 0):
        return "1.0.0"
    major, minor, _patch = max(versions)
    return f"{major}.{minor + 1}.0"


def _release_of(request, pk, *roles):
    release = get_object_or_404(Release.objects.of(request.user), pk=pk)
    corpus = with_role(request, release.corpus, *roles)
    if corpus.my_role != LEAD and release.status != Release.Status.DONE:
        raise Http404
    return release


def release(request, pk):
    release = _release_of(request, pk)
    page = context(
        release.corpus,
        "releases",
        release=release,
        progress_url=reverse("release_progress", args=[release.pk]),
        agreement=_agreement(release) if release.status == Release.Status.DONE else [],
        runs=release.runs.all() if release.corpus.my_role == LEAD else [],
    )
    return render(request, "releases/release.html", page)


def _agreement(release):
    """The frozen coefficients, with the names of the scheme as it was frozen."""
    path = release.directory / "agreement.json"
    if not path.exists():
        return []
    scheme = Scheme.from_json(json.loads((release.directory / "scheme.json").read_text())["tasks"])
    rows = json.loads(path.read_text("utf-8"))["tasks"]
    return [{**row, "task": scheme[row["task"]]} for row in rows]


def progress(request, pk):
    release = _release_of(request, pk, LEAD)
    url = reverse("release_progress", args=[release.pk])
    return live_part(
        request, "_progress.html", release, {"job": release, "name": "release", "url": url}
    )


@require_POST
def attempt(request, pk):
    release = _release_of(request, pk, LEAD)
    release.retry_by(request.user)
    return redirect("release", release.pk)


@require_POST
def verification(request, pk):
    """Check the files on disk against what was frozen, and say what was found."""
    release = _release_of(request, pk)
    faults = release.verify()
    if faults:
        messages.error(request, " · ".join(faults[:5]))
    else:
        messages.success(request, _("Every file is as it was frozen."))
    return redirect("release", release.pk)


def archive(request, pk):
    release = _release_of(request, pk)
    if release.status != Release.Status.DONE or not release.archive.exists():
        raise Http404
    name = f"{release.corpus.name}-{release.version}.zip"
    return FileResponse(release.archive.open("rb"), as_attachment=True, filename=name)
