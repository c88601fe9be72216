"""The relation gates that a run learned, beside the correlations that annotators stated."""

from collections import defaultdict
from statistics import mean

from django.shortcuts import render
from django.utils.translation import gettext as _

from modeling.charts import relation_chart
from modeling.learner_process import lines_of
from modeling.views.error_analysis import predictions_of
from modeling.views.runs import run_context, tasks_of, visible_run_of


def relations(request, pk):
    """Of each correlation, by the gold of its two tasks: the mean gate, the mean stated strength,
    their difference, all from -1 to 1, and how many utterances.
    """
    run = visible_run_of(request, pk)
    role, path = predictions_of(request, run)
    gates = {row["id"]: row["gates"] for row in lines_of(path)}
    gold = {
        row["id"]: row["gold"]
        for row in lines_of(run.release.directory / "utterances.jsonl")
        if row["id"] in gates
    }
    tasks = {task.key: task for task in tasks_of(run.release)}
    maps = [
        (task, _charts(run, role, (tasks[task.source], tasks[task.target]),
                       _map(task, tasks, gates, gold)))
        for task in tasks.values()
        if task.is_correlation and any(task.key in by_task for by_task in gates.values())
    ]  # fmt: skip
    page = run_context(request, run, "relations") | {"maps": maps, "where": role}
    return render(request, "modeling/relations.html", page)


def _charts(run, role, tasks, rows):
    """(title, chart) of what was learned, of what was annotated, and of their difference."""
    titles = {
        "learned": _("learned (gate)"),
        "stated": _("annotated"),
        "apart": _("learned minus annotated"),
    }
    return [(title, relation_chart(run, role, tasks, rows, name)) for name, title in titles.items()]


def _map(task, tasks, gates, gold):
    """Rows by value of the source: cells by value of the target."""
    middle = (len(task.keys) - 1) / 2
    learned, stated = defaultdict(list), defaultdict(list)
    for utterance, by_task in gates.items():
        labels = gold.get(utterance, {})
        cell = labels.get(task.source), labels.get(task.target)
        if None in cell or task.key not in by_task:
            continue
        learned[cell].append(by_task[task.key])
        if task.key in labels:
            stated[cell].append((task.keys.index(labels[task.key]) - middle) / middle)
    return [
        (source, [_cell(learned[source.key, target.key], stated[source.key, target.key])
                  for target in tasks[task.target].values])
        for source in tasks[task.source].values
    ]  # fmt: skip


def _cell(learned, stated):
    """Three means, None where there is nothing; and how many utterances."""
    own, people = (mean(values) if values else None for values in (learned, stated))
    apart = own - people if own is not None and people is not None else None
    return {"n": len(learned), "learned": own, "stated": people, "apart": apart}
