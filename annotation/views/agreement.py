"""Agreement of a round: the page, and what a worker computes for it."""

from datetime import datetime
from urllib.parse import urlencode

import numpy as np
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from annotation.agreement import charts, item_counts, pairwise
from annotation.agreement.bootstrap import METHODS, MIN_CLUSTERS
from annotation.agreement.coefficients import NO_CHANCE, NO_PAIRS, ONE_VALUE
from annotation.agreement.measures import ends, live, with_intervals
from annotation.annotator_names import Names, names_for
from annotation.blinding import guard, why_withheld
from annotation.models import Report
from annotation.models.items import counted_submissions
from annotation.views import agreement_charts
from annotation.views.access import results_of
from core.fragments import live_part
from core.parameters import number
from corpus.page_context import context

WORDS = {
    "reliable": _("reliable"),
    "tentative": _("tentative"),
    "unreliable": _("not reliable"),
    NO_PAIRS: _("undefined: no utterance has two submitted annotations"),
    ONE_VALUE: _("undefined: only one value was used"),
    NO_CHANCE: _("undefined: expected agreement is 1"),
}
NAMES = {
    "alpha": _("Krippendorff's alpha"),
    "raw": _("raw agreement"),
    "fleiss": _("Fleiss' kappa"),
    "ac1": _("Gwet's AC1"),
    "ac2": _("Gwet's AC2, quadratic"),
    "alpha_nominal": _("alpha, nominal"),
    "alpha_interval": _("alpha, interval"),
}
GROUPS = {
    "source": _("source"),
    "speaker": _("speaker"),
    "length": _("utterance length"),
}
LENGTHS = [_("under 1 s"), _("1 to 2 s"), _("2 to 4 s"), _("4 to 8 s"), _("8 s and more")]
AT_ONCE = 24  # dialogues that one look at a page counts
STEPS = 9  # shades of a heat table


def agreement(request, pk):
    """All tasks at a glance, and one of them in all its parts."""
    found = results_of(request, pk)
    task, names = _task(request, found), names_for(found, found.corpus.my_role)
    left = bring_up(found)
    totals = item_counts.totals(found)
    report = Report.of(found, Report.Kind.AGREEMENT)
    result = report.result if report else {}
    measures = drawn_measures(found, totals, result)
    page = context(
        found.corpus,
        "rounds",
        round=found,
        left=left,
        report=report,
        submissions=counted_submissions(found),
        measures=measures,
        few=few_of(measures),
        paired=are_paired(measures),
        needed=MIN_CLUSTERS,
        task=task,
        refresh=left or (found.is_open and not found.published),
    )
    if request.htmx:
        return render(request, "annotation/_measures.html", page)
    page |= {
        "progress_url": reverse("report_progress", args=[pk, Report.Kind.AGREEMENT]),
        "tasks_chart": agreement_charts.of_tasks(found, measures),
        "measure": next(row for row in measures if row["task"] is task),
        **_coefficients(task, measures),
        "others": _others(request, found, task),
        "pair": _pair_of(request, task, totals, names),
        "openly": _openly(found, names),
        **_parts(task, totals, result, names),
    }
    page |= _charts(found, task, totals, page)
    return render(request, "annotation/agreement.html", page)


def _charts(round, task, totals, page):
    """The charts of one task."""
    joint = totals.joint(task) if task.is_correlation else None
    both = agreement_charts.co_occurrence(round, task, joint) if task.is_correlation else None
    own = (round, page["measure"]["measure"])
    return {
        "time_chart": agreement_charts.over_time(round, task, page["times"]),
        "class_chart": agreement_charts.by_class(round, task, page["classes"]),
        "confusion_chart": agreement_charts.confusion(round, task, page["coincidences"]),
        "pairs_chart": agreement_charts.pairs(task, page["pairs"]),
        "pair_chart": agreement_charts.of_pair(round, task, page["pair"]) if page["pair"] else None,
        "label_chart": agreement_charts.labels(task, page["given"]),
        "round_chart": agreement_charts.of_rounds(task, [own, *page["others"]]),
        "group_charts": [
            (kind, words, agreement_charts.by_group(round, task, words, rows))
            for kind, words, rows in page["groups"]
        ],
        "co_occurrence": both,
        **_verdict(round, page["measures"]),
    }


