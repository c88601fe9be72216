"""Releases: the list, freezing one, its page, its card, its retraction."""

import json

from django import forms
from django.contrib import messages
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from annotation.blinding import withheld_rounds
from annotation.scheme import Scheme
from core.data_table import Column, DataTable
from core.errors import UserError, gettext_noop
from core.filter_form import FilterForm
from core.fragments import live_part
from core.parameters import number, posted
from core.translation import translate_error
from corpus.models import IntegrityReport
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from releases.certificate import agreement_rows
from releases.formats import FORMATS
from releases.forms import (
    ErrorsForm,
    ReleaseForm,
    ReleaseSettingsForm,
    RetractionForm,
    ShareForm,
    proposed_release,
)
from releases.integrity import faulty_dialogues, listed_dialogues
from releases.models import Release
from releases.open_findings import open_findings
from releases.permissions import frozen_of, given_of, release_of
from releases.splits import SPLITS
from releases.views import release_charts

MOST_DRAWN = 30  # releases whose frozen figures the list reads
FORMAT_NAMES = {
    "cmma": "CMMA (CSV)",
    "mmsa": "MMSA (label.csv, pkl)",
    "labelstudio": gettext_lazy("Label Studio (JSON)"),
    "elan": "ELAN (.eaf)",
    "webdataset": "WebDataset (.tar)",
}
NOT_RECOUNTED = gettext_noop(
    "This release was made by an earlier version, whose certificate could count answers that were"
    " submitted while the tables were written. Verifying the files compares its units and"
    " judgements."
)
OPEN = (
    ("unchecked", gettext_lazy("rounds not checked for quality since the last submission")),
    ("remarks", gettext_lazy("comments and flags of annotators without an answer")),
    ("undecided", gettext_lazy("labels without a decision")),
    ("reading", gettext_lazy("cells and rows of the files, left out or doubtful")),
)


RELEASES = DataTable(
    "releases",
    [
        Column("version", gettext_lazy("version"), sort="pk", fixed=True, falling=True),
        Column("state", gettext_lazy("state"), sort="status"),
        Column("rounds", gettext_lazy("rounds")),
        Column("dialogues", gettext_lazy("dialogues"), numeric=True),
        Column("size", gettext_lazy("size"), numeric=True),
        Column("downloads", gettext_lazy("downloads"), sort="taken", numeric=True, falling=True),
        Column("digest", gettext_lazy("digest")),
        Column("frozen", gettext_lazy("frozen"), sort="finished_at", falling=True),
    ],
    sort="-version",
)
FILES = DataTable(
    "files",
    [
        Column("path", gettext_lazy("file"), sort="path", fixed=True),
        Column("bytes", gettext_lazy("size"), sort="bytes", numeric=True, falling=True),
        Column("sha256", "SHA-256"),
    ],
    size=100,
)


class FileFilter(FilterForm):
    """Which files of a release."""

    q = forms.CharField(label=gettext_lazy("name"), required=False, max_length=200, strip=True)

    def by_q(self, rows, value):
        return [entry for entry in rows if value.lower() in entry["path"].lower()]


def releases(request, pk):
    """The releases that the person may know of, with figures of those that they may see now."""
    corpus = corpus_of(request, pk)
    seen = Release.objects.of(request.user).filter(corpus=corpus)
    hidden = set(seen.frozen().withheld_from(request.user).values_list("pk", flat=True))
    rows = seen.annotate(taken=Coalesce(Sum("downloads__count"), 0))

    def prepare(page):
        for row in page:
            row.withheld = row.why_withheld(request.user) if row.pk in hidden else ""
        return page

    rows = rows.prefetch_related("rounds", "retractions")
    table = RELEASES.page(request, rows, prepare=prepare)
    shown_now = [row for row in prepare(list(rows.order_by("-pk"))) if not row.withheld]
    page = context(
        corpus,
        "releases",
        ready=corpus.rounds.exists(),
        others=list(others(request.user)),
        growth_chart=release_charts.growth(shown_now),
        agreement_chart=_agreement_over_versions(corpus, shown_now),
    )
    return table.render("releases/releases.html", page)


def _agreement_over_versions(corpus, releases):
    """Of the newest releases whose content the person may have: of withdrawn ones leads alone."""
    given = [
        row
        for row in releases
        if row.is_frozen and (corpus.my_role == LEAD or not row.is_withdrawn)
    ]
    rows = [(row, _agreement(row)) for row in reversed(given[:MOST_DRAWN])]
    return release_charts.agreement_over_versions([row for row in rows if row[1]])


def release_settings(request, pk):
    """What new releases of the corpus start with."""
    corpus = corpus_of(request, pk, LEAD)
    initial = {name: getattr(corpus, name) for name in ReleaseSettingsForm.base_fields}
    form = ReleaseSettingsForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        corpus.set(request.user, **form.cleaned_data)
        messages.success(request, _("Settings saved."))
        return redirect("release_settings", pk)
    page = context(corpus, "settings", tab="releases", form=form)
    return render(request, "releases/settings.html", page)


def others(person, most=200):
    """Releases whose content a person may see now, of all corpora, the newest first."""
    return Release.objects.given_to(person).order_by("-pk")[:most]


