"""The owner deletes a corpus in its settings, after typing its name."""

import pytest
from playwright.sync_api import expect

from corpus.models import Corpus
from tests.factories import make_corpus, make_dialogue, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_corpus_is_deleted_once_its_name_is_typed(sign_in):
    lead = make_person("lead")
    corpus = make_corpus(lead, name="灯火")
    make_corpus(lead, name="another")
    make_dialogue(corpus)
    page = sign_in("lead", viewport={"width": 390, "height": 844})
    page.get_by_role("link", name="灯火").click()
    page.locator(".tab-bar").get_by_role("link", name="Menu").click()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Owner, archive, deletion").click()
    page.get_by_role("button", name="Archive").click()
    expect(page.locator(".banner")).to_contain_text("archived")
    expect(page.locator("dl.facts")).to_contain_text("utterances")
    name, delete = page.locator("#typed-name"), page.get_by_role("button", name="Delete corpus")
    name.fill("灯")
    delete.click()
    expect(page.get_by_role("alert")).to_contain_text("Type the name of the corpus, “灯火”")
    page.shengqing_errors.clear()  # the browser reports the status of the refusal
    name.fill("灯火")
    delete.click()
    page.wait_for_url("**/")
    expect(page.locator("main")).to_contain_text("“灯火” is being deleted.")
    expect(page.get_by_role("link", name="another")).to_be_visible()
    expect(page.get_by_role("link", name="灯火")).to_have_count(0)
    assert Corpus.objects.of(lead).get().name == "another"
