"""Comparing configurations: what a study and any choice of runs have in common."""

from django.db.models import Q
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.parameters import numbers
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from modeling.comparison import FEW, groups_of, pairs_of
from modeling.curves import curve
from modeling.learner.comparing import mean_interval, summary
from modeling.models import TrainingRun
from modeling.search_trials import scores_of
from modeling.views.runs import tasks_of

SURE = 0.05  # corrected p below which a difference is said to be one
MOST = 9  # configurations: so many kinds of line can be told apart


def compare(request, pk):
    """The runs and studies that the address names, by configuration."""
    corpus = corpus_of(request, pk, LEAD)
    wanted = Q(pk__in=numbers(request.GET.getlist("run")))
    wanted |= Q(study__in=numbers(request.GET.getlist("study")))
    found = TrainingRun.objects.of(request.user).filter(wanted, release__corpus=corpus)
    runs = list(found.prefetch_related("looks"))
    groups, releases = groups_of(runs), {run.release for run in runs}
    for release in releases:
        release.guard_blind(request.user)
    page = context(corpus, "runs", groups=groups, runs=runs, problem=_problem(groups, releases))
    if not page["problem"]:
        release = releases.pop()
        tasks = tasks_of(release)
        page |= {"release": release, "tasks": tasks, **curves(groups)}
        page |= figures(release, groups, tasks)
    return render(request, "modeling/compare.html", page)


def _problem(groups, releases):
    """Why these cannot be compared; empty if they can."""
    if len(groups) < 2:
        return _("Choose runs of at least two recipes or settings.")
    if len(releases) > 1:
        return _("Choose runs of one release: others were asked about other dialogues.")
    if len(groups) > MOST:
        return _("Choose runs of %(n)s recipes or settings at most.") % {"n": MOST}
    return ""


def curves(groups):
    """How mean macro-F1 on what selects went, epoch by epoch, a line a run."""
    scores = [
        (place, run, scores_of(run.events()))
        for place, group in enumerate(groups, start=1)
        for run in group.runs
    ]
    steps = max((len(means) for *_, means in scores), default=1) or 1
    drawn = [(place, run, curve(means, steps, 0.0, 1.0)) for place, run, means in scores]
    return {
        "curves": [row for row in drawn if row[2]],
        "steps": steps,
        "legend": [(place, group.label) for place, group in enumerate(groups, start=1)],
    }


def figures(release, groups, tasks):
    """Tables and words, on what selects and on the sealed split."""
    return {
        "chosen": _table(groups, tasks, "selection"),
        "sealed": _table(groups, tasks, "sealed"),
        "many": len(groups) > FEW,
        "said": said(release, groups, tasks, "selection"),
        "said_sealed": said(release, groups, tasks, "sealed"),
    }


def _table(groups, tasks, where):
    """Of each group macro-F1 by task and in the mean, over the seeds that are there, with weighted
    F1 as `weighted`.
    """
    found = []
    for group in groups:
        results = list(group.results(where).values())
        if not results:
            continue
        means = summary(results)
        weighted = group.scores(where, "weighted_f1")
        overall = mean_interval(group.scores(where))
        overall["weighted"] = mean_interval(weighted) if weighted else None
        cells = [_cell(means.get(task.key)) for task in tasks]
        found.append((group.label, len(results), [*cells, overall]))
    return found


def _cell(means):
    """Macro-F1 of a task over the seeds with weighted F1; None where it was not evaluated."""
    if not means or "macro_f1" not in means:
        return None
    return means["macro_f1"] | {"weighted": means.get("weighted_f1")}


def said(release, groups, tasks, where):
    """Each pair of groups: what the mean of the tasks says, and by task what it comes to."""
    names = {task.key: task for task in tasks}
    found = []
    for pair in pairs_of(release, groups, where):
        told = pair.by_task()
        rows = [
            (names[key], _difference(row), _verdict(row["macro_f1"]))
            for key, row in told["tasks"].items()
            if key in names
        ]
        found.append(
            {
                "one": pair.one.label,
                "other": pair.other.label,
                "overall": _overall(pair),
                "seeds": told["seeds"],
                "dialogues": told["dialogues"],
                "rows": rows,
                "better": [task for task, _, verdict in rows if verdict == "better"],
                "worse": [task for task, _, verdict in rows if verdict == "worse"],
                "few": any(verdict == "few" for _, _, verdict in rows),
            }
        )
    return found


def _overall(pair):
    """Which is higher in the mean of the tasks and whether seeds alone could do that."""
    told = pair.overall()
    names = [pair.one.label, pair.other.label]
    low, high = told["low"], told["high"]
    if told["mean"] < 0:
        names.reverse()
        low, high = (None, None) if low is None else (-high, -low)
    return {
        "higher": names[0],
        "lower": names[1],
        "points": f"{100 * abs(told['mean']):.1f}",
        "span": None if low is None else _span(low, high),
        "clear": low is not None and low > 0,
    }


def _difference(row):
    """The difference in macro-F1 of a task, with that in weighted F1 as `weighted`."""
    weighted = row.get("weighted_f1")
    return _points(row["macro_f1"]) | {"weighted": weighted and _points(weighted)}


def _points(row):
    """A difference in points of a hundred."""
    low, high = row["low"], row["high"]
    points = f"{100 * row['gain']:+.1f}".replace("-", "−")
    return {**row, "points": points, "range": "" if low is None else _span(low, high)}


def _span(low, high):
    return f"{100 * low:+.1f} – {100 * high:+.1f}".replace("-", "−")


def _verdict(row):
    if row["p_holm"] is None:
        return "few"
    if row["p_holm"] >= SURE:
        return "open"
    return "better" if row["gain"] > 0 else "worse"
