"""Releases: the list, freezing one, its page, its card, what is said against it."""

import json

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Sum
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from annotation.scheme import Scheme
from corpus.jobs import Refused, sentence
from corpus.scope import LEAD, context, corpus_of, live_part, number, posted, text, with_role
from releases.formats import FORMATS
from releases.forms import ReleaseForm, RetractionForm, ShareForm
from releases.models import Release
from releases.open_findings import open_findings
from releases.splits import SPLITS

FORMAT_NAMES = {
    "cmma": "CMMA (CSV)",
    "mmsa": "MMSA (label.csv, pkl)",
    "labelstudio": "Label Studio (JSON)",
    "elan": "ELAN (.eaf)",
    "webdataset": "WebDataset (.tar)",
}
OPEN = (
    ("unchecked", gettext_lazy("rounds not checked for quality, or not since the last hand-in")),
    ("remarks", gettext_lazy("comments and flags of annotators without an answer")),
    ("undecided", gettext_lazy("labels without a decision")),
    ("reading", gettext_lazy("cells and rows of the files, left out or doubtful")),
)


def releases(request, pk):
    corpus = corpus_of(request, pk)
    rows = corpus.releases.select_related("created_by").annotate(taken=Sum("downloads__count"))
    rows = rows.prefetch_related("rounds", "retractions")
    if corpus.my_role != LEAD:
        rows = rows.frozen()
    page = context(
        corpus,
        "releases",
        releases=list(rows),
        ready=corpus.rounds.exists(),
        others=list(others(request.user)),
    )
    return render(request, "releases/releases.html", page)


def others(person, most=200):
    """Frozen releases that a person may see, of all corpora, the newest first."""
    return Release.objects.of(person).frozen().order_by("-pk")[:most]


