"""Agreement of a round to take away: CSV, JSON, LaTeX, figures."""

import csv
import io

from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext as _t

from annotation import charts, counting
from annotation.measuring import ends
from annotation.models import Report
from annotation.models.reports import counted
from annotation.templatetags.scheme import named
from annotation.views.agreement import drawn_measures, pairs_of, people_of
from annotation.views.rounds import round_of


def download(request, pk, kind):
    """The coefficients of a round as CSV, JSON, LaTeX or a figure."""
    found = round_of(request, pk)
    counting.catch_up(found)
    rows = drawn_measures(found)
    made = {"csv": _csv, "json": _json, "tex": _latex, "svg": _svg}
    if kind not in made:
        raise Http404
    response = made[kind](request, found, rows)
    response["Content-Disposition"] = f'attachment; filename="agreement-{found.pk}.{kind}"'
    return response


def _csv(request, round, rows):
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(
        ["task", "coefficient", "value", "low", "high", "undefined", "units", "judgements"]
    )
    for row in rows:
        measure = row["measure"]
        found = measure.coefficients | {f"class {k}": v for k, v in measure.classes.items()}
        if measure.agreed:
            found |= {"alpha where the parents agree": measure.agreed}
        for name, one in found.items():
            one = ends(one)
            values = [one["value"], one["low"], one["high"], one["undefined"]]
            table.writerow([measure.task.key, name, *values, measure.units, measure.judgements])
    return HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")


def _json(request, round, rows):
    report = Report.of(round, Report.Kind.AGREEMENT)
    told = {
        "round": round.name,
        "view": round.view,
        "hand_ins": counted(round),
        "intervals_of": _made(report),
        "tasks": [row["measure"].to_json() for row in rows],
    }
    return JsonResponse(told, json_dumps_params={"ensure_ascii": False, "indent": 1})


def _made(report):
    """From what and how the intervals were computed, None before they were."""
    if report is None or report.computed_at is None:
        return None
    how = {name: report.result[name] for name in ("replicates", "seed", "method")}
    return {"hand_ins": report.hand_ins, "at": report.computed_at, **how}


def _latex(request, round, rows):
    lines = [
        "% booktabs; agreement over handed-in judgements, 95 % bootstrap interval over dialogues",
        r"\begin{tabular}{lrlrrrr}",
        r"\toprule",
        rf"{_t('task')} & $\alpha$ & 95\,\% & {_t('raw agreement')} & AC & "
        rf"{_t('units')} & {_t('judgements')} \\",
        r"\midrule",
    ]
    for row in rows:
        alpha, measure = row["alpha"], row["measure"]
        interval = "" if alpha["low"] is None else f"[{alpha['low']:.2f}, {alpha['high']:.2f}]"
        cells = [
            named(row["task"]).replace("→", r"$\rightarrow$").replace("_", r"\_"),
            "--" if alpha["value"] is None else f"{alpha['value']:.3f}",
            interval,
            *(
                "--" if one["value"] is None else f"{one['value']:.3f}"
                for one in (row["raw"], row["best"])
            ),
            str(measure.units),
            str(measure.judgements),
        ]
        lines.append(" & ".join(cells) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}", ""]
    return HttpResponse("\n".join(lines), content_type="application/x-tex; charset=utf-8")


def _svg(request, round, rows):
    task = request.GET.get("pairs", "")
    if task in round.scheme.keys:
        people, cells = _pair_cells(round, round.scheme[task])
        drawn = charts.heat(f"{round} · {named(round.scheme[task])} · κ", people, cells)
    else:
        drawn = charts.dots(f"{round} · α", [(named(row["task"]), row["alpha"]) for row in rows])
    return HttpResponse(drawn, content_type="image/svg+xml; charset=utf-8")


def _pair_cells(round, task):
    totals = counting.totals(round)
    people, _rows = people_of(round, totals, task)
    matrix = pairs_of(task, totals, people, {})
    cells = [[cell["value"] if cell else None for _, cell in row] for _, row in matrix]
    return [str(person) for person in people], cells
