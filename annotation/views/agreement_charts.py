"""Charts of agreement: over tasks, time, sources and lengths, rounds, classes, pairs, answers; how
far people differ, and how reliable they are.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

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
            f"{row['word']}, {FEW_DIALOGUES}" if row["few"] else row["word"],
        )
        for row in measures
    ]
    agreement = reverse("agreement", args=[round.pk])
    return _alphas(
        _("task"),
        [named(row["task"]) for row in measures],
        [Series(ALPHA, points)],
        place_hrefs=[f"{agreement}?task={row['task'].key}" for row in measures],
    )


def of_two_rounds(one: Any, other: Any, rows: list[dict[str, Any]]) -> Chart:
    """Alpha of each task in two rounds, as `comparison` of annotation/views/comparison.py gives
    them.
    """

    def point(round: Any, which: str, at: int, row: dict[str, Any]) -> Point:
        low, high = (row["alpha"].get("ends") or NO_ENDS)[at] or (None, None)
        address = items_of(round, task=row["task"].key, kind="differ")
        return Point(row["alpha"][which], low, high, address, units_words(row["units"][at]))

    def points(round: Any, which: str, at: int) -> list[Point]:
        return [point(round, which, at, row) for row in rows]

    series = [
        Series(str(one), points(one, "first", 0)),
        Series(str(other), points(other, "second", 1)),
    ]
    return _alphas(_("task"), [named(row["task"]) for row in rows], series)


def of_differences(rows: list[dict[str, Any]]) -> Chart:
    """Alpha in the second round minus alpha in the first."""
    points = [
        Point(row["alpha"].get("value"), row["alpha"].get("low"), row["alpha"].get("high"),
              note=row["word"])
        for row in rows
    ]  # fmt: skip
    words = _("difference of alpha")
    return Chart(
        "intervals",
        [named(row["task"]) for row in rows],
        [Series(words, points)],
        place_axis=_("task"),
        value_axis=words,
        low=-0.2,
        high=0.2,
        bands=(Band(-2.0, 0.0, _("lower")), Band(0.0, 2.0, _("higher"), "good")),
    )


def items_of(round: Any, **query: Any) -> str:
    """The address of the items behind a figure."""
    return f"{reverse('items', args=[round.pk])}?{urlencode(query)}"


NO_ENDS = (None, None)  # of reports that were computed before intervals of single rounds
HUES = {
    **{"amber": "joy", "blue": "sadness", "orange": "anger", "pink": "fear"},
    **{"green": "surprise", "olive": "disgust", "grey": "neutral"},
    **{"brown": "against-2", "teal": "towards-2"},
}
PLAIN = {"neutral": "neutral", "no": "none"}  # values that say that there is nothing
DIVERGING = ("against-2", "against-1", "none", "towards-1", "towards-2")


def over_time(round: Any, task: Task, rows: list[dict[str, Any]]) -> Chart:
    """Alpha of a task in periods of the round, each at the time of its last submission."""
    return Chart(
        "lines",
        [row["span"][1] for row in rows],
        [Series(ALPHA, [_of_row(round, task, row) for row in rows])],
        place_axis=_("end of the period"),
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
        [Series(ALPHA, [_of_row(round, task, row) for row in rows])],
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
    places = [_signed(value) for value, _found in classes]
    return _alphas(_("class"), places, [Series(ALPHA, points)])


def of_rounds(task: Task, rows: list[tuple[Any, Any]]) -> Chart:
    """Alpha of the same task in rounds of a corpus."""
    points = [
        Point(
            measure.alpha["value"],
            href=f"{reverse('agreement', args=[round.pk])}?task={task.key}",
            note=units_words(measure.units),
        )
        for round, measure in rows
    ]
    return _alphas(_("round"), [str(round) for round, _measure in rows], [Series(ALPHA, points)])


def _alphas(words: Any, places: list[str], series: list[Series], **more: Any) -> Chart:
    return Chart(
        "intervals",
        places,
        series,
        place_axis=words,
        value_axis=ALPHA,
        low=0.0,
        high=1.0,
        bands=BANDS,
        **more,
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


def distribution(round: Any, totals: Any) -> Chart:
    """What all annotators chose, a bar a task."""
    tasks = [task for task in totals.scheme.tasks if totals.given(task)]
    series = []
    for row, task in enumerate(tasks):
        counts = [int(count) for count in sum(totals.given(task).values())]
        whole = sum(counts)
        for at, value in enumerate(task.values):
            address = items_of(round, task=task.key, value=value.key)
            point = Point(counts[at] / whole, href=address, note=f"{counts[at]} / {whole}")
            points = [point if each == row else Point() for each in range(len(tasks))]
            hue = hue_of(task, at) or f"hue-{at % 8 + 1}"
            series.append(Series(named(value), points, hue, value.mark))
    return Chart(
        "shares",
        [named(task) for task in tasks],
        series,
        place_axis=_("task"),
        series_axis=_("label"),
        value_axis=_("share of annotations"),
        low=0.0,
        high=1.0,
        digits=1,
        percent=True,
    )


def hue_of(task: Task, at: int) -> str:
    """The colour of a value in charts: its own, of ordered ones from brown to teal."""
    value = task.values[at]
    if task.scale == "ordinal" and 2 < len(task.values) <= len(DIVERGING):
        places = [0, 2, 4] if len(task.values) == 3 else [0, 1, 3, 4]
        return DIVERGING[at if len(task.values) == len(DIVERGING) else places[at]]
    return PLAIN.get(value.key) or HUES.get(colour(value), "")


def co_occurrence(round: Any, task: Task, joint: Any) -> tuple[Chart, Chart] | None:
    """Of a correlation, by the values of both parents: how many judgements, and their mean."""
    total = joint.sum(axis=2)
    if not total.sum():
        return None
    source, target = (round.scheme[parent] for parent in task.parents)
    weights = _numbers(task)
    most, strongest = total.max(), max(map(abs, weights))
    means = joint @ weights

    def address(i: int, j: int) -> str:
        parents = {"source_value": source.keys[i], "target_value": target.keys[j]}
        return items_of(round, task=task.key, **parents) if total[i, j] else ""

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
        lambda i, j: Point(float(total[i, j]), href=address(i, j), shade=float(total[i, j] / most)),
        digits=0,
    )

    def mean(i: int, j: int) -> Point:
        n = int(total[i, j])
        value = float(means[i, j] / n) if n else None
        shade = value / strongest if value is not None and strongest else None
        return Point(value, href=address(i, j), note=f"n = {n}" if n else "", shade=shade)

    return counts, chart(mean, diverging=True, digits=1)


def confusion(round: Any, task: Task, rows: list[Any]) -> Chart:
    """Of pairs of annotations of an utterance, how the second falls given the first."""
    columns = [
        Series(
            named(other),
            [
                Point(
                    float(share),
                    href=items_of(round, task=task.key, value=value.key, other=other.key),
                )
                for value, cells in rows
                for _other, _n, share, _step in [cells[at]]
            ],
            mark=other.mark,
        )
        for at, other in enumerate(task.values if rows else ())
    ]
    return Chart(
        "heatmap",
        [_signed(value) for value, _cells in rows],
        columns,
        place_axis=_("one annotation"),
        value_axis=_("another annotation"),
        percent=True,
        digits=0,
    )


def pairs(task: Task, rows: list[Any]) -> Chart:
    """Cohen's kappa of each pair of annotators; a cell leads to their confusion matrix."""

    def point(person: Any, other: Any, cell: Any) -> Point:
        if cell is None:
            return Point()
        low, high = cell["ends"] or (None, None)
        query = urlencode({"task": task.key, "a": person["key"], "b": other["key"]})
        shade = None if cell["value"] is None else max(cell["value"], 0.0)
        return Point(
            cell["value"], low, high, f"?{query}#pair", units_words(cell["units"]), shade=shade
        )

    columns = [
        Series(person["name"], [point(each, person, cells[at][1]) for each, cells in rows])
        for at, (person, _cells) in enumerate(rows)
    ]
    return Chart("heatmap", [person["name"] for person, _cells in rows], columns)


