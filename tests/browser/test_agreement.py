"""A lead's way from a low alpha to a better guideline, and what it was worth."""

import random

import pytest
from playwright.sync_api import expect

from annotation.answers import submit_assignment
from annotation.models import Adjudication, Guideline, Item, Round
from annotation.queue.dispatch import claim_next
from annotation.scheme import DEFAULT
from tests.browser.conftest import wait_for_elements
from tests.factories import (
    answer_all,
    make_corpus,
    make_dialogue,
    make_member,
    make_person,
    open_round,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def judge_all(opened, slips, seed):
    """Everybody hands everything in; on sarcasm they err with a share of `slips`."""
    truth, rng = random.Random(7), random.Random(seed)
    meant = {}
    for dialogue in opened.corpus.dialogues.order_by("pk"):
        for utterance in dialogue.utterances.order_by("number"):
            meant[utterance.pk] = {task.key: truth.choice(task.keys) for task in DEFAULT.tasks}

    def said(utterance):
        values = dict(meant[utterance.pk])
        if rng.random() < slips:
            values["sarcasm"] = "no" if values["sarcasm"] == "yes" else "yes"
        return values

    for seat in opened.participants.select_related("round", "person"):
        while assignment := claim_next(seat):
            answer_all(assignment, said)
            submit_assignment(assignment)


def test_from_a_low_alpha_to_a_better_round(sign_in, live_server):
    corpus = make_corpus(make_person("lead"))
    for _ in range(10):
        make_dialogue(corpus, size=3)
    people = [make_member(corpus) for _ in range(3)]
    lead = corpus.memberships.get(role="lead").person
    first = Guideline.draw_up(lead, corpus, "# 讽刺\n\n说反话就是讽刺。")
    before = open_round(corpus, people, name="第一轮", guideline=first)
    judge_all(before, 0.3, 1)
    page = sign_in("lead", viewport={"width": 1280, "height": 900})
    page.goto(f"/rounds/{before.pk}/")
    drawn = page.locator("#round-results data-chart").first
    expect(drawn).to_have_attribute("data-drawn", "")
    expect(drawn.locator("tr", has_text="sarcasm").first).to_contain_text("not reliable")
    page.get_by_role("link", name="Agreement details").click()
    page.locator("#measures").get_by_role("link", name="sarcasm", exact=True).click()
    page.get_by_role("button", name="Compute intervals").click()
    expect(page.get_by_role("heading", name="By speaker")).to_be_visible()
    page.locator("#measures").get_by_role("link", name="sarcasm", exact=True).click()
    expect(page.locator(".state")).to_contain_text("[")

    # the pair that differs most, and where
    pairs = page.locator("data-chart", has=page.get_by_role("heading", name="Pairwise agreement"))
    pairs.get_by_role("button", name="Table").click()
    pairs.locator("td a").nth(1).click()
    expect(page.get_by_role("heading", name="Confusion matrix:")).to_be_visible()
    page.locator("#measures tr", has_text="sarcasm").first.get_by_role("link").nth(1).click()
    apart = Item.objects.filter(round=before, task="sarcasm", disagreement__gt=0).count()
    expect(page.locator(".row-count")).to_contain_text(f"{apart} match")
    expect(page.locator("tr.item-row").first.locator(".answers li")).to_have_count(3)

    # one of them is decided by keyboard, with a reason, and becomes an example
    page.get_by_role("link", name="decide").first.click()
    expect(page.locator(".verdict .letter")).to_have_count(3)
    wait_for_elements(page)
    page.keyboard.press("e")
    page.keyboard.type("语气与字面相反，按讽刺处理。")
    page.keyboard.press("Escape")
    page.get_by_text("Cause, expert label, example").click()
    page.get_by_label("add to the guideline as an example").check()
    page.locator(".head h1").click()
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("version 2")
    ruling = Adjudication.objects.get()
    assert (ruling.value, ruling.reason) == ("yes", "语气与字面相反，按讽刺处理。")
    assert "语气与字面相反" in Guideline.objects.get(number=2).text

    # a second round with the new guideline
    page.goto(f"/corpora/{corpus.pk}/rounds/new/")
    page.get_by_label("name").fill("第二轮")
    page.get_by_role("button", name="Open round").click()
    expect(page.locator("h1")).to_have_text("第二轮")
    after = Round.objects.get(name="第二轮")
    assert after.guideline.number == 2
    judge_all(after, 0.05, 2)

    page.goto(f"/rounds/{before.pk}/agreement/?task=sarcasm")
    page.get_by_role("link", name="Compare", exact=True).click()
    page.get_by_role("button", name="Compare").click()
    row = page.get_by_role("row").filter(has_text="sarcasm").first
    expect(row).to_contain_text("higher")
    expect(row).to_contain_text("10 shared dialogues")
    expect(page.get_by_role("row").filter(has_text="emotion").first).to_contain_text(
        "no significant difference"
    )
