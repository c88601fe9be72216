"""Charts of runs and experiments: learning curves, scores with intervals, confusion, trials."""

import itertools
from collections import defaultdict
from dataclasses import replace
from statistics import mean
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from annotation.templatetags.scheme import named
from core.charts import Chart, Point, Series
from modeling.run_configuration import MODALITY_NAMES
from modeling.search_trials import validation_scores
from modeling.templatetags.figures import no_interval

DIGITS, HUES = 3, 8


def loss_curves(tasks, epochs):
    """The training loss of each task and in the mean, epoch by epoch."""
    lines = {_("all tasks"): [event["loss"] for event in epochs]}
    lines |= {named(task): [event["losses"].get(task.key) for event in epochs] for task in tasks}
    return _curves(epochs, lines, _("training loss"))


def score_curves(tasks, epochs):
    """Macro-F1 on the validation set of each task and in the mean, epoch by epoch."""
    scores = [event["validation_macro_f1"] for event in epochs]
    lines = {_("mean"): [mean(row.values()) if row else None for row in scores]}
    lines |= {named(task): [row.get(task.key) for row in scores] for task in tasks}
    return _curves(epochs, lines, _("macro-F1 on the validation set"), low=0.0, high=1.0)


def _curves(epochs, lines, axis, **ends):
    series = [
        Series(name, [Point(value) for value in values])
        for name, values in lines.items()
        if any(value is not None for value in values)
    ]
    places = [event["epoch"] for event in epochs]
    return Chart(
        "lines", places, series, place_axis=_("epoch"), value_axis=axis, digits=DIGITS,
        smooth=True, **ends,
    )  # fmt: skip


def experiment_curves(groups):
    """Mean macro-F1 on the validation set by epoch: a line a run, a colour a configuration."""
    lines = [
        (number, f"{run.recipe} {group.letter}".strip() + f" · {run.seed}",
         validation_scores(run.events()))
        for number, group in enumerate(groups)
        for run in group.runs
    ]  # fmt: skip
    lines = [line for line in lines if line[2]]
    longest = max((len(scores) for *_rest, scores in lines), default=0)
    series = [
        Series(
            name,
            [Point(value) for value in itertools.chain(scores, [None] * (longest - len(scores)))],
            hue=f"hue-{number % HUES + 1}",
        )
        for number, name, scores in lines
    ]
    return Chart(
        "lines", list(range(1, longest + 1)), series, place_axis=_("epoch"),
        value_axis=_("mean macro-F1 on the validation set"), digits=DIGITS, smooth=True,
    )  # fmt: skip


def comparison_chart(table, tasks, runs):
    """Macro-F1 of each configuration by task and in the mean: means over the seeds with intervals,
    each seed a point. `table` is what the page shows below it; `runs` has a run of each
    configuration, by its label, to which its points lead.
    """
    places = [_("mean"), *(named(task) for task in tasks)]
    series = []
    for label, _seeds, (*cells, overall) in table:
        href = reverse("run", args=[runs[label].pk])
        points = [replace(summary_point(cell), href=href) for cell in (overall, *cells)]
        series.append(Series(label, points))
    return Chart(
        "intervals", places, series, place_axis=_("task"), value_axis=_("macro-F1"),
        low=0.0, high=1.0, digits=DIGITS,
    )  # fmt: skip


def summary_point(summary):
    """A mean over seeds as a point: with its interval, or with the reason why it has none."""
    if not summary:
        return Point(note=_("not evaluated"))
    seeds = summary["values"] if summary["n"] > 1 else ()
    note = no_interval(summary) if summary["n"] > 1 else ""
    return Point(summary["mean"], summary["low"], summary["high"], seeds=seeds, note=note)


def score_chart(run, where, rows, by_task, people):
    """Macro-F1 of a run by task beside the majority baseline and, with `people`, one annotator;
    `by_task` has the figures over its seeds, where there are several.
    """
    rows = [(task, row) for task, row, _classes in rows if row]
    errors = reverse("run_errors", args=[run.pk])
    hrefs = [f"{errors}?{urlencode({'where': where, 'task': task.key})}" for task, _row in rows]
    own = [
        replace(
            summary_point(by_task[task.key]) if task.key in by_task else Point(row["macro_f1"]),
            href=href,
        )
        for (task, row), href in zip(rows, hrefs, strict=True)
    ]
    series = [Series(_("this run, over its seeds") if by_task else _("this run"), own)]
    majority = [Point(row["majority_macro_f1"]) for _task, row in rows]
    series.append(Series(_("majority baseline"), majority, hue="soft"))
    if people:
        human = [Point((row.get("human") or {}).get("macro_f1")) for _task, row in rows]
        series.append(Series(_("one annotator"), human))
    return Chart(
        "intervals", [named(task) for task, _row in rows], series, place_axis=_("task"),
        value_axis=_("macro-F1"), low=0.0, high=1.0, digits=DIGITS,
        place_hrefs=hrefs,
    )  # fmt: skip


