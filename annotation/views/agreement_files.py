"""Agreement of a round to take away: CSV, JSON, LaTeX, figures."""

from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext as _t

from annotation.agreement import charts, item_counts
from annotation.agreement.bootstrap import MIN_CLUSTERS
from annotation.agreement.measures import ends
from annotation.annotator_names import names_for
from annotation.models import Report
from annotation.models.items import counted_submissions
from annotation.templatetags.scheme import named
from annotation.views.access import results_of
from annotation.views.agreement import drawn_measures, pairs_of
from core.csv_export import csv_lines
from people.models import Event


def download(request, pk, kind):
    """The coefficients of a round as CSV, JSON, LaTeX or a figure."""
    found = results_of(request, pk)
    item_counts.catch_up(found)
    rows = drawn_measures(found)
    made = {"csv": _csv, "json": _json, "tex": _latex, "svg": _svg}
    if kind not in made:
        raise Http404
    response = made[kind](request, found, rows)
    Event.record_once(request.user, "download", found, what=f"agreement.{kind}")
    response["Content-Disposition"] = f'attachment; filename="agreement-{found.pk}.{kind}"'
    return response


def _csv(request, round, rows):
    header = ["task", "coefficient", "value", "low", "high", "undefined", "units", "judgements"]
    table = []
    for row in rows:
        measure = row["measure"]
        found = measure.coefficients | {f"class {k}": v for k, v in measure.classes.items()}
        if measure.agreed:
            found |= {"alpha where the parents agree": measure.agreed}
        for name, one in found.items():
            one = ends(one)
            values = [one["value"], one["low"], one["high"], one["undefined"]]
            table.append([measure.task.key, name, *values, measure.units, measure.judgements])
    if openly := round.taking_part_openly().count():
        table.append(["", "annotators who could see others' answers", openly, *[""] * 5])
    return HttpResponse(csv_lines(header, table), content_type="text/csv; charset=utf-8")


def _json(request, round, rows):
    report = Report.of(round, Report.Kind.AGREEMENT)
    document = {
        "round": round.name,
        "view": round.view,
        "submissions": counted_submissions(round),
        "hand_ins": counted_submissions(round),  # as it was called before
        "intervals_of": _made(report),
        "intervals_need_dialogues": MIN_CLUSTERS,
        "openly": {
            "annotators": round.taking_part_openly().count(),
            "warning": openly_warning(round),
        },
        "tasks": [row["measure"].to_json() for row in rows],
    }
    return JsonResponse(document, json_dumps_params={"ensure_ascii": False, "indent": 1})


def openly_warning(round):
    """What has to be said beside the figures of a round, "" where everybody annotated blind."""
    openly = round.taking_part_openly().count()
    return (
        f"{openly} of the annotators could see what others answered before the round was closed;"
        " their judgements are not independent."
        if openly
        else ""
    )


def _made(report):
    """From what and how the intervals were computed, None before they were."""
    if report is None or report.computed_at is None:
        return None
    how = {name: report.result[name] for name in ("replicates", "seed", "method")}
    return {
        "submissions": report.submissions,
        "hand_ins": report.submissions,  # as it was called before
        "at": report.computed_at,
        **how,
    }


def _latex(request, round, rows):
    lines = [
        "% booktabs; agreement over submitted judgements, 95 % bootstrap interval over dialogues,"
        f" where {MIN_CLUSTERS} dialogues or more have two annotations",
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
    if warning := openly_warning(round):
        lines.insert(1, f"% {warning}")
    lines += [r"\bottomrule", r"\end{tabular}", ""]
    return HttpResponse("\n".join(lines), content_type="application/x-tex; charset=utf-8")


def _svg(request, round, rows):
    task = request.GET.get("pairs", "")
    openly = round.taking_part_openly().count()
    title = f"{round} ({_t('%(n)d openly') % {'n': openly}})" if openly else str(round)
    if task in round.scheme.keys:
        people, cells = _pair_cells(round, round.scheme[task])
        drawn = charts.heat(f"{title} · {named(round.scheme[task])} · κ", people, cells)
    else:
        drawn = charts.dots(f"{title} · α", [(named(row["task"]), row["alpha"]) for row in rows])
    return HttpResponse(drawn, content_type="image/svg+xml; charset=utf-8")


def _pair_cells(round, task):
    names = names_for(round, round.corpus.my_role)
    matrix = pairs_of(task, item_counts.totals(round), names, {})
    cells = [[cell["value"] if cell else None for _, cell in row] for _, row in matrix]
    return [person["name"] for person, _ in matrix], cells
