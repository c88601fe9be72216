"""Charts: what is drawn and what the table says are the same figures."""

from datetime import UTC, date, datetime

from django.test import RequestFactory, override_settings
from django.utils import timezone
from django_cotton import render_component

from core.charts import Band, Chart, Point, Series


def intervals(**more):
    points = [Point(0.7234, 0.65, 0.8, href="/rows/?task=emotion"), Point(note="too few units")]
    return Chart("intervals", ["emotion", "humor"], [Series("alpha", points)], **more)


def test_table_and_data_hold_the_same_points():
    chart = intervals(place_axis="task", bands=[Band(0.8, 1.0, "reliable", "good")])
    assert chart.data["series"][0]["points"] == [
        {"value": 0.7234, "low": 0.65, "high": 0.8, "href": "/rows/?task=emotion"},
        {"note": "too few units"},
    ]
    [(emotion, _, [first]), (_, _, [second])] = chart.rows
    assert (emotion, first.text, first.href) == (
        "emotion",
        "0.72 [0.65, 0.80]",
        "/rows/?task=emotion",
    )
    assert second.text == "too few units"


def test_figures_are_written_as_people_read_them():
    chart = Chart("bars", ["a"], [], percent=True, digits=1)
    assert chart.figure(0.1234) == "12.3 %"
    assert chart.figure(None) == "–"
    assert intervals().figure(-0.5) == "−0.50"
    assert intervals().figure(-0.001) == "0.00"


def test_times_are_those_of_the_person():
    at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    chart = Chart("lines", [at], [Series("alpha", [Point(0.5)])])
    with timezone.override("Asia/Shanghai"):
        assert chart.names == ["2026-03-02 07:30"]
        assert (chart.scale, chart.data["zone"]) == ("time", "Asia/Shanghai")
    assert Chart("lines", [date(2026, 3, 1)], []).names == ["2026-03-01"]
    assert Chart("lines", [1, 2], []).scale == "value"
    assert Chart("lines", ["one"], []).scale == "category"


def test_cells_of_a_heat_map_are_shaded_to_both_sides():
    columns = [Series("joy", [Point(-0.4)]), Series("anger", [Point(12, shade=1.0)])]
    chart = Chart("heatmap", ["sarcasm"], columns, diverging=True)
    assert [cell.step for cell in chart.rows[0][2]] == [-4, 9]


def test_a_cell_of_the_table_escapes_what_it_shows():
    point = Point(0.5, href="/rows/?a=1&b=<x>", note='<i>"few"</i>')
    chart = Chart("heatmap", ["sarcasm"], [Series("joy", [point])])
    assert chart.rows[0][2][0].html == (
        '<td class="n" data-step="4"><a href="/rows/?a=1&amp;b=&lt;x&gt;">'
        "0.50 · &lt;i&gt;&quot;few&quot;&lt;/i&gt;</a></td>"
    )
    assert Chart("bars", ["a"], [Series("n", [Point()])]).rows[0][2][0].html == (
        '<td class="n">–</td>'
    )


def test_shares_have_a_row_for_each_part_of_each_place():
    parts = [
        Series("yes", [Point(0.25, href="/yes/"), Point()]),
        Series("no", [Point(0.75), Point()]),
        Series("joy", [Point(), Point(1.0)]),
    ]
    chart = Chart("shares", ["sarcasm", "emotion"], parts, value_axis="share", percent=True)
    rows = [(name, cell.text, cell.href) for name, _href, [cell] in chart.rows]
    assert rows == [
        ("sarcasm · yes", "25.00 %", "/yes/"),
        ("sarcasm · no", "75.00 %", ""),
        ("emotion · joy", "100.00 %", ""),
    ]
    assert chart.columns == ["share"] and not chart.has_legend


def test_long_names_of_columns_have_room_to_stand():
    short, long = ([Series(name, [Point(0.5)]) for name in names] for names in ("abc", ["名" * 20]))
    rooms = [Chart("heatmap", ["a"], columns).height for columns in (short, long)]
    assert rooms[0] < rooms[1]


def test_a_chart_without_figures_is_not_shown():
    empty = Chart("bars", ["a"], [Series("n", [Point()])])
    assert empty.is_empty and not intervals().is_empty
    assert "<data-chart" not in render_chart(empty)


@override_settings(LANGUAGE_CODE="en")
def test_the_component_holds_data_table_and_room():
    page = render_chart(intervals(place_axis="<task>"))
    assert '<script type="application/json">' in page
    assert "&lt;task&gt;" in page and "<task>" not in page
    assert f'height="{intervals().height}"' in page
    assert "0.72 [0.65, 0.80]" in page and 'href="/rows/?task=emotion"' in page


def render_chart(chart):
    return render_component(RequestFactory().get("/"), "chart", {"chart": chart}, title="T")
