"""What a chart shows: points by place and series. `<c-chart>` writes it as data to draw and as a
table, so that both always say the same.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import gettext

Kind = Literal["intervals", "lines", "bars", "shares", "heatmap", "histogram"]
Words = str | Promise
Place = Words | int | float | date
MINUS, NONE = "−", "–"
DRAWN_AS_GIVEN = (
    *("kind", "place_axis", "series_axis", "value_axis", "low", "high", "digits", "percent"),
    *("stacked", "upright", "diverging", "smooth"),
)
STEPS = 9  # shades of the cells of a heat map's table
MOST_LETTERS = 36  # of the columns' names of a heat map, beside each other on a phone
LEANING = 60  # pixels for such names where they stand


@dataclass(frozen=True)
class Point:
    """A figure, the ends of its interval, the address of the rows behind it."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    href: str = ""
    note: Words = ""  # beside the figure: "12 of 40"; why there is none or no interval
    seeds: Sequence[float] = ()  # the single results of which the figure is the mean
    shade: float | None = None  # of a cell, if not its value: 0 to 1, diverging -1 to 1


POINT_FIELDS = [field.name for field in fields(Point)]


@dataclass(frozen=True)
class Series:
    """Points, one for each place of the chart, under one name of the legend."""

    name: Words
    points: Sequence[Point]
    hue: str = ""  # a colour of static/js/charts/palette.js ("joy", "towards-2"); else by order
    mark: str = ""  # one character beside the name: a hue is never the only sign


@dataclass(frozen=True)
class Band:
    """A part of the axis of figures that has a meaning: "reliable" from 0.8."""

    start: float
    end: float
    name: Words
    tone: Literal["", "good", "fair"] = ""


@dataclass(frozen=True)
class Cell:
    """A figure in the table of a chart."""

    text: str
    href: str = ""
    step: int | str = ""

    @property
    def html(self) -> SafeString:
        """As it stands in a row. A template for each of some hundred takes ten times as long."""
        words = conditional_escape(self.text)
        shown = f'<a href="{conditional_escape(self.href)}">{words}</a>' if self.href else words
        shade = f' data-step="{self.step}"' if self.step != "" else ""
        return SafeString(f'<td class="n"{shade}>{shown}</td>')


