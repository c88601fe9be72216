"""A lead corrects a whole dialogue: words, boundaries, speakers, split, merge, undo, publish."""

import pytest
from playwright.sync_api import expect

from corpus.models import Dialogue
from tests.browser.conftest import wait_for_elements
from tests.browser.test_workbench import opened, pausing, until  # noqa: F401
from tests.factories import make_corpus, make_dialogue, make_person
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def field(page, at, name):
    return page.locator(".lines > li").nth(at).locator(f"[data-field={name}]")


def settled(page):
    until(page, "!document.querySelector('dialogue-editor').queue.waiting.length")
    until(page, "!document.querySelector('dialogue-editor').queue.sending")


def test_a_whole_dialogue_is_corrected(sign_in, opened):  # noqa: F811
    dialogue = Dialogue.objects.order_by("number").first()
    page = sign_in("lead")
    page.goto(f"/dialogues/{dialogue.pk}/editor/")
    wait_for_elements(page)
    expect(page.locator(".lines > li")).to_have_count(2)
    expect(page.locator(".lines > li").first).to_be_visible()
    until(page, "document.querySelector('dialogue-editor').regions?.getRegions().length === 2")

    page.keyboard.press("Enter")  # into the words of the first one
    page.keyboard.press("End")
    page.keyboard.type("大家")
    page.keyboard.press("Enter")  # on to the second
    expect(field(page, 1, "text")).to_be_focused()
    page.keyboard.press("Home")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+Enter")  # split at the caret
    expect(page.locator(".lines > li")).to_have_count(3)
    expect(field(page, 1, "text")).to_have_value("真巧啊，")
    page.keyboard.press("Escape")

    before = float(field(page, 1, "end").input_value())
    page.keyboard.press("Shift+BracketRight")
    expect(field(page, 1, "end")).to_have_value(f"{before + 0.01:.2f}")
    field(page, 2, "speaker").fill("王五")
    field(page, 2, "speaker").press("Enter")
    until(
        page,
        "(({ names, turns }) => names.get(turns[2].speaker) === '王五')"
        "(document.querySelector('dialogue-editor'))",
    )
    settled(page)
    field(page, 0, "end").fill("1.25")
    field(page, 0, "end").press("Enter")
    settled(page)

    region = page.evaluate(
        "(() => { const r = document.querySelector('dialogue-editor').regions.getRegions()"
        ".find((r) => r.start < 0.5).element.getBoundingClientRect();"
        " return [r.left, r.right, r.top + r.height / 2] })()"
    )
    page.mouse.move(region[1] - 1, region[2])
    page.mouse.down()
    page.mouse.move(region[1] - 12, region[2], steps=6)
    page.mouse.up()
    settled(page)
    assert 0.5 < float(field(page, 0, "end").input_value()) < 1.25

    assert dialogue.utterances.count() == 2  # annotators still see it as it was published
    page.locator("main h1").click()
    for _ in range(6):
        page.keyboard.press("Control+z")
    settled(page)
    expect(page.locator(".lines > li")).to_have_count(2)
    expect(page.locator("[data-do=undo]")).to_be_disabled()
    for _ in range(6):
        page.keyboard.press("Control+Shift+z")
    settled(page)
    expect(page.locator(".lines > li")).to_have_count(3)
    expect(field(page, 2, "speaker")).to_have_value("王五")

    page.get_by_role("link", name="Publish changes").click()
    expect(page.locator("ins").first).to_have_text("你好！大家")
    page.get_by_role("button", name="Publish changes").click()
    expect(page.locator("[role=status]")).to_contain_text("The changes are published.")
    assert dialogue.utterances.count() == 3
    assert [str(u.speaker) for u in dialogue.utterances.all()] == ["张三", "李四", "王五"]


def test_a_lost_connection_loses_no_edit(sign_in, opened, monkeypatch):  # noqa: F811
    dialogue = Dialogue.objects.order_by("number").first()
    page = sign_in("lead")
    page.goto(f"/dialogues/{dialogue.pk}/editor/")
    wait_for_elements(page)
    expect(page.locator(".lines > li")).to_have_count(2)
    page.context.set_offline(True)
    page.keyboard.press("m")
    expect(page.locator(".saved")).to_contain_text("the connection is lost")
    page.keyboard.press("s")
    page.context.set_offline(False)
    expect(page.locator(".saved")).to_contain_text("Saved")
    settled(page)
    dialogue.refresh_from_db()
    assert dialogue.head == 2 and len(dialogue.turns()) == 2
    page.shengqing_errors[:] = [e for e in page.shengqing_errors if "ERR_INTERNET" not in e]


