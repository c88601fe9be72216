"""What looks odd in people's answers, how reliable they are, and what makes the gold."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from annotation.agreement import charts
from annotation.models import Oddity, OddityAnswer, Report
from annotation.templatetags.scheme import named
from annotation.views.agreement import bring_up
from annotation.views.rounds import results_of
from core.pagination import page_of
from corpus.page_context import context
from corpus.permissions import LEAD
from people.models import Person

WHY_NO_MODEL = {
    "too_few": _(
        "Fewer than 20 utterances have two annotations, or there are fewer than two annotators."
    ),
    "one_value": _("Only one value was used."),
}
STATES = {"open": _("not assessed"), "answered": _("assessed"), "all": _("all")}


def quality(request, pk):
    """Findings with their evidence, and the models of the annotators."""
    found = results_of(request, pk, LEAD)
    bring_up(found)
    state, kind = request.GET.get("state", "open"), request.GET.get("kind", "")
    rows = found.oddities.select_related("person").prefetch_related("answers__person")
    if kind in Oddity.Kind.values:
        rows = rows.filter(kind=kind)
    if state == "open":
        rows = rows.waiting()
    elif state == "answered":
        rows = rows.filter(answers__isnull=False).distinct()
    page = page_of(request, rows, 20)
    titles = dict(found.corpus.sources.values_list("pk", "title"))
    page.object_list = [(odd, _evidence(found, odd, titles)) for odd in page]
    reports = {
        report.kind: report
        for report in Report.objects.filter(round=found, kind__in=["quality", "reliability"])
    }
    shown = context(
        found.corpus,
        "rounds",
        round=found,
        page=page,
        state=state,
        states=STATES.items(),
        kind=kind,
        kinds=Oddity.Kind,
        outcomes=OddityAnswer.Outcome,
        found=reports.get("quality"),
        models=reports.get("reliability"),
        progress={
            name: reverse("report_progress", args=[pk, name]) for name in ("quality", "reliability")
        },
        tasks=_reliability(found, reports.get("reliability")),
        rules=found.Consensus,
    )
    return render(request, "annotation/quality.html", shown)


def _evidence(round, odd, titles):
    """The evidence of a finding as values for its sentence."""
    told = dict(odd.evidence)
    told["odds"] = f"{10**odd.surprise:,.0f}" if odd.surprise < 9 else f"10^{odd.surprise:.0f}"
    tasks = {task.key: task for task in round.scheme.tasks}
    told["task"] = named(tasks[odd.task]) if odd.task in tasks else ""
    told["source"] = titles.get(told.get("source"), "")
    told["spans"] = ", ".join(f"{start}–{end}" for start, end in told.get("spans", []))
    for share in ("equal", "by_chance", "first", "second", "usual"):
        if share in told:
            told[share] = f"{100 * told[share]:.1f} %"
    if odd.kind == Oddity.Kind.MONOTONE and odd.task in tasks:
        values = {value.key: value for value in tasks[odd.task].values}
        told["value"] = named(values[told["value"]])
    if odd.kind == Oddity.Kind.RULES:
        rules = {rule.key: rule for rule in round.scheme.rules}
        told["rule"] = named(rules[told["rule"]]) if told["rule"] in rules else told["rule"]
    return told


def _reliability(round, report):
    """Per task the people with their weight, accuracy and classes, most reliable first."""
    found = []
    for task in round.scheme.tasks:
        model = report.result.get("tasks", {}).get(task.key) if report else None
        if model is None:
            continue
        if "people" not in model:
            found.append((task, [], WHY_NO_MODEL[model["undefined"]]))
            continue
        names = Person.objects.in_bulk([int(who) for who in model["people"]])
        rows = []
        for who, row in model["people"].items():
            ends = {"value": row["accuracy"], "low": row["low"], "high": row["high"]}
            classes = [(value, row["classes"].get(value.key)) for value in task.values]
            rows.append((names[int(who)], row | {"classes": classes}, charts.places(ends)))
        found.append((task, sorted(rows, key=lambda row: -row[1]["accuracy"]), ""))
    return found


@require_POST
def answers(request, pk):
    """Say what a finding was."""
    odd = get_object_or_404(Oddity.objects.select_related("round"), pk=pk)
    found = results_of(request, odd.round_id, LEAD)
    outcome = request.POST.get("outcome", "")
    if outcome not in OddityAnswer.Outcome.values:
        raise Http404
    odd.answer(request.user, outcome, request.POST.get("words", ""))
    return redirect(f"{reverse('quality', args=[found.pk])}?{request.POST.get('query', '')}")