@dataclass(frozen=True)
class Chart:
    """A chart of one kind; docs/development.md has an example of each."""

    kind: Kind
    places: Sequence[Place]  # categories, numbers or times; rows of a heat map
    series: Sequence[Series]  # columns of a heat map
    place_axis: Words = ""
    series_axis: Words = ""  # what the parts of bars are, of shares: "label"
    value_axis: Words = ""  # with its unit: "clips per day"
    low: float | None = None
    high: float | None = None
    bands: Sequence[Band] = ()
    digits: int = 2
    percent: bool = False  # shares, shown as percent
    stacked: bool = False
    upright: bool = False  # bars that stand
    diverging: bool = False  # figures on both sides of nothing, brown to teal
    smooth: bool = False  # a control that smooths the lines
    place_hrefs: Sequence[str] = ()
    room: int = 0  # of the drawing in pixels, where it is not that of its kind

    @property
    def scale(self) -> str:
        """How places lie on their axis: category, value or time."""
        first = self.places[0] if self.places else ""
        if isinstance(first, date):
            return "time"
        return "value" if isinstance(first, int | float) else "category"

    @property
    def names(self) -> list[str]:
        return [place_name(place) for place in self.places]

    @property
    def is_empty(self) -> bool:
        return not any(
            point.value is not None or point.note
            for series in self.series
            for point in series.points
        )

    @property
    def has_legend(self) -> bool:
        return len(self.series) > 1 and self.kind not in ("heatmap", "shares")

    @property
    def height(self) -> int:
        """Of the drawing in pixels, known before anything is drawn."""
        rows, legend = max(len(self.places), 1), len(self.series)
        if self.room:
            return self.room
        if self.kind == "intervals":
            return 70 + max(34, 14 * legend + 8) * rows
        if self.kind == "heatmap":
            return 64 + 38 * rows + (LEANING if self._has_long_columns else 0)
        if self.kind == "shares":
            return 50 + 38 * rows
        if self.kind == "bars" and not self.upright:
            each = 30 if self.stacked else max(28, 12 * legend + 8)
            return 56 + each * rows
        return 280

    @property
    def _has_long_columns(self) -> bool:
        """Whether names of columns, without signs for them, are too long to lie beside each other
        on a small screen.
        """
        if all(series.mark for series in self.series):
            return False
        return sum(map(_letters, (str(series.name) for series in self.series))) > MOST_LETTERS

    @property
    def columns(self) -> list[Words]:
        """The figures of the table."""
        return [self.value_axis] if self.kind == "shares" else [each.name for each in self.series]

    @property
    def data(self) -> dict[str, Any]:
        """What the element draws."""
        known = {name: getattr(self, name) for name in DRAWN_AS_GIVEN}
        return known | {
            "scale": self.scale,
            "zone": get_current_timezone_name(),
            "names": self.names,
            "places": [_plain(place) for place in self.places],
            "bands": [asdict(band) for band in self.bands],
            "series": [
                {
                    "name": series.name,
                    "hue": series.hue,
                    "mark": series.mark,
                    "points": [_short(point) for point in series.points],
                }
                for series in self.series
            ],
            "words": {
                "interval": gettext("95 %"),
                "no_value": gettext("no value"),
                "again": gettext("Press again to see the rows"),
            },
        }

    @property
    def rows(self) -> list[tuple[str, str, list[Cell]]]:
        """The table: name and address of a place, its cells."""
        if self.kind == "shares":
            return [
                (f"{name} · {series.name}", "", [self._cell(series.points[at])])
                for at, name in enumerate(self.names)
                for series in self.series
                if series.points[at].value is not None
            ]
        hrefs = self.place_hrefs or [""] * len(self.places)
        return [
            (name, href, [self._cell(series.points[at]) for series in self.series])
            for at, (name, href) in enumerate(zip(self.names, hrefs, strict=True))
        ]

    def _cell(self, point: Point) -> Cell:
        text = self.figure(point.value)
        if point.low is not None and point.high is not None:
            text += f" [{self.figure(point.low)}, {self.figure(point.high)}]"
        if point.note:
            text = str(point.note) if point.value is None else f"{text} · {point.note}"
        return Cell(text, point.href, self._step(point) if self.kind == "heatmap" else "")

    def figure(self, value: float | None) -> str:
        if value is None:
            return NONE
        shown = 100 * value if self.percent else value
        text = f"{round(shown, self.digits) + 0.0:,.{self.digits}f}".replace("-", MINUS)
        return f"{text} %" if self.percent else text

    def _step(self, point: Point) -> int | str:
        shade = point.value if point.shade is None else point.shade
        if shade is None:
            return ""
        step = round(STEPS * min(abs(shade), 1.0))
        return -step if self.diverging and shade < 0 else step


def place_name(place: Place) -> str:
    """A place in words; times in the zone of the person."""
    if isinstance(place, datetime):
        return localtime(place).strftime("%Y-%m-%d %H:%M")
    return place.isoformat() if isinstance(place, date) else str(place)


def _letters(words: str) -> int:
    """How wide words are: a Chinese character is as wide as two letters."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in words)


def _plain(place: Place) -> str | int | float:
    if isinstance(place, date):
        return place.isoformat()
    return place if isinstance(place, int | float) else str(place)


def _short(point: Point) -> dict[str, Any]:
    """The point without what it does not have."""
    known = ((name, getattr(point, name)) for name in POINT_FIELDS)
    return {name: value for name, value in known if value is not None and value not in ("", ())}
