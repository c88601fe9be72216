"""A protocol: the form or file that starts it, its progress, its report."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.errors import UserError
from core.fragments import live_part
from core.pagination import page_of
from core.parameters import posted
from core.translation import translate_error
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from modeling.forms import RecipeForm
from modeling.models import Protocol
from modeling.models.protocols import REPORT_FILES
from modeling.permissions import protocol_of, visible_protocol_of
from modeling.protocol_file import read_protocol, shown_file
from modeling.protocol_form import EXAMPLE, ProtocolFileForm, ProtocolForm
from modeling.protocol_plan import plan_of, start_protocol
from modeling.protocol_tables import NAMES, parts_of, tables_of
from modeling.training_workers import training_worker_count
from modeling.views.evaluations import as_attachment
from modeling.views.runs import tasks_of

RUNS_PER_PAGE = 100
DOWNLOADS = {  # that the page offers, with what they are
    "report.html": gettext_lazy("everything in one page"),
    "tables.tex": gettext_lazy("all tables for LaTeX (booktabs)"),
    "tables.csv": gettext_lazy("all tables as rows"),
    "results.csv": gettext_lazy("every metric of every run"),
    "experiment.toml": gettext_lazy("the protocol itself, for a command line or another protocol"),
}
TYPES = {"html": "text/html", "csv": "text/csv", "json": "application/json"}


def new_protocol(request, pk):
    """The form, or with ?from=file the file."""
    corpus = corpus_of(request, pk, LEAD)
    if request.GET.get("from") == "file":
        return _new_from_file(request, corpus)
    gpus = training_worker_count("gpu")
    initial = {"release": request.GET.get("release"), "seeds": 3}
    form = ProtocolForm(
        posted(request), person=request.user, corpus=corpus, gpus=gpus, initial=initial
    )
    fine = RecipeForm(posted(request), corpus=corpus)
    valid = [each.is_valid() for each in (form, fine)]
    labels = form.labels_form() if request.method == "POST" else None
    if request.method == "POST" and all(valid):
        fine.check(form)
    if labels and labels.is_valid() and not (form.errors or fine.errors):
        data, values = form.cleaned_data, form.values(fine.options(), labels.labels())
        wanted = (data["release"], form.tested_on, values)
        try:
            if request.POST.get("do") == "file":
                return _as_file(*wanted)
            return redirect(_started(request, wanted, data))
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
    page = _page(corpus, "form", form=form, fine=fine, set=bool(fine.errors), labels=labels)
    return render(request, "modeling/new_protocol.html", page)


def _new_from_file(request, corpus):
    newest = corpus.releases.usable().order_by("-pk").first()
    example = EXAMPLE.format(version=newest.version) if newest else ""
    form = ProtocolFileForm(
        posted(request), request.FILES if request.method == "POST" else None,
        initial={"text": example},
    )  # fmt: skip
    plan = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            release, other, values = read_protocol(request.user, corpus, data["text"])
            if request.POST.get("do") != "check":
                return redirect(_started(request, (release, other, values), data))
            plan = plan_of(release, other, values, _at_once(data))
        except UserError as refusal:
            form.add_error(None, translate_error(refusal))
    page = _page(corpus, "file", form=form, checked=plan)
    return render(request, "modeling/new_protocol_file.html", page)


def _page(corpus, tab, **more):
    return context(
        corpus, "runs", tab=tab, workers=training_worker_count(),
        ready=corpus.releases.usable().exists(), **more,
    )  # fmt: skip


def _at_once(data):
    """How many parts work at once, as far as there are workers."""
    return min(data["at_once"], training_worker_count() or 1)


def _started(request, wanted, data):
    """The page of the protocol that was queued. Raises UserError."""
    release, other, values = wanted
    made = start_protocol(request.user, release, other, values, data["at_once"], data["device"])
    return made.page_url


def _as_file(release, test_release, values):
    """What was chosen as a file, which is not started."""
    plan_of(release, test_release, values)
    protocol = Protocol(
        release=release, test_release=test_release, name=values["name"], specification=values
    )
    response = HttpResponse(shown_file(protocol), content_type="application/toml; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="experiment.toml"'
    return response


def protocol_plan(request, pk):
    """What the form would start, a part of its page."""
    corpus = corpus_of(request, pk, LEAD)
    form = ProtocolForm(request.GET, person=request.user, corpus=corpus, gpus=1)
    fine = RecipeForm(request.GET, corpus=corpus)
    plan, error = None, ""
    if all([form.is_valid(), fine.is_valid()]) and (labels := form.labels_form()).is_valid():
        try:
            plan = plan_of(
                form.cleaned_data["release"], form.tested_on,
                form.values(fine.options(), labels.labels()), _at_once(form.cleaned_data),
            )  # fmt: skip
        except UserError as refusal:
            error = translate_error(refusal)
    page = {"plan": plan, "error": error, "chosen": request.GET.getlist("recipes")}
    return render(request, "modeling/_protocol_plan.html", page)


def protocol_labels(request, pk):
    """The values of the chosen test release that the other release lacks, a part of the form."""
    corpus = corpus_of(request, pk, LEAD)
    form = ProtocolForm(request.GET, person=request.user, corpus=corpus, gpus=1)
    form.is_valid()  # of the whole form; what is chosen counts
    return render(request, "modeling/_protocol_labels.html", {"labels": form.labels_form()})


# --- one protocol --------------------------------------------------------------------------------


def protocol(request, pk):
    """A part of the page; without results while these are withheld from the person."""
    protocol = protocol_of(request, pk)
    withheld = protocol.why_withheld(request.user)
    data = None if withheld else protocol.tables()
    parts = parts_of(data) if data else []
    tab = request.GET.get("tab", "overview")
    page = context(
        protocol.release.corpus, "runs", protocol=protocol, withheld=withheld, data=data,
        tabs=[(part, name) for part, name in NAMES.items() if part in parts],
        tab=tab if tab in (*parts, "setup") else "overview", downloads=DOWNLOADS, **_live(protocol),
    )  # fmt: skip
    if page["tab"] == "setup":
        page["file"] = shown_file(protocol)
    elif data:
        page |= _report(request, protocol, data, page["tab"])
    return render(request, "modeling/protocol.html", page)


def _report(request, protocol, data, tab):
    """The tables of a part of the report; of the runs a page, of one system where it is asked."""
    if tab not in parts_of(data):
        return {}
    tables = tables_of(protocol, data, tab, tasks_of(protocol.release))
    if tab != "runs":
        return {"tables": tables}
    (table,) = tables
    system = request.GET.get("system", "")
    if system:
        table.rows = [row for row in table.rows if row[0].text == system]
    page = page_of(request, table.rows, RUNS_PER_PAGE)
    table.rows = list(page)
    return {"tables": tables, "page": page, "system": system}


def protocol_progress(request, pk):
    protocol = protocol_of(request, pk)
    values = {"protocol": protocol, **_live(protocol)}
    return live_part(request, "modeling/_protocol_progress.html", protocol.active, values)


def _live(protocol):
    """What changes while it works."""
    waiting = any(part.status == "queued" for part in protocol.parts.all())
    rows = [(part, part.state()) for part in protocol.work_parts]
    return {
        "rows": rows,
        "done": sum(state.get("done", 0) for _part, state in rows),
        "total": protocol.runs + protocol.trials,
        "waiting": waiting,
        "workers": training_worker_count() if waiting else None,
    }


def protocol_file(request, pk, name):
    """A file of the report, or the protocol itself, to be saved."""
    protocol = visible_protocol_of(request, pk)
    if name == "experiment.toml":
        response = HttpResponse(
            shown_file(protocol), content_type="application/toml; charset=utf-8"
        )
        return as_attachment(request, protocol, response, name)
    path = protocol.directory / name
    if name not in REPORT_FILES or not path.is_file():
        raise Http404
    kind = TYPES.get(path.suffix[1:], "text/plain")
    response = HttpResponse(path.read_bytes(), content_type=f"{kind}; charset=utf-8")
    return as_attachment(request, protocol, response, name)


def _act(request, pk, act):
    """Do something to a protocol and go back to its page, with the error if it was refused."""
    protocol = protocol_of(request, pk)
    try:
        act(protocol)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
    return redirect("protocol", pk)


@require_POST
def stop_protocol(request, pk):
    return _act(request, pk, lambda protocol: protocol.stop_by(request.user))


@require_POST
def resume_protocol(request, pk):
    return _act(request, pk, lambda protocol: protocol.resume_by(request.user))


@require_POST
def report_protocol(request, pk):
    return _act(request, pk, lambda protocol: protocol.report_by(request.user))


@require_POST
def delete_protocol(request, pk):
    protocol = protocol_of(request, pk)
    corpus = protocol.release.corpus_id
    try:
        with transaction.atomic():
            protocol.delete_by(request.user)
    except UserError as refusal:
        messages.error(request, translate_error(refusal))
        return redirect("protocol", pk)
    return redirect("runs", corpus)
