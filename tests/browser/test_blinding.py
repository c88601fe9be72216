"""Before a round is opened its lead sees who will see what, while choosing."""

import os

import pytest
from playwright.sync_api import expect

from annotation.models import Round
from tests.factories import judge, make_corpus, make_dialogue, make_member, make_person, make_round

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SHOTS")  # a folder for pictures of the pages, to look at


def shot(page, name):
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def fits(page):
    """True if nothing stands out of the page to the side."""
    return page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


@pytest.fixture
def corpus(db):
    corpus = make_corpus(make_person("lead", name="李娜"), name="校园")
    for _ in range(3):
        make_dialogue(corpus)
    people = [make_member(corpus, username=f"anno{n}") for n in (1, 2, 3)]
    make_member(corpus, "adjudicator", "judge")
    first = make_round(corpus, people[:2], name="Round 1")
    for assignment in first.assignments.all():
        judge(assignment)
    return corpus


def test_choices_change_the_table(sign_in, live_server, corpus):
    page = sign_in("lead")
    page.goto(f"{live_server.url}/corpora/{corpus.pk}/rounds/new/")
    table = page.locator("#who-will-see")
    expect(table.get_by_role("row", name="anno1")).to_contain_text("annotates")
    expect(table).to_contain_text("annotated 3 of these dialogues in Round 1")
    page.get_by_label("李娜 · lead").first.check()
    expect(table.get_by_role("row", name="李娜")).to_contain_text("when the round is closed")
    page.get_by_label("李娜 · lead").nth(1).check()
    expect(table).to_contain_text("annotates unblinded")
    page.locator("[name=view]").evaluate("e => e.closest('details').open = true")
    page.select_option("[name=view]", "silent")
    expect(table).to_contain_text("Burned-in subtitles")
    shot(page, "new-round")
    page.fill("[name=overlap]", "2")
    page.get_by_role("button", name="Open round").click()
    expect(page.locator("#who-sees-what")).to_be_attached()
    opened = Round.objects.latest("pk")
    assert opened.view == "silent" and opened.participants.get(unblinded=True).person.name == "李娜"


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_fit(sign_in, live_server, corpus, locale, width):
    lead = corpus.people("lead").get().person
    opened = make_round(
        corpus, [lead, *(m.person for m in corpus.people("annotator"))], name="Round 2", overlap=1
    )
    page = sign_in("lead", locale=locale, viewport={"width": width, "height": 800})
    for name, address in [
        ("new", f"/corpora/{corpus.pk}/rounds/new/"),
        ("round", f"/rounds/{opened.pk}/"),
        ("people", f"/corpora/{corpus.pk}/members/"),
        ("refused", f"/rounds/{opened.pk}/agreement/"),
    ]:
        page.goto(f"{live_server.url}{address}")
        if name == "round":
            page.locator("#who-sees-what summary").click()
        assert fits(page), (name, locale, width)
        shot(page, f"{name}-{locale}-{width}")
        page.shengqing_errors[:] = [e for e in page.shengqing_errors if "403" not in e]
