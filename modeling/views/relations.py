"""What a run learned of how tasks move each other, beside what annotators stated."""

from collections import defaultdict
from statistics import mean

from django.shortcuts import render
from django.utils.translation import gettext as _

from modeling.charts import mix_charts, reading_chart, relation_chart
from modeling.learner_process import lines_of
from modeling.permissions import visible_run_of
from modeling.views.error_analysis import predictions_of
from modeling.views.runs import run_context, tasks_of

MOST_SHADE = 9  # of a cell, see static/css/components/heatmap.css


def relations(request, pk):
    """Of relation gates, for each correlation and by the gold of its two tasks: the mean gate, the
    mean stated strength, their difference, all from -1 to 1, and how many utterances. Of relation
    chains: what becomes of each value of the source. Of reading gates: how much each task reads.
    Of encoders whose layers are mixed: the share of each.
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
    learned = run.results.get("learned", {})
    page = run_context(request, run, "relations") | {
        "maps": maps,
        "where": role,
        "tables": _tables(tasks, learned),
        "reading": reading_chart(tasks, learned.get("reading", {})),
        "mixes": mix_charts(tasks, learned.get("layers", [])),
    }
    return render(request, "modeling/relations.html", page)


def _tables(tasks, learned):
    """(correlation, its source, its target, rows) of the relation chains; a row is a value of the
    source and, for each value of the correlation, the likeliest value of the target.
    """
    found = []
    for key, table in learned.get("tables", {}).items():
        task = tasks[key]
        counts = learned.get("counts", {}).get(key)
        values = tasks[task.target].values
        rows = [
            (source, [_likeliest(values, shares, counts and counts[at][place])
                      for place, shares in enumerate(table[at])])
            for at, source in enumerate(tasks[task.source].values)
        ]  # fmt: skip
        found.append((task, tasks[task.source], tasks[task.target], rows))
    return found


def _likeliest(values, shares, counts):
    """The likeliest value of a target with its share, and the share among the labels of training;
    of equally likely ones the first. What no label supports is not shaded.
    """
    best = max(range(len(values)), key=shares.__getitem__)
    even = 1 / len(values)
    labelled = sum(counts or [])
    return {
        "value": values[best],
        "share": shares[best],
        "step": round(MOST_SHADE * (shares[best] - even) / (1 - even)) if labelled else 0,
        "n": labelled,
        "labelled": counts[best] if labelled else 0,
    }


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
