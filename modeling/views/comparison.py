"""Comparing configurations, of an experiment or of any choice of runs."""

from django.db.models import Q
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.parameters import numbers
from corpus.page_context import context
from corpus.permissions import LEAD, corpus_of
from modeling.charts import comparison_chart, experiment_curves
from modeling.configurations import ALL_PAIRS, configuration_pairs, configurations_of
from modeling.learner.seed_statistics import seed_summary
from modeling.models import TrainingRun
from modeling.views.runs import tasks_of

SIGNIFICANT = 0.05  # corrected p below which a difference is called one
MOST = 9  # configurations: the chart has as many kinds of line


def compare_runs(request, pk):
    """The runs and experiments that the address names, by configuration."""
    corpus = corpus_of(request, pk, LEAD)
    wanted = Q(pk__in=numbers(request.GET.getlist("run")))
    experiments = request.GET.getlist("experiment") + request.GET.getlist("study")  # former name
    wanted |= Q(experiment__in=numbers(experiments))
    chosen = TrainingRun.objects.of(request.user).filter(wanted, release__corpus=corpus)
    runs = list(chosen.prefetch_related("evaluations"))
    groups, releases = configurations_of(runs), {run.release for run in runs}
    for release in releases:
        release.guard_blind(request.user)
    problem = why_not_comparable(groups, releases)
    page = context(corpus, "runs", groups=groups, runs=runs, problem=problem)
    if not problem:
        release = releases.pop()
        tasks = tasks_of(release)
        page |= {"release": release, "tasks": tasks, "curves": experiment_curves(groups)}
        page |= tables(release, groups, tasks)
    return render(request, "modeling/comparison.html", page)


def why_not_comparable(groups, releases):
    """Why these cannot be compared; empty if they can."""
    if len(groups) < 2:
        return _("Choose runs of at least two recipes or settings.")
    if len(releases) > 1:
        return _("Choose runs of one release: other releases contain other dialogues.")
    if len(groups) > MOST:
        return _("Choose runs of %(n)s recipes or settings at most.") % {"n": MOST}
    return ""


def tables(release, groups, tasks):
    """Metrics and pairwise differences, on the validation and on the test set."""
    chosen, held_out = (_table(groups, tasks, role) for role in ("validation", "held_out"))
    runs = {group.label: group.runs[0] for group in groups}
    return {
        "chosen": chosen,
        "leader": max(chosen, key=lambda row: row[-1][-1]["mean"], default=None),
        "chosen_chart": comparison_chart(chosen, tasks, runs),
        "held_out": held_out,
        "held_out_chart": comparison_chart(held_out, tasks, runs),
        "many": len(groups) > ALL_PAIRS,
        "pairs": pair_rows(release, groups, tasks, "validation"),
        "held_out_pairs": pair_rows(release, groups, tasks, "held_out"),
    }


def _table(groups, tasks, role):
    """Of each group macro-F1 by task and in the mean, over the seeds that are there, with weighted
    F1 as `weighted`.
    """
    rows = []
    for group in groups:
        results = list(group.results(role).values())
        if not results:
            continue
        means, weighted = seed_summary(results), group.summary(role, "weighted_f1")
        overall = group.summary(role) | {"weighted": weighted}
        cells = [_cell(means.get(task.key)) for task in tasks]
        rows.append((group.label, len(results), [*cells, overall]))
    return rows


def _cell(means):
    """Macro-F1 of a task over the seeds with weighted F1; None where it was not evaluated."""
    if not means or "macro_f1" not in means:
        return None
    return means["macro_f1"] | {"weighted": means.get("weighted_f1")}


def pair_rows(release, groups, tasks, role):
    """Of each pair of configurations the difference in the mean of the tasks, and by task; the
    configuration that is higher in the mean comes first.
    """
    names = {task.key: task for task in tasks}
    pairs = []
    for pair in configuration_pairs(release, groups, role):
        result, overall = pair.by_task(), _overall(pair)
        rows = [
            (names[key], *_difference(row, overall["turned"]))
            for key, row in result["tasks"].items()
            if key in names
        ]
        pairs.append(
            {
                "overall": overall,
                "seeds": result["seeds"],
                "dialogues": result["dialogues"],
                "rows": rows,
                "better": [task for task, _, verdict in rows if verdict == "better"],
                "worse": [task for task, _, verdict in rows if verdict == "worse"],
                "few": any(verdict == "few" for _, _, verdict in rows),
            }
        )
    return pairs


def _overall(pair):
    """Which is higher in the mean of the tasks, by how much, and whether beyond the variance over
    seeds as the printed interval says.
    """
    gain = pair.overall()
    names, turned = [pair.one.label, pair.other.label], gain["mean"] < 0
    if turned:
        names.reverse()
        gain = _turned(gain)
    clear = gain["low"] is not None and round(100 * gain["low"], 1) > 0
    return {
        "higher": names[0], "lower": names[1], "gain": gain, "clear": clear, "turned": turned,
    }  # fmt: skip


def _turned(row):
    """A difference the other way round."""
    known = row["low"] is not None
    return row | {
        **{name: -row[name] for name in ("mean", "gain") if name in row},
        "low": -row["high"] if known else None,
        "high": -row["low"] if known else None,
    }


def _difference(row, turned):
    """The difference in macro-F1 of a task, with that in weighted F1 as `weighted`; its verdict."""
    macro, weighted = row["macro_f1"], row.get("weighted_f1")
    if turned:
        macro, weighted = _turned(macro), weighted and _turned(weighted)
    return macro | {"weighted": weighted}, _verdict(macro)


def _verdict(row):
    if row["p_holm"] is None:
        return "few"
    if row["p_holm"] >= SIGNIFICANT:
        return "open"
    return "better" if row["gain"] > 0 else "worse"