def confusion_chart(run, where, task, row):
    """How often each gold value was predicted as each value; a cell leads to its clips."""
    address = reverse("run_errors", args=[run.pk])
    totals = [sum(counts) for counts in row["confusion"]]

    def cell(gold, predicted):
        count = row["confusion"][gold][predicted]
        query = {"where": where, "task": task.key, "gold": task.keys[gold],
                 "predicted": task.keys[predicted], "all": 1}  # fmt: skip
        share = count / totals[gold] if totals[gold] else 0.0
        return Point(count, href=f"{address}?{urlencode(query)}" if count else "", shade=share)

    places = range(len(task.values))
    return Chart(
        "heatmap",
        [named(value) for value in task.values],
        [Series(named(task.values[said]), [cell(gold, said) for gold in places],
                mark=task.values[said].mark)
         for said in places],
        place_axis=_("gold label"),
        value_axis=_("predicted"),
        digits=0,
    )  # fmt: skip


def relation_chart(run, where, tasks, rows, name):
    """A map of gates or stated correlations, from -1 to 1, by the gold of the two tasks; a cell
    leads to its clips.
    """
    source, target = tasks
    address = reverse("run_errors", args=[run.pk])

    def cell(value, other, found):
        if found[name] is None:
            return Point()
        query = {"where": where, "task": target.key, "gold": other.key,
                 "given": f"{source.key}:{value.key}", "all": 1}  # fmt: skip
        utterances = _("%(n)s utterances") % {"n": found["n"]}
        return Point(found[name], href=f"{address}?{urlencode(query)}", note=utterances)

    return Chart(
        "heatmap",
        [named(value) for value in source.values],
        [Series(named(other), [cell(value, other, cells[at]) for value, cells in rows],
                mark=other.mark)
         for at, other in enumerate(target.values)],
        place_axis=named(source),
        value_axis=named(target),
        low=-1.0,
        high=1.0,
        diverging=True,
    )  # fmt: skip


def reading_chart(tasks, reading):
    """How much each task reads of each modality, 1 on average, and of the dialogue, 0 to 2; None
    where there are no reading gates.
    """
    if not reading:
        return None
    modalities = list(next(iter(reading.values()))["modalities"])
    series = [
        Series(MODALITY_NAMES[name], [Point(row["modalities"][name]) for row in reading.values()])
        for name in modalities
    ]
    series.append(Series(_("dialogue context"), [Point(r["context"]) for r in reading.values()]))
    return Chart(
        "heatmap",
        [named(tasks[key]) for key in reading],
        series,
        place_axis=_("task"),
        value_axis=_("how much it reads"),
        low=0.0,
        high=float(max(len(modalities), 2)),
    )


def mix_charts(tasks, rows):
    """(modality, scale, chart) of each encoder whose layers are mixed: the share of each layer, 0
    is before the first; a line a task where each has a network of its own.
    """
    by_modality = defaultdict(list)
    for row in rows:
        by_modality[row["modality"]].append(row)
    found = []
    for modality, own in by_modality.items():
        series = [
            Series(named(tasks[row["task"]]) if row["task"] else _("share"),
                   [Point(share) for share in row["shares"]])
            for row in own
        ]  # fmt: skip
        chart = Chart(
            "bars" if len(own) == 1 else "lines",
            [str(n) for n in range(len(own[0]["shares"]))], series, place_axis=_("layer"),
            value_axis=_("share of the mix"), low=0.0, digits=DIGITS, upright=True,
        )  # fmt: skip
        scale = own[0]["scale"] if len(own) == 1 else None
        found.append((MODALITY_NAMES[modality], scale, chart))
    return found


def trial_chart(rows):
    """The score of each trial of a search in its order, and the best so far."""
    ended = sorted((row for row in rows if row["trial"].state != "running"),
                   key=lambda row: row["number"])  # fmt: skip
    values = [row["trial"].value for row in ended]
    best = list(itertools.accumulate(values, _higher))
    own = [
        Point(row["trial"].value, href=reverse("run", args=[row["run"].pk]),
              note="" if row["trial"].value is not None else _("ended early"))
        for row in ended
    ]  # fmt: skip
    return Chart(
        "lines", [row["number"] for row in ended],
        [Series(_("trial"), own), Series(_("best so far"), [Point(value) for value in best])],
        place_axis=_("trial"), value_axis=_("mean macro-F1 on the validation set"), digits=DIGITS,
    )  # fmt: skip


def _higher(one, other):
    return other if one is None else one if other is None else max(one, other)
