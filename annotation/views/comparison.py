"""Two rounds beside each other, and whether the difference is more than chance."""

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.agreement.bootstrap import FEW_CLUSTERS, MIN_CLUSTERS
from annotation.blinding import guard
from annotation.models import Report
from annotation.views import agreement_charts
from annotation.views.access import results_of
from core.parameters import number
from corpus.page_context import context

UNDETERMINED = _("undetermined: undefined in most bootstrap samples")


def comparison(request, pk):
    """Two rounds beside each other, and whether the difference is more than chance."""
    found = results_of(request, pk)
    rounds = found.corpus.rounds.exclude(pk=found.pk).exclude(kind__in=["practice", "test"])
    other = rounds.filter(pk=number(request.GET.get("with"))).first()
    if request.method == "POST":
        other = get_object_or_404(rounds, pk=number(request.POST.get("with")))
        guard(request.user, [other])
        Report.request(request.user, found, Report.Kind.COMPARISON, other=other)
        return redirect(f"{reverse('comparison', args=[pk])}?with={other.pk}")
    guard(request.user, filter(None, [other]))
    report = Report.of(found, Report.Kind.COMPARISON, other) if other else None
    rows = _compared(found, report.result.get("tasks", {}) if report else {})
    shown = context(
        found.corpus,
        "rounds",
        round=found,
        other=other,
        rounds=rounds,
        report=report,
        rows=rows,
        few=any(row["alpha"].get("why") == FEW_CLUSTERS for row in rows),
        needed=MIN_CLUSTERS,
        rounds_chart=agreement_charts.of_two_rounds(found, other, rows) if rows else None,
        difference_chart=agreement_charts.of_differences(rows) if _has_differences(rows) else None,
        openly=[(each, each.taking_part_openly().count()) for each in [found, other] if each],
        progress_url=f"{reverse('report_progress', args=[pk, 'comparison'])}?with={other.pk}"
        if other
        else "",
    )
    return render(request, "annotation/comparison.html", shown)


def _compared(round, tasks):
    return [
        {"task": round.scheme[key], **row, "word": _verdict(row["alpha"])}
        for key, row in tasks.items()
    ]


def _has_differences(rows):
    return any(row["alpha"].get("value") is not None for row in rows)


def _verdict(alpha):
    if alpha.get("value") is None:
        return _("undetermined: undefined in one round")
    if alpha.get("low") is None:
        few = alpha.get("why") == FEW_CLUSTERS
        return _("undetermined: too few dialogues") if few else UNDETERMINED
    if alpha.get("holm", 1.0) >= 0.05:
        return _("no significant difference")
    return _("higher") if alpha["value"] > 0 else _("lower")