def _verdict(round, measures):
    """Whether it is good enough, where it is not, and how much waits for a decision."""
    known = [row for row in measures if row["alpha"]["value"] is not None]
    weak = sorted(
        (row for row in known if row["measure"].reading != "reliable"),
        key=lambda row: row["alpha"]["value"],
    )
    return {
        "known": len(known),
        "reliable": len(known) - len(weak),
        "weakest": weak[:3],
        "contested": round.items.filter(open=True).count(),
    }


def _coefficients(task, measures):
    """The alpha of each value of a task, and the other coefficients."""
    measure = next(row["measure"] for row in measures if row["task"] is task)
    return {
        "classes": [
            (value, measure.classes[value.key])
            for value in task.values
            if value.key in measure.classes
        ],
        "coefficients": [
            (key, words, measure.coefficients[key])
            for key, words in NAMES.items()
            if key in measure.coefficients
        ],
    }


def _task(request, round):
    key = request.GET.get("task") or round.scheme.keys[0]
    if key not in round.scheme.keys:
        raise Http404
    return round.scheme[key]


def bring_up(round):
    """Count the newest submissions; how many are left to the next count, which comes by itself."""
    return item_counts.catch_up(round, most=AT_ONCE)


def drawn_measures(round, totals=None, result=None):
    """The live measures of a round with words and computed ends."""
    if result is None:
        report = Report.of(round, Report.Kind.AGREEMENT)
        result = report.result if report else {}
    tasks = result.get("tasks", {})
    return [
        _drawn(with_intervals(m, tasks.get(m.task.key, {}).get("intervals")), tasks)
        for m in live(round, totals)
    ]


def few_of(measures):
    """The tasks whose intervals were not computed, as too few dialogues have two annotations."""
    return [row["task"] for row in measures if row["few"]]


def are_paired(measures):
    """Whether two people have submitted the same utterance; before, there is no agreement."""
    return any(row["measure"].units for row in measures)


def _drawn(measure, tasks):
    found = ends(measure.alpha)
    dialogues = tasks.get(measure.task.key, {}).get("dialogues", MIN_CLUSTERS)
    line = tasks.get(measure.task.key, {}).get("groups", {}).get("time", [])
    points = sorted((int(row["group"]), row["value"]) for row in line if row["value"] is not None)
    return {
        "task": measure.task,
        "measure": measure,
        "alpha": found,
        "few": dialogues < MIN_CLUSTERS and found["value"] is not None,
        "word": WORDS[measure.reading or found["undefined"]],
        "best": ends(measure.coefficients.get("ac2", measure.coefficients["ac1"])),
        "best_name": "AC2" if "ac2" in measure.coefficients else "AC1",
        "raw": measure.coefficients["raw"],
        "line": charts.sparkline(points),
    }


def _openly(round, names):
    """How many took part openly, and who; not which letter, as few people may."""
    seats = round.taking_part_openly()
    who = "" if names.by_letter else ", ".join(names[seat.person_id] for seat in seats)
    return {"n": len(seats), "who": who}


def _parts(task, totals, result, names):
    """Classes, pairs, coincidences, groups and times of one task."""
    computed = result.get("tasks", {}).get(task.key, {})
    groups = result.get("names", {})
    return {
        "pairs": pairs_of(task, totals, names, computed.get("pairs", {})),
        "given": _given(task, totals, names),
        "coincidences": _coincidences(task, totals),
        "times": _times(computed, groups),
        "groups": [
            (kind, words, _group_rows(kind, computed, groups)) for kind, words in GROUPS.items()
        ],
    }


def people_of(totals, task, names: Names):
    """The ids of those with answers to the task, as `names` lists them."""
    return names.in_order(totals.given(task))


def _given(task, totals, names):
    """What each person is called, how often they answered, and each value how often."""
    given = totals.given(task)
    return [
        (
            names[who],
            int(given[who].sum()),
            [
                (value, int(n), _step(n / given[who].sum()))
                for value, n in zip(task.values, given[who], strict=True)
            ],
        )
        for who in people_of(totals, task, names)
    ]


def pairs_of(task, totals, names, computed):
    """The matrix of pairs: a row a person, a cell a pair (None on the diagonal); a person is told
    by what they are called and how addresses name them.
    """
    kind = "kappa_quadratic" if task.level == "ordinal" else "kappa"
    cells = {}
    for (a, b), table in totals.confusions(task).items():
        row = pairwise.kappa_rows(table, task.level)
        kappa = row[kind] | {"units": row["units"], "agreement": row["agreement"]["value"]}
        kappa["ends"] = computed.get(f"{a}/{b}")
        kappa["step"] = _step(kappa["value"])
        cells[a, b] = cells[b, a] = kappa
    people = people_of(totals, task, names)
    return [
        (
            _annotator(names, one),
            [(_annotator(names, other), cells.get((one, other))) for other in people],
        )
        for one in people
    ]


