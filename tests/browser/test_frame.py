"""The frame in a browser: side bar, drawer, command palette, all by keyboard."""

import pytest
from playwright.sync_api import expect

from tests.factories import make_corpus, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
READY = "Promise.all(['side-bar', 'command-palette'].map((n) => customElements.whenDefined(n)))"

SLASH_BEFORE_THE_NEXT_FRAME = """(box) => {
  const dialog = box.closest("dialog")
  document.activeElement.blur()
  dialog.showModal()
  box.focus()
  dialog.close()
  box.dispatchEvent(new KeyboardEvent("keydown", { key: "/", bubbles: true }))
}"""


def test_side_bar_and_palette(sign_in):
    corpus = make_corpus(make_person("lead"))
    page = sign_in("lead", viewport={"width": 1280, "height": 800})
    page.goto(f"/corpora/{corpus.pk}/")
    page.evaluate(READY)
    side = page.locator("nav.side-bar")
    assert side.bounding_box()["width"] == 220
    page.keyboard.press("Control+b")
    assert side.bounding_box()["width"] == 56
    page.goto("/account/")  # remembered before anything is drawn, of the same corpus
    page.evaluate(READY)
    assert side.bounding_box()["width"] == 56
    expect(page.get_by_role("link", name="Data", exact=True)).to_have_attribute(
        "href", f"/corpora/{corpus.pk}/dialogues/"
    )

    hits = page.locator("#palette-hits")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search or go to")
    expect(hits.get_by_role("option").first).to_be_visible()
    box.fill("audit")
    expect(hits.get_by_role("option")).to_have_count(1)
    expect(hits.get_by_role("option")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.locator("command-palette input").evaluate(SLASH_BEFORE_THE_NEXT_FRAME)
    expect(box).to_be_visible()
    box.fill("member")
    expect(hits.get_by_role("option", name="Members")).to_be_visible()
    expect(hits.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/corpora/{corpus.pk}/members/")

    page.set_viewport_size({"width": 390, "height": 800})
    expect(side).to_be_hidden()
    page.locator(".tab-bar").get_by_role("link", name="Menu").click()
    expect(side).to_be_visible()
    expect(side.get_by_role("link", name="Members")).to_be_focused()
    page.keyboard.press("Escape")
    expect(side).to_be_hidden()
    expect(page.locator(".tab-bar").get_by_role("link", name="Menu")).to_be_focused()
