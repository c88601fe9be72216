"""From an empty installation to the first corpus, with nothing but what the pages offer."""

import pytest
from playwright.sync_api import expect

from corpus.models import Corpus
from people import installation
from people.models import Person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_code_owner_checklist_corpus(chromium, live_server, settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(installation, "_known", set())
    context = chromium.new_context(
        locale="en-US", base_url=live_server.url, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto("/corpora/7/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up this installation")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("设置本系统")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up this installation")

    page.fill("[name=username]", "owner")
    page.fill("[name=name]", "林岚")
    page.fill("[name=email]", "owner@example.org")
    page.fill("[name=password1]", "a-long-pass-phrase")
    page.fill("[name=password2]", "a-long-pass-phrase")
    page.fill("[name=code]", "AAAA-AAAA-AAAA")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("This code is wrong")).to_be_visible()
    page.fill("[name=password1]", "a-long-pass-phrase")
    page.fill("[name=password2]", "a-long-pass-phrase")
    page.fill("[name=code]", installation.setup_code())
    page.get_by_role("button", name="Create account").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Getting started")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("[aria-current=step]").get_by_role("link", name="Create corpus").click()
    page.fill("[name=name]", "dialogues of our own")
    page.locator("main").get_by_role("button").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("dialogues of our own")
    page.goto("/")
    page.get_by_role("link", name="Getting started").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Bring in an episode")
    context.close()
    assert Corpus.objects.get().role_of(Person.objects.get(is_superuser=True)) == "lead"