def _annotator(names, who):
    return {"name": names[who], "key": names.key(who)}


def _pair_of(request, task, totals, names):
    """The confusion of the two people that the address names, None where it names none."""
    asked = [names.find(request.GET.get(name)) for name in ("a", "b")]
    if None in asked:
        return None
    a, b = names.in_order(asked)  # not by account, which the side of the table would tell
    confusions = totals.confusions(task)
    table = confusions.get((a, b))
    if table is None and (b, a) in confusions:
        table = confusions[b, a].T
    if table is None:
        return None
    query = urlencode({"task": task.key, "a": names.key(a), "b": names.key(b)})
    return {
        "a": _annotator(names, a),
        "b": _annotator(names, b),
        "cells": _heatmap(task, table),
        "query": query,
    }


def _heatmap(task, table):
    """Rows of a matrix of values: value, its cells of other value, number, share of row, shade."""
    rows = table.sum(axis=1)
    shares = table / np.where(rows > 0, rows, 1)[:, None]
    return [
        (
            value,
            [
                (other, n, share, _step(share))
                for other, n, share in zip(task.values, table[i], shares[i], strict=True)
            ],
        )
        for i, value in enumerate(task.values)
    ]


def _step(value):
    """The shade of a share or coefficient, "" where there is none."""
    return "" if value is None else int(round(STEPS * min(max(float(value), 0.0), 1.0)))


def _coincidences(task, totals):
    """Krippendorff's coincidence matrix with the share of each row in its cells."""
    table = totals.pairs(task).coincidences
    return _heatmap(task, table) if len(table) and table.sum() else []


def _times(computed, names):
    rows = computed.get("groups", {}).get("time", [])
    found = []
    for row in sorted(rows, key=lambda row: int(row["group"])):
        span = [datetime.fromisoformat(at) for at in names["time"][row["group"]]]
        query = urlencode({"from": span[0].isoformat(), "to": span[1].isoformat()})
        found.append(row | {"span": span, "query": query})
    return found


def _group_rows(kind, computed, names):
    rows = []
    found = computed.get("groups", {}).get(kind, [])
    if kind == "length":
        found = sorted(found, key=lambda row: int(row["group"]))  # an order of its own
    for row in found:
        name = names[kind].get(row["group"], row["group"])
        if kind == "length":
            name = LENGTHS[int(row["group"])]
        query = urlencode({kind: row["group"]})
        rows.append(row | {"name": name, "query": query})
    return rows


def _others(request, round, task):
    """Other rounds of the corpus with the same task, such as other views of the same films; those
    aside whose results are withheld from the person.
    """
    found = []
    rows = round.corpus.rounds.exclude(pk=round.pk).select_related("scheme_version", "guideline")
    for other in rows[:20]:
        if why_withheld(request.user, [other]):
            continue
        bring_up(other)
        if task.key in other.scheme.keys and other.scheme[task.key].keys == task.keys:
            [measure] = live(other, tasks=[other.scheme[task.key]])
            if measure.units:
                found.append((other, measure))
    return found


@require_POST
def reports(request, pk, kind):
    """Have a report computed."""
    found = results_of(request, pk)
    if kind not in Report.Kind.values or kind == Report.Kind.COMPARISON:
        raise Http404
    options = {}
    if kind == Report.Kind.AGREEMENT and request.POST.get("method") in METHODS:
        options["method"] = request.POST["method"]
    Report.request(request.user, found, kind, **options)
    return redirect(BACK.get(kind, "agreement"), pk)


BACK = {"agreement": "agreement", "reliability": "quality", "quality": "quality"}


def report_progress(request, pk, kind):
    found = results_of(request, pk)
    other = number(request.GET.get("with")) or None
    report = get_object_or_404(Report, round=found, kind=kind, other=other)
    guard(request.user, filter(None, [report.other]))
    url = reverse("report_progress", args=[pk, kind])
    url = f"{url}?with={other}" if other else url
    return live_part(
        request, "_progress.html", report.active, {"job": report, "name": kind, "url": url}
    )
