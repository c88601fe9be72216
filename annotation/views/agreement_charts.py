"""Charts of agreement: over tasks, time, sources and lengths, rounds, classes, pairs, answers."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.agreement.coefficients import RELIABLE, TENTATIVE
from annotation.templatetags.scheme import named
from core.charts import Band, Chart, Point, Series

BANDS = (
    Band(-1.0, TENTATIVE, _("not reliable")),
    Band(TENTATIVE, RELIABLE, _("tentative"), "fair"),
    Band(RELIABLE, 1.0, _("reliable"), "good"),
)
ALPHA = _("Krippendorff's alpha")


def of_tasks(round: Any, measures: list[dict[str, Any]]) -> Chart:
    """Alpha of each task of a round, as `drawn_measures` gives them."""
    points = [
        Point(
            row["alpha"]["value"],
            row["alpha"]["low"],
            row["alpha"]["high"],
            items_of(round, task=row["task"].key, kind="differ"),
            row["word"] if row["alpha"]["value"] is None else "",
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
