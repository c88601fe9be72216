"""A round from start to finish by keyboard and by touch; sessions, tabs and notes on the way."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from annotation.models import Comment, Judgement, RuleWarning, Skip
from tests.browser.conftest import wait_for_elements
from tests.browser.test_workbench import until, wait_until_saved
from tests.factories import make_corpus, make_dialogue, make_member, make_person, open_round

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def corpus():
    corpus = make_corpus(make_person("lead"))
    for _ in range(3):
        make_dialogue(corpus, size=3)
    return corpus


@pytest.fixture
def opened(corpus):
    people = [make_member(corpus, username=name) for name in ("anno", "phone")]
    return open_round(corpus, people, confidence=True, cannot_tell=True)


def begin(page):
    page.goto("/tasks/")
    page.get_by_role("button", name="Start annotating").click()
    page.wait_for_url("**/assignments/*/")
    wait_for_elements(page)


def next_dialogue(page):
    """The button of the page that follows a submission, which Enter presses."""
    button = page.get_by_role("button", name="Next dialogue")
    expect(button).to_be_focused()
    return button


def test_start_to_finish_by_keyboard_and_by_touch(sign_in, opened, live_server):
    page = sign_in("anno")
    begin(page)
    for dialogue in range(3):
        if dialogue:
            next_dialogue(page)
            page.keyboard.press("Enter")
            page.wait_for_url("**/assignments/*/")
            wait_for_elements(page)
        for _utterance in range(3):
            page.keyboard.type("311133")  # six tasks
            page.keyboard.press("Enter")  # and on: seven keys an utterance
        expect(page.locator(".done")).to_have_text("3 of 3 utterances")
        page.keyboard.press("Enter")
        page.wait_for_url("**/submission/")
    expect(page.locator("main")).to_contain_text("You have no more dialogues in this round")

    touch = sign_in("phone", has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    touch.goto("/tasks/")
    touch.get_by_role("button", name="Start annotating").tap()
    for dialogue in range(3):
        if dialogue:
            next_dialogue(touch).tap()
        touch.wait_for_url("**/assignments/*/")
        wait_for_elements(touch)
        for utterance in range(3):
            for task in ("sentiment", "emotion", "sarcasm", "humor", "emotion_sentiment",
                         "sarcasm_humor"):  # fmt: skip
                touch.locator(f"form.questions:visible [data-task={task}] label").nth(1).tap()
            if utterance < 2:  # after the last one the same place submits
                touch.get_by_role("button", name="Next utterance").tap()
        touch.get_by_role("button", name="Submit").tap()
        touch.wait_for_url("**/submission/")
    expect(touch.locator("main")).to_contain_text("no more dialogues")
    assert opened.share_done() == (6, 6)
    assert Judgement.objects.count() == 2 * 3 * 3 * 6
    assert set(Judgement.objects.values_list("confidence", flat=True)) == {3}


def test_an_ended_session_keeps_the_answers_until_somebody_signs_in(sign_in, opened):
    page = sign_in("anno")
    begin(page)
    page.keyboard.type("3")
    wait_until_saved(page, 1)
    Session.objects.all().delete()
    page.keyboard.type("11")
    expect(page.locator(".saved")).to_contain_text("signed out")
    assert Judgement.objects.count() == 1
    other = page.context.new_page()
    other.goto("/sign-in/")
    other.fill("[name=username]", "anno")
    other.fill("[name=password]", "secret-for-tests")
    other.keyboard.press("Enter")
    other.wait_for_url(lambda address: "sign-in" not in address)
    other.close()
    wait_until_saved(page, 3)
    page.shengqing_errors[:] = []


def test_a_closed_tab_has_lost_nothing(sign_in, opened):
    page = sign_in("anno")
    begin(page)
    address = page.url
    page.context.set_offline(True)
    page.keyboard.type("31")
    expect(page.locator(".saved")).to_contain_text("Not saved yet")
    page.close()
    other = page.context.new_page()
    page.context.set_offline(False)
    other.goto(address)
    wait_for_elements(other)
    wait_until_saved(other, 2)
    expect(other.locator("fieldset[data-lit]:visible")).to_have_attribute("data-task", "sarcasm")
    page.shengqing_errors[:] = []


def test_two_tabs_do_not_overwrite_each_other_unseen(sign_in, opened):
    page = sign_in("anno")
    begin(page)
    other = page.context.new_page()
    other.goto(page.url)
    wait_for_elements(other)
    page.keyboard.type("3")
    wait_until_saved(page, 1)
    other.keyboard.type("1")
    expect(other.locator(".saved")).to_contain_text("“positive” was saved")
    expect(other.locator(".saved")).to_contain_text("your answer here was “negative”")
    assert Judgement.objects.count() == 1
    other.locator("form.questions:visible [data-task=sentiment] label").first.click()
    wait_until_saved(other, 2)
    page.shengqing_errors[:] = []


def test_notes_by_the_way(sign_in, opened):
    page = sign_in("anno")
    begin(page)
    page.keyboard.type("331")  # positive, anger, no sarcasm
    expect(page.locator(".warning")).to_contain_text("is that meant?")
    page.keyboard.press("y")
    expect(page.locator(".warning button")).to_have_count(0)
    page.keyboard.press("-")  # less sure of the last one
    expect(page.locator("form.questions:visible [data-task=sarcasm] .sure")).to_have_text(
        "fairly sure"
    )
    page.keyboard.type("0")  # humor: cannot tell, so nothing acts on it
    correlation = page.locator("form.questions:visible [data-task=sarcasm_humor]")
    expect(correlation).to_have_attribute("data-waiting", "skipped")  # in its place, and not asked
    page.keyboard.press("c")
    page.keyboard.type("这是反话吗？ 12")
    page.get_by_role("button", name="Send to the lead").click()
    expect(page.locator("form.questions:visible .remarks")).to_contain_text("这是反话吗")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("f")
    page.get_by_label("cannot judge").check()
    page.get_by_role("button", name="Send to the lead").click()
    expect(page.locator("#turns li").nth(1)).to_have_attribute("data-complete", "")
    until(page, "localStorage.length === 0")
    assert list(RuleWarning.objects.values_list("outcome", flat=True)) == ["raised", "kept"]
    assert Judgement.objects.filter(task="sarcasm", confidence=2).exists()
    assert set(Comment.objects.values_list("kind", flat=True)) == {"comment", "cannot_judge"}
    page.keyboard.press("g")
    expect(page.locator(".guideline-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.locator(".skip-dialog .primary").click()
    expect(page.locator(".notice").first).to_contain_text("skipped")
    assert Skip.objects.count() == 1


def test_a_break_is_suggested_after_the_rounds_minutes(sign_in, opened):
    opened.break_minutes = 1
    opened.save()
    page = sign_in("anno")
    begin(page)
    page.evaluate("sessionStorage.setItem('worked', 58)")
    page.mouse.move(50, 50)
    expect(page.locator(".rest")).to_contain_text("worked for 1 minutes")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".rest")).to_be_hidden()
    page.keyboard.type("3")
    wait_until_saved(page, 1)
    assert Judgement.objects.get().seconds >= 1
