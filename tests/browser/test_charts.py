"""A chart: drawn under the content security policy, read as a table, taken away, led on from."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_agreement import judge_all
from tests.factories import make_corpus, make_dialogue, make_member, make_person, open_round

WATCH_SHIFTS = """
window.shifts = []
new PerformanceObserver((found) => window.shifts.push(...found.getEntries()))
  .observe({ type: "layout-shift", buffered: true })
"""
SHIFTS_BY_CHARTS = """shifts.filter(({ sources }) =>
  sources.some(({ node }) => node?.parentElement?.closest("data-chart"))).length"""
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_chart_is_drawn_read_taken_away_and_leads_on(sign_in):
    corpus = make_corpus(make_person("lead"))
    for _ in range(4):
        make_dialogue(corpus, size=3)
    opened = open_round(corpus, [make_member(corpus) for _ in range(2)])
    judge_all(opened, 0.4, 1)
    page = sign_in("lead", viewport={"width": 1280, "height": 900})
    page.add_init_script(WATCH_SHIFTS)
    page.goto(f"/rounds/{opened.pk}/agreement/")
    chart = page.locator("data-chart").first
    expect(chart).to_have_attribute("data-drawn", "")
    expect(chart.locator(".chart-canvas text", has_text="sarcasm").first).to_be_visible()
    assert page.evaluate(SHIFTS_BY_CHARTS) == 0

    # its figures as a table, and as files
    expect(chart.get_by_role("table")).to_be_hidden()
    chart.get_by_role("button", name="Table").click()
    expect(chart.get_by_role("rowheader", name="sarcasm", exact=True)).to_be_visible()
    chart.get_by_role("button", name="Table").click()
    files = {kind: taken(page, chart, kind) for kind in ("CSV", "SVG", "PNG")}
    assert files["CSV"].decode("utf-8-sig").splitlines()[0].startswith("task,Krippendorff's alpha")
    assert files["SVG"].startswith(b"<svg") and b"sarcasm" in files["SVG"]
    assert files["PNG"].startswith(b"\x89PNG")

    # another theme is drawn in other colours
    ink = "document.querySelector('data-chart text').getAttribute('fill')"
    light = page.evaluate(ink)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(f"{ink} !== '{light}'")

    # by keyboard from point to point, and on to the utterances behind one
    chart.locator(".chart-plot").focus()
    page.keyboard.press("ArrowRight")
    expect(chart.locator("output")).to_contain_text("sentiment")
    page.keyboard.press("ArrowRight")
    expect(chart.locator("output")).to_contain_text("emotion")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/?task=emotion&kind=differ")

    # of lines, one hint says the figures of all at a place
    page.goto(f"/rounds/{opened.pk}/")
    days = page.locator("data-chart").filter(has=page.get_by_role("heading", name="by day"))
    expect(days).to_have_attribute("data-drawn", "")
    days.locator(".chart-plot").focus()
    page.keyboard.press("ArrowRight")
    expect(days.locator(".chart-canvas text", has_text="submitted 8")).to_be_visible()
    assert page.shengqing_errors == []  # what the policy refuses would stand there


def taken(page, chart, kind):
    chart.get_by_text("Download").click()
    with page.expect_download() as found:
        chart.get_by_role("button", name=kind).click()
    return Path(found.value.path()).read_bytes()