def test_what_is_being_typed_survives_the_answer_to_an_earlier_edit(sign_in, opened):  # noqa: F811
    dialogue = Dialogue.objects.order_by("number").first()
    page = sign_in("lead")
    held = []
    page.route("**/revisions/", lambda route: held.append(route))
    page.goto(f"/dialogues/{dialogue.pk}/editor/")
    wait_for_elements(page)
    expect(page.locator(".lines > li")).to_have_count(2)
    page.keyboard.press("BracketRight")
    field(page, 1, "speaker").fill("王")
    wait_until(lambda: held, "the revision to be sent", pause=pausing(page))
    held.pop().continue_()
    expect(page.locator(".saved")).to_contain_text("Saved")
    expect(field(page, 1, "speaker")).to_have_value("王")
    page.unroute("**/revisions/")
    page.keyboard.type("五")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('dialogue-editor').state.head === 2")
    dialogue.refresh_from_db()
    named = dict(dialogue.corpus.speakers.values_list("pk", "name"))
    assert named[dialogue.turns()[1].speaker] == "王五"


def test_a_dialogue_without_a_clip_is_edited_too(sign_in):
    dialogue = make_dialogue(make_corpus(make_person("lead")), size=2, published=False)
    page = sign_in("lead")
    page.goto(f"/dialogues/{dialogue.pk}/editor/")
    wait_for_elements(page)
    expect(page.locator(".lines > li")).to_have_count(2)
    for key in ("BracketRight", "i", "o", "n", " ", "r", "l"):  # what a clip is needed for
        page.keyboard.press(key)
    page.keyboard.press("s")
    expect(page.locator(".lines > li")).to_have_count(3)
    settled(page)
    assert [u.text for u in dialogue.utterances.all()] == ["第1", "句", "第2句"]
    page.keyboard.press("m")
    settled(page)
    assert [u.text for u in dialogue.utterances.all()] == ["第1句", "第2句"]


def test_two_editors_are_reported_of_each_other(sign_in, opened):  # noqa: F811
    dialogue = Dialogue.objects.order_by("number").first()
    page = sign_in("lead")
    page.goto(f"/dialogues/{dialogue.pk}/editor/")
    wait_for_elements(page)
    expect(page.locator(".lines > li")).to_have_count(2)
    rows = [turn.to_json() for turn in dialogue.turns()]
    rows[0]["text"] = "别人改的"
    dialogue.edit(dialogue.corpus.memberships.get(role="lead").person, 0, rows)
    page.keyboard.press("m")
    expect(page.locator(".saved")).to_contain_text("has changed this dialogue meanwhile")
    expect(field(page, 0, "text")).to_have_value("别人改的")
    page.get_by_role("button", name="Save my version").click()
    expect(page.locator(".saved")).to_contain_text("Saved")
    expect(page.locator(".lines > li")).to_have_count(1)
    page.shengqing_errors[:] = [e for e in page.shengqing_errors if "409" not in e]


def test_a_closed_tab_has_lost_no_edit(sign_in, opened):  # noqa: F811
    dialogue = Dialogue.objects.order_by("number").first()
    page = sign_in("lead")
    address = f"/dialogues/{dialogue.pk}/editor/"
    page.goto(address)
    wait_for_elements(page)
    expect(page.locator(".lines > li")).to_have_count(2)
    page.context.set_offline(True)
    page.keyboard.press("m")
    expect(page.locator(".saved")).to_contain_text("the connection is lost")
    page.close()
    other = page.context.new_page()
    page.context.set_offline(False)
    other.goto(address)
    wait_for_elements(other)
    expect(other.locator(".lines > li")).to_have_count(1)
    expect(other.locator(".saved")).to_contain_text("Saved")
    dialogue.refresh_from_db()
    assert dialogue.head == 1 and len(dialogue.turns()) == 1
    until(other, "localStorage.length === 0")
    page.shengqing_errors[:] = [e for e in page.shengqing_errors if "ERR_INTERNET" not in e]
