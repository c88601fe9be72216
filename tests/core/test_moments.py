"""Times as pages show them."""

import datetime

import pytest
from django.template import engines
from django.utils import timezone, translation

AT = datetime.datetime(2026, 11, 27, 6, 30, tzinfo=datetime.UTC)


@pytest.fixture
def shown(monkeypatch):
    """What a filter writes of a time, for somebody in Shanghai."""
    monkeypatch.setattr(timezone, "now", lambda: AT)

    def show(at, way):
        made = engines["django"].from_string("{% load moments %}{{ at|" + way + " }}")
        with timezone.override("Asia/Shanghai"):
            return made.render({"at": at})

    return show


def test_recent_times_are_relative_and_their_title_is_exact(shown):
    earlier = {"minutes": 5}, {"hours": 2}, {"days": 3}, {"days": 20}, {"hours": -2}
    words = [shown(AT - datetime.timedelta(**each), "moment") for each in earlier]
    assert words[0] == (
        '<time datetime="2026-11-27T14:25:00+08:00" title="2026-11-27 14:25:00 CST">'
        "5 minutes ago</time>"
    )
    said = [text.partition(">")[2].removesuffix("</time>") for text in words]
    assert said[1:] == ["2 hours ago", "3 days ago", "2026-11-07 14:30", "2026-11-27 16:30"]
    assert all('title="2026-11-' in text and "CST" in text for text in words)
    with translation.override("zh-hans"):
        assert "3 天前" in shown(AT - datetime.timedelta(days=3), "moment")


def test_sentences_have_the_time_itself(shown):
    assert ">2026-11-27 14:30</time>" in shown(AT, "at_time")
    assert ">14:30</time>" in shown(AT, "at_hour")
    assert ">2026-11-27</time>" in shown(AT, "on_day")
    assert shown(datetime.date(2026, 1, 2), "on_day") == (
        '<time datetime="2026-01-02">2026-01-02</time>'
    )
    assert shown(AT, "exact_time") == "2026-11-27 14:30"
    assert ">2\xa0hours</time>" in shown(AT - datetime.timedelta(hours=2), "how_long")


@pytest.mark.parametrize(
    "way", ["moment", "at_time", "at_hour", "on_day", "how_long", "exact_time"]
)
def test_no_time_is_nothing(shown, way):
    assert shown(None, way) == ""
