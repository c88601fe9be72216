"""A published corpus and a labelled table come in through the pages, and one goes again."""

import pytest
from playwright.sync_api import expect

from annotation.models import Judgement, Round, TableImport
from corpus.models import Dialogue, Utterance
from tests.annotation.test_column_mapping import TABLE
from tests.annotation.test_table_imports import TRAIN, cmma
from tests.corpus.test_cmma import row
from tests.factories import make_corpus, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DEV = cmma(row(ConversationID="C_2", UtteranceID="C_2_U_1", Utterance="再见"))


def file(name, content):
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def test_a_dataset_is_imported_shown_and_undone(sign_in):
    corpus = make_corpus(make_person("lead"))
    page = sign_in("lead")
    page.goto(f"/corpora/{corpus.pk}/")
    page.get_by_role("link", name="Import dataset").click()
    page.set_input_files("[name=files]", [file("train.csv", TRAIN), file("dev.csv", DEV)])
    page.get_by_role("button", name="Upload and check").click()
    page.wait_for_url("**/imports/*/")
    expect(page.get_by_text("CMMA · train.csv has the columns")).to_be_visible()
    expect(page.get_by_role("cell", name="read as empty")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="What was created")).to_be_visible()
    assert Dialogue.objects.count() == 2 and Judgement.objects.count() == 24
    page.get_by_text("Undo this import …").click()
    page.get_by_role("button", name="Undo import").click()
    expect(page.get_by_text("lead undid this import")).to_be_visible()
    assert not Utterance.objects.exists() and not Round.objects.exists()

    page.goto(f"/corpora/{corpus.pk}/imports/new/")
    page.set_input_files("[name=files]", [file("labels.csv", TABLE)])
    page.get_by_role("button", name="Upload and check").click()
    page.wait_for_url("**/mapping/")
    page.get_by_role("button", name="Next: values").click()
    expect(page.get_by_label("高兴")).to_have_value("joy")
    expect(page.get_by_label("悲伤")).to_have_value("sadness")
    page.get_by_label("不确定").select_option("-")
    page.get_by_role("button", name="Check table").click()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="What was created")).to_be_visible()
    assert Judgement.objects.count() == 3 and TableImport.objects.count() == 2

    dialogue = Dialogue.objects.filter(corpus=corpus).first()
    page.goto(f"/dialogues/{dialogue.pk}/")  # text only: nothing that would play
    expect(page.get_by_text("好", exact=True)).to_be_visible()
    assert page.locator("video").count() == 0
