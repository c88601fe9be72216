"""What looks odd in people's answers, how reliable they are, and what makes the gold."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from annotation.models import QualityFlag, QualityFlagReview, Report
from annotation.scheme import Task
from annotation.templatetags.scheme import named
from annotation.views import agreement_charts, progress_charts
from annotation.views.access import results_of
from annotation.views.agreement import bring_up
from core.charts import Chart
from core.pagination import page_of
from core.parameters import text
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
    rows = found.quality_flags.select_related("person").prefetch_related("reviews__person")
    if kind in QualityFlag.Kind.values:
        rows = rows.filter(kind=kind)
    if state == "open":
        rows = rows.waiting()
    elif state == "answered":
        rows = rows.filter(reviews__isnull=False).distinct()
    page = page_of(request, rows, 20)
    titles = dict(found.corpus.sources.values_list("pk", "title"))
    page.object_list = [(flag, _evidence(found, flag, titles)) for flag in page]
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
        kinds=QualityFlag.Kind,
        outcomes=QualityFlagReview.Outcome,
        found=reports.get("quality"),
        models=reports.get("reliability"),
        progress={
            name: reverse("report_progress", args=[pk, name]) for name in ("quality", "reliability")
        },
        tasks=_reliability(found, reports.get("reliability")),
        rules=found.Consensus,
        speed_chart=progress_charts.speed(found),
    )
    return render(request, "annotation/quality.html", shown)


def _evidence(round, flag, titles):
    """The evidence of a finding as values for its sentence."""
    evidence = dict(flag.evidence)
    evidence["odds"] = (
        f"{10**flag.neg_log10_p:,.0f}" if flag.neg_log10_p < 9 else f"10^{flag.neg_log10_p:.0f}"
    )
    tasks = {task.key: task for task in round.scheme.tasks}
    evidence["task"] = named(tasks[flag.task]) if flag.task in tasks else ""
    evidence["source"] = titles.get(evidence.get("source"), "")
    evidence["spans"] = ", ".join(f"{start}–{end}" for start, end in evidence.get("spans", []))
    for share in ("equal", "by_chance", "first", "second", "usual"):
        if share in evidence:
            evidence[share] = f"{100 * evidence[share]:.1f} %"
    if flag.kind == QualityFlag.Kind.MONOTONE and flag.task in tasks:
        values = {value.key: value for value in tasks[flag.task].values}
        evidence["value"] = named(values[evidence["value"]])
    if flag.kind == QualityFlag.Kind.RULES:
        rules = {rule.key: rule for rule in round.scheme.rules}
        evidence["rule"] = (
            named(rules[evidence["rule"]]) if evidence["rule"] in rules else evidence["rule"]
        )
    return evidence


def _reliability(round, report):
    """Per task the people with their weight, accuracy and classes, most reliable first, and their
    chart; or why there is no model.
    """
    found: list[tuple[Task, list[Any], Chart | None, str | Promise]] = []
    for task in round.scheme.tasks:
        model = report.result.get("tasks", {}).get(task.key) if report else None
        if model is None:
            continue
        if "people" not in model:
            found.append((task, [], None, WHY_NO_MODEL[model["undefined"]]))
            continue
        names = Person.objects.in_bulk([int(who) for who in model["people"]])
        rows = []
        for who, row in model["people"].items():
            classes = [(value, row["classes"].get(value.key)) for value in task.values]
            rows.append((names[int(who)], row | {"classes": classes}))
        rows.sort(key=lambda row: -row[1]["accuracy"])
        found.append((task, rows, agreement_charts.reliability(round, task, rows), ""))
    return found


@require_POST
def reviews(request, pk):
    """Say what a finding was."""
    flag = get_object_or_404(QualityFlag.objects.select_related("round"), pk=pk)
    found = results_of(request, flag.round_id, LEAD)
    outcome = request.POST.get("outcome", "")
    if outcome not in QualityFlagReview.Outcome.values:
        raise Http404
    flag.review(request.user, outcome, text(request.POST, "words", 1000))
    return redirect(f"{reverse('quality', args=[found.pk])}?{request.POST.get('query', '')}")