def new_release(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    form = ReleaseForm(posted(request), corpus=corpus, initial=_proposed(request, corpus))
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
    chosen = form["rounds"].value() or []
    rounds = list(form.fields["rounds"].queryset)
    asked = {number(str(value)) for value in chosen}  # ids, as sent or as prepared
    found = open_findings([round for round in rounds if round.pk in asked] or rounds)
    page = context(corpus, "releases", form=form, open_findings=found)
    return render(request, "releases/new_release.html", page)


def _proposed(request, corpus):
    """What the form starts with: as the last release was made, and one version on."""
    asked = number(request.GET.get("round"))
    found = {"version": _next_version(corpus), "rounds": list(corpus.rounds.filter(pk=asked))}
    last = corpus.releases.frozen().first() or Release()
    for name in ("licence", "media", "speakers", "apart", "shares", "seed"):
        found[name] = getattr(last, name)
    if last.pk:
        found["rounds"] = found["rounds"] or list(last.rounds.all())
    leads = "\n".join(str(membership.person) for membership in corpus.people("lead"))
    found["authors"] = last.authors or leads
    found["description"] = last.description or corpus.description
    return found


def _next_version(corpus):
    """One minor step above the highest version; 1.0.0 after none or after a 0.x."""
    versions = [
        tuple(map(int, v.split("."))) for v in corpus.releases.values_list("version", flat=True)
    ]
    if not versions or max(versions) < (1, 0, 0):
        return "1.0.0"
    major, minor, _patch = max(versions)
    return f"{major}.{minor + 1}.0"


def release_of(request, pk, *roles):
    """A release that the person may see; before it is frozen, leads alone. Raises Http404."""
    release = get_object_or_404(Release.objects.of(request.user), pk=pk)
    corpus = with_role(request, release.corpus, *roles)
    if corpus.my_role != LEAD and not release.is_frozen:
        raise Http404
    return release


def release(request, pk):
    return render(request, "releases/release.html", shown(request, release_of(request, pk)))


def shown(request, release, **more):
    """What the page of a release needs."""
    lead = release.corpus.my_role == LEAD
    frozen = release.is_frozen
    page = context(
        release.corpus,
        "releases",
        release=release,
        retraction=release.retraction,
        withdrawn=release.is_withdrawn,
        progress_url=reverse("release_progress", args=[release.pk]),
        runs=release.runs.all() if lead else [],
        formats=[(key, FORMAT_NAMES[key]) for key in FORMATS],
    )
    if frozen:
        page |= {
            "agreement": _agreement(release),
            "quality": _quality(release),
            "leakage": _read(release, "leakage.json"),
            "spread": _spread(release),
            "split_names": SPLITS,
            "downloads": release.downloads.select_related("share") if lead else [],
            "taken": release.downloads.aggregate(n=Sum("count"))["n"] or 0,
            "others": [other for other in others(request.user) if other.pk != release.pk],
        }
    if frozen and lead:
        page |= {
            "links": release.links.prefetch_related("grants", "downloads"),
            "share_form": ShareForm(),
            "retraction_form": RetractionForm(release=release),
        }
    return page | more


def _read(release, name):
    """One of the JSON files of a release; None of an older layout that has it not."""
    path = release.directory / name
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _agreement(release):
    """The frozen coefficients, with the names of the scheme as it was frozen."""
    found = _read(release, "agreement.json")
    if found is None:
        return []
    scheme = Scheme.from_json(_read(release, "scheme.json")["tasks"])
    return [{**row, "task": scheme[row["task"]]} for row in found["tasks"]]


def _quality(release):
    """The findings as frozen: rounds with how many are open, and what else was open; None of an
    older layout that has no such file.
    """
    found = _read(release, "quality.json")
    if found is None:
        return None
    rounds = [
        (row, sum(not finding["answers"] for finding in row["findings"])) for row in found["rounds"]
    ]
    kinds = found.get("open", {})  # not in releases that were frozen earlier
    return {
        "rounds": rounds,
        "open": [(name, sum(kinds[about].values())) for about, name in OPEN if kinds.get(about)],
    }


def _spread(release):
    """Rows (task, value, shares of the splits) of how values fell into the splits."""
    spread = (_read(release, "splits.json") or {}).get("spread") or {}
    scheme = Scheme.from_json(_read(release, "scheme.json")["tasks"])
    rows = []
    for task in scheme.tasks:
        for value in task.values:
            shares = spread.get(f"{task.key}={value.key}")
            if shares:
                rows.append({"task": task, "value": value, "shares": [shares[s] for s in SPLITS]})
    return rows


def card(request, pk):
    """The dataset card as it was frozen."""
    release = release_of(request, pk)
    path = release.directory / "README.md"
    if not release.is_frozen or not path.exists():
        raise Http404
    text = path.read_text("utf-8").split("\n---\n", 1)[-1]
    page = context(release.corpus, "releases", release=release, text=text)
    return render(request, "releases/card.html", page)


def files(request, pk):
    """Every file of a release with its checksum, to be downloaded one by one."""
    release = release_of(request, pk)
    manifest = _read(release, "manifest.json") if release.is_frozen else None
    if manifest is None:
        raise Http404
    words = text(request.GET, "q")
    rows = [entry for entry in manifest["files"] if words.lower() in entry["path"].lower()]
    page = context(
        release.corpus,
        "releases",
        release=release,
        words=words,
        page=Paginator(rows, 100).get_page(request.GET.get("page")),
    )
    return render(request, "releases/files.html", page)


def progress(request, pk):
    release = release_of(request, pk, LEAD)
    url = reverse("release_progress", args=[release.pk])
    return live_part(
        request, "_progress.html", release, {"job": release, "name": "release", "url": url}
    )


@require_POST
def attempt(request, pk):
    release = release_of(request, pk, LEAD)
    release.retry_by(request.user)
    return redirect("release", release.pk)


@require_POST
def stop(request, pk):
    release = release_of(request, pk, LEAD)
    release.stop_by(request.user)
    return redirect("release", release.pk)


@require_POST
def discard(request, pk):
    """Delete a release that was never frozen."""
    release = release_of(request, pk, LEAD)
    try:
        release.discard(request.user)
    except Refused as refusal:
        messages.error(request, sentence(refusal))
        return redirect("release", pk)
    messages.success(
        request, _("Version %(version)s is free again.") % {"version": release.version}
    )
    return redirect("releases", release.corpus_id)


@require_POST
def retraction(request, pk):
    """Supersede or withdraw a frozen release."""
    release = release_of(request, pk, LEAD)
    form = RetractionForm(request.POST, release=release)
    if form.is_valid():
        try:
            release.retract(request.user, **form.cleaned_data)
        except Refused as refusal:
            messages.error(request, sentence(refusal))
        return redirect("release", pk)
    page = shown(request, release, retraction_form=form)
    return render(request, "releases/release.html", page, status=422)


@require_POST
def verification(request, pk):
    """Check the files on disk against what was frozen, and say what was found."""
    release = release_of(request, pk)
    if not release.is_frozen:
        raise Http404
    faults = release.verify()
    if faults:
        messages.error(request, " · ".join(faults[:5]))
    else:
        messages.success(request, _("Every file is as it was frozen."))
    return redirect("release", release.pk)
