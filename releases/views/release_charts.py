"""Charts of releases: how they grew, their agreement, how labels fell into the splits."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.templatetags.scheme import named
from annotation.views.agreement_charts import ALPHA, BANDS
from core.charts import Chart, Point, Series
from releases.splits import SPLITS


def growth(releases: Sequence[Any]) -> Chart:
    """Dialogues by version, the oldest first, in the splits in which they are."""
    rows = [row for row in reversed(releases) if row.summary.get("dialogues")]
    counts = [row.summary["dialogues"] for row in rows]

    def points(split: str) -> list[Point]:
        return [
            Point(
                float(count.get(split, 0) if isinstance(count, dict) else count),
                href=reverse("release", args=[row.pk]),
            )
            for row, count in zip(rows, counts, strict=True)
        ]

    parted = all(isinstance(count, dict) for count in counts)
    series = [Series(split, points(split)) for split in SPLITS] if parted else []
    return Chart(
        "bars",
        [row.version for row in rows],
        series or [Series(_("dialogues"), points(""))],
        place_axis=_("version"),
        value_axis=_("dialogues"),
        digits=0,
        stacked=True,
        upright=True,
    )


def agreement_over_versions(rows: Sequence[tuple[Any, Sequence[dict[str, Any]]]]) -> Chart:
    """Alpha of each task from version to version, of (release, its frozen coefficients), the oldest
    first; a task is called as it was in the newest release that has it.
    """
    names = {row["task"].key: named(row["task"]) for _release, found in rows for row in found}
    by_task = [{row["task"].key: row for row in found} for _release, found in rows]

    def point(release: Any, row: dict[str, Any] | None) -> Point:
        if row is None:
            return Point()
        address = reverse("release", args=[release.pk])
        return Point(row["value"], row.get("low"), row.get("high"), address)

    series = [
        Series(
            name,
            [point(row[0], found.get(key)) for row, found in zip(rows, by_task, strict=True)],
        )
        for key, name in names.items()
    ]
    return Chart(
        "lines",
        [release.version for release, _found in rows],
        series,
        place_axis=_("version"),
        value_axis=ALPHA,
        low=0.0,
        high=1.0,
        bands=BANDS,
    )


def agreement(rows: Sequence[dict[str, Any]]) -> Chart:
    """Alpha of each task as it was frozen."""
    points = [Point(row["value"], row.get("low"), row.get("high")) for row in rows]
    return Chart(
        "intervals",
        [named(row["task"]) for row in rows],
        [Series(ALPHA, points)],
        place_axis=_("task"),
        value_axis=ALPHA,
        low=0.0,
        high=1.0,
        bands=BANDS,
    )


def label_distributions(spread: Sequence[dict[str, Any]]) -> list[tuple[str, Chart]]:
    """For each task into which splits the labels of each value fell."""
    found = []
    tasks = {row["task"].key: row["task"] for row in spread}
    for task in tasks.values():
        rows = [row for row in spread if row["task"].key == task.key]
        series = [
            Series(split, [Point(row["shares"][at]) for row in rows])
            for at, split in enumerate(SPLITS)
        ]
        chart = Chart(
            "bars",
            [named(row["value"]) for row in rows],
            series,
            place_axis=_("value"),
            value_axis=_("share of labels"),
            low=0.0,
            high=1.0,
            digits=1,
            percent=True,
            stacked=True,
        )
        found.append((named(task), chart))
    return found