def new_release(request, pk):
    corpus = corpus_of(request, pk, LEAD)
    proposed = proposed_release(corpus, number(request.GET.get("round")))
    form = ReleaseForm(posted(request), corpus=corpus, initial=proposed)
    chosen = form.chosen_rounds
    faulty, report = _faulty(request, corpus, chosen, form["media"].value())
    errors = ErrorsForm(posted(request), faulty=faulty, person=request.user)
    if request.method == "POST" and form.is_valid() & errors.is_valid():
        try:
            release = form.freeze(request.user, errors.decisions)
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
        else:
            return redirect("release", release.pk)
    hidden = list(withheld_rounds(request.user).filter(pk__in=[round.pk for round in chosen]))
    findings = open_findings([round for round in chosen if round not in hidden])
    page = context(
        corpus,
        "releases",
        form=form,
        errors=errors,
        report=report,
        open_findings=findings,
        hidden=hidden,
    )
    return render(request, "releases/new_release.html", page)


def _faulty(request, corpus, rounds, media):
    """(dialogues with errors, the report that lists them). Of this moment, with no report, once the
    form is sent, and while there is none yet.
    """
    report = None if request.method == "POST" else IntegrityReport.of(corpus)
    if report is None or report.listed_at is None or not rounds:
        return faulty_dialogues(rounds, media), None
    return listed_dialogues(rounds, media), report


def release(request, pk):
    """Its page; before it is frozen it shows how the freeze goes and nothing else."""
    asked = release_of(request, pk)
    if asked.is_frozen:
        asked.guard_blind(request.user)
    return render(request, "releases/release.html", shown(request, asked))


def shown(request, release, **more):
    """What the page of a release needs."""
    lead = release.corpus.my_role == LEAD
    frozen, withdrawn = release.is_frozen, release.is_withdrawn
    given = frozen and (lead or not withdrawn)
    page = context(
        release.corpus,
        "releases",
        release=release,
        retraction=release.retraction,
        newer=_newer(request, release.retraction),
        withdrawn=withdrawn,
        given=given,
        progress_url=reverse("release_progress", args=[release.pk]),
        runs=release.runs.all() if lead else [],
        formats=[(key, FORMAT_NAMES[key]) for key in FORMATS],
    )
    if given:
        page |= {
            "agreement": _agreement(release),
            "openly": _openly(release),
            "not_recounted": "" if release.is_recounted else _(NOT_RECOUNTED),
            "integrity": _read(release, "integrity.json"),
            "quality": _quality(release),
            "leakage": _read(release, "leakage.json"),
            "spread": _spread(release),
            "agreement_chart": release_charts.agreement(_agreement(release)),
            "spread_charts": release_charts.label_distributions(_spread(release)),
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


def _newer(request, retraction):
    """The release that took its place, if the person may know of that."""
    if retraction is None or retraction.by_id is None:
        return None
    return Release.objects.of(request.user).filter(pk=retraction.by_id).first()


def _read(release, name):
    """One of the JSON files of a release; None of an older layout that has it not."""
    path = release.directory / name
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _agreement(release):
    """The frozen coefficients, with the names of the scheme as it was frozen."""
    if not (release.directory / "agreement.json").exists():
        return []
    scheme = Scheme.from_json(_read(release, "scheme.json")["tasks"])
    return [{**row, "task": scheme[row["task"]]} for row in agreement_rows(release.directory)]


def _openly(release):
    """Round -> pseudonyms of annotators who could see others' answers, as frozen; {} also for
    releases that were frozen before it was written down.
    """
    return (_read(release, "agreement.json") or {}).get("openly", {}).get("rounds", {})


def _quality(release):
    """The findings as frozen: rounds with how many are open, and what else was open; None of an
    older layout that has no such file.
    """
    quality = _read(release, "quality.json")
    if quality is None:
        return None
    rounds = [
        (row, sum(not finding["answers"] for finding in row["findings"]))
        for row in quality["rounds"]
    ]
    kinds = quality.get("open", {})  # not in releases that were frozen earlier
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
    release = given_of(request, pk)
    path = release.directory / "README.md"
    if not path.exists():
        raise Http404
    text = path.read_text("utf-8").split("\n---\n", 1)[-1]
    page = context(release.corpus, "releases", release=release, text=text)
    return render(request, "releases/card.html", page)


def files(request, pk):
    """Every file of a release with its checksum, to be downloaded one by one."""
    release = given_of(request, pk)
    manifest = _read(release, "manifest.json")
    if manifest is None:
        raise Http404
    form = FileFilter(request.GET)
    rows = form.filtered(manifest["files"]) if form.is_valid() else []
    table = FILES.page(request, rows, form)
    return table.render("releases/files.html", context(release.corpus, "releases", release=release))


def progress(request, pk):
    release = release_of(request, pk, LEAD)
    url = reverse("release_progress", args=[release.pk])
    return live_part(
        request, "_progress.html", release.active, {"job": release, "name": "release", "url": url}
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
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("release", pk)
    messages.success(
        request, _("Version %(version)s is free again.") % {"version": release.version}
    )
    return redirect("releases", release.corpus_id)


@require_POST
def retraction(request, pk):
    """Supersede or withdraw a frozen release."""
    release = frozen_of(request, pk, LEAD)
    form = RetractionForm(request.POST, release=release)
    if form.is_valid():
        try:
            release.retract(request.user, **form.cleaned_data)
        except UserError as refusal:
            messages.error(request, translate_error(refusal))
        return redirect("release", pk)
    page = shown(request, release, retraction_form=form)
    return render(request, "releases/release.html", page, status=422)


@require_POST
def verification(request, pk):
    """Check the files on disk against what was frozen, and say what was found."""
    release = given_of(request, pk)
    faults = release.verify()
    if faults:
        messages.error(request, " · ".join(faults[:5]))
    else:
        messages.success(request, _("Every file is as it was frozen."))
        if not release.is_recounted:
            messages.info(request, _(NOT_RECOUNTED))
    return redirect("release", release.pk)
