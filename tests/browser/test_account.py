"""What is chosen on the account page, used on the workbench."""

import pytest
from playwright.sync_api import expect

from annotation.models import Judgement
from tests.browser.conftest import wait_for_elements
from tests.factories import make_corpus, make_dialogue, make_member, make_person, make_round

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_own_key_and_a_theme_on_the_workbench(sign_in, live_server):
    corpus = make_corpus(make_person("lead"))
    make_dialogue(corpus)
    opened = make_round(corpus, [make_member(corpus, username="anno")])
    page = sign_in("anno", color_scheme="dark")
    paper = "getComputedStyle(document.querySelector('.bar')).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Theme: the system's").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert page.evaluate(paper) != dark

    page.goto("/account/shortcuts/")
    page.get_by_label("undo the last answer").press("z")
    expect(page.locator(".notice")).to_have_text("Shortcut saved: Z")
    expect(page.get_by_label("undo the last answer")).to_have_value("Z")

    page.goto(f"/assignments/{opened.assignments.first().pk}/")
    wait_for_elements(page)
    first = page.locator("form.questions:visible [data-task=sentiment] input")
    page.keyboard.press("3")
    expect(first.nth(2)).to_be_checked()
    page.keyboard.press("u")  # which does nothing any more
    expect(first.nth(2)).to_be_checked()
    page.keyboard.press("z")
    expect(page.locator("[data-task=sentiment] input:checked")).to_have_count(0)
    expect(page.locator(".saved")).to_contain_text("Saved")
    assert list(Judgement.objects.order_by("at").values_list("value", flat=True)) == [
        "positive",
        "",
    ]