def of_pair(round: Any, task: Task, pair: dict[str, Any]) -> Chart:
    """What two annotators called the same utterances."""
    address = f"{reverse('items', args=[round.pk])}?{pair['query']}"

    def point(value: Value, other: Value, n: float, share: float) -> Point:
        values = urlencode({"va": value.key, "vb": other.key})
        return Point(float(n), href=f"{address}&{values}" if n else "", shade=float(share))

    columns = [
        Series(
            named(other),
            [point(value, other, *cells[at][1:3]) for value, cells in pair["cells"]],
            mark=other.mark,
        )
        for at, other in enumerate(task.values)
    ]
    return Chart(
        "heatmap",
        [_signed(value) for value, _cells in pair["cells"]],
        columns,
        place_axis=pair["a"]["name"],
        value_axis=pair["b"]["name"],
        digits=0,
    )


def disagreement(address: str, counts: Sequence[tuple[str, str, int]]) -> Chart:
    """How far people differ on the items of a list: (name, query, count) of each bin."""
    points = [
        Point(count, href=f"{address}&disagreement={query}" if count else "")
        for _name, query, count in counts
    ]
    return Chart(
        "histogram",
        [name for name, _query, _count in counts],
        [Series(_("utterances"), points)],
        place_axis=_("disagreement"),
        value_axis=_("utterances"),
        digits=0,
        room=170,
    )


def reliability(round: Any, task: Task, rows: list[Any]) -> Chart:
    """The estimated accuracy of each annotator in a task, the most accurate first."""
    address = items_of(round, task=task.key, kind="differ")
    points = [Point(row["accuracy"], row["low"], row["high"], address) for _person, row in rows]
    return Chart(
        "intervals",
        [str(person) for person, _row in rows],
        [Series(_("accuracy"), points)],
        place_axis=_("annotator"),
        value_axis=_("estimated accuracy"),
        low=0.0,
        high=1.0,
    )


def _numbers(task: Task) -> list[float]:
    """The values of a correlation as numbers; by their order where the keys are none."""
    try:
        return [float(key) for key in task.keys]
    except ValueError:
        return [at - (len(task.keys) - 1) / 2 for at in range(len(task.keys))]


def _signed(value: Value) -> str:
    return f"{value.mark} {named(value)}".strip()
