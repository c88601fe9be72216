"""Charts of agreement: over tasks, time, sources and lengths, rounds, classes, pairs, answers."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from annotation.agreement.coefficients import RELIABLE, TENTATIVE
from annotation.scheme import Task, Value
from annotation.templatetags.scheme import colour, named
from core.charts import Band, Chart, Point, Series

BANDS = (
    Band(-1.0, TENTATIVE, _("not reliable")),
    Band(TENTATIVE, RELIABLE, _("tentative"), "fair"),
    Band(RELIABLE, 1.0, _("reliable"), "good"),
)
ALPHA = _("Krippendorff's alpha")
FEW_DIALOGUES = _("too few dialogues for an interval")


def of_tasks(round: Any, measures: list[dict[str, Any]]) -> Chart:
    """Alpha of each task of a round, as `drawn_measures` gives them."""
    points = [
        Point(
            row["alpha"]["value"],
            row["alpha"]["low"],
            row["alpha"]["high"],
            items_of(round, task=row["task"].key, kind="differ"),
            row["word"] if row["alpha"]["value"] is None else FEW_DIALOGUES if row["few"] else "",
        )
        for row in measures
    ]
    return Chart(
        "intervals",
        [named(row["task"]) for row in measures],
        [Series(ALPHA, points)],
        place_axis=_("task"),
        value_axis=ALPHA,
        low=0.0,
        high=1.0,
        bands=BANDS,
        place_hrefs=[
            f"{reverse('agreement', args=[round.pk])}?task={row['task'].key}" for row in measures
        ],
    )


def items_of(round: Any, **query: Any) -> str:
    """The address of the items behind a figure."""
    return f"{reverse('items', args=[round.pk])}?{urlencode(query)}"


HUES = {
    **{"amber": "joy", "blue": "sadness", "orange": "anger", "pink": "fear"},
    **{"green": "surprise", "olive": "disgust", "grey": "neutral"},
    **{"brown": "against-2", "teal": "towards-2"},
}
DIVERGING = ("against-2", "against-1", "none", "towards-1", "towards-2")


def over_time(round: Any, task: Task, rows: list[dict[str, Any]]) -> Chart:
    """Alpha of a task in periods of the round, each at the time of its last submission."""
    return Chart(
        "lines",
        [row["span"][1] for row in rows],
        [Series(ALPHA, [_of_row(round, task, row) for row in rows])],
        place_axis=pgettext_lazy("a time", "to"),
        value_axis=ALPHA,
        low=0.0,
        high=1.0,
        bands=BANDS,
    )


def by_group(round: Any, task: Task, words: Any, rows: list[dict[str, Any]]) -> Chart:
    """Alpha of a task in the parts of a round: sources, speakers, lengths."""
    return _alphas(
        words,
        [row["name"] for row in rows],
        [_of_row(round, task, row) for row in rows],
    )


def by_class(round: Any, task: Task, classes: list[tuple[Value, dict[str, Any]]]) -> Chart:
    """Alpha of each value against all others."""
    points = [
        Point(
            found["value"],
            found.get("low"),
            found.get("high"),
            items_of(round, task=task.key, value=value.key, kind="differ"),
        )
        for value, found in classes
    ]
    return _alphas(_("class"), [_signed(value) for value, _found in classes], points)


def of_rounds(task: Task, rows: list[tuple[Any, Any, Any]]) -> Chart:
    """Alpha of the same task in rounds of a corpus."""
    return _alphas(
        _("round"),
        [str(round) for round, _measure, _at in rows],
        [
            Point(
                measure.alpha["value"],
                href=f"{reverse('agreement', args=[round.pk])}?task={task.key}",
                note=units_words(measure.units),
            )
            for round, measure, _at in rows
        ],
    )


def _alphas(words: Any, places: list[str], points: list[Point]) -> Chart:
    return Chart(
        "intervals",
        places,
        [Series(ALPHA, points)],
        place_axis=words,
        value_axis=ALPHA,
        low=0.0,
        high=1.0,
        bands=BANDS,
    )


def _of_row(round: Any, task: Task, row: dict[str, Any]) -> Point:
    low, high = row.get("ends") or (None, None)
    note = units_words(row["units"])
    if row["value"] is not None and low is None:
        note = f"{note}, {FEW_DIALOGUES}"
    query = f"task={task.key}&{row['query']}"
    return Point(row["value"], low, high, f"{reverse('items', args=[round.pk])}?{query}", note)


def units_words(number: int) -> str:
    return ngettext("%(n)d unit", "%(n)d units", number) % {"n": number}


def labels(task: Task, given: list[tuple[str, int, list[tuple[Value, int, Any]]]]) -> Chart:
    """How often each annotator chose each value, as shares."""
    series = [
        Series(
            named(value),
            [
                Point(cells[at][1] / total if total else None, note=f"{cells[at][1]} / {total}")
                for _name, total, cells in given
            ],
            hue_of(task, at),
            value.mark,
        )
        for at, value in enumerate(task.values)
    ]
    return Chart(
        "bars",
        [name for name, _total, _cells in given],
        series,
        place_axis=_("annotator"),
        value_axis=_("share of annotations"),
        low=0.0,
        high=1.0,
        digits=1,
        percent=True,
        stacked=True,
    )


def hue_of(task: Task, at: int) -> str:
    """The colour of a value in charts: its own, of ordered ones from brown to teal."""
    value = task.values[at]
    if task.scale == "ordinal" and 2 < len(task.values) <= len(DIVERGING):
        places = [0, 2, 4] if len(task.values) == 3 else [0, 1, 3, 4]
        return DIVERGING[at if len(task.values) == len(DIVERGING) else places[at]]
    return "neutral" if value.key == "neutral" else HUES.get(colour(value), "")


def co_occurrence(round: Any, task: Task, joint: Any) -> tuple[Chart, Chart] | None:
    """Of a correlation, by the values of both parents: how many judgements, and their mean."""
    total = joint.sum(axis=2)
    if not total.sum():
        return None
    source, target = (round.scheme[parent] for parent in task.parents)
    weights = _numbers(task)
    most, strongest = total.max(), max(map(abs, weights))
    means = joint @ weights

    def chart(point: Any, **more: Any) -> Chart:
        columns = [
            Series(named(value), [point(i, j) for i in range(len(source.values))], mark=value.mark)
            for j, value in enumerate(target.values)
        ]
        return Chart(
            "heatmap",
            [_signed(value) for value in source.values],
            columns,
            place_axis=named(source),
            value_axis=named(target),
            **more,
        )

    counts = chart(
        lambda i, j: Point(float(total[i, j]), shade=float(total[i, j] / most)), digits=0
    )

    def mean(i: int, j: int) -> Point:
        n = int(total[i, j])
        value = float(means[i, j] / n) if n else None
        shade = value / strongest if value is not None and strongest else None
        return Point(value, note=f"n = {n}" if n else "", shade=shade)

    return counts, chart(mean, diverging=True, digits=1)


def _numbers(task: Task) -> list[float]:
    """The values of a correlation as numbers; by their order where the keys are none."""
    try:
        return [float(key) for key in task.keys]
    except ValueError:
        return [at - (len(task.keys) - 1) / 2 for at in range(len(task.keys))]


def _signed(value: Value) -> str:
    return f"{value.mark} {named(value)}".strip()
