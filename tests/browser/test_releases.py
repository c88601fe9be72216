"""A lead publishes; a reviewer without an account gets it, and proves that it is what it says."""

import subprocess
import sys
import zipfile

import pytest
from playwright.sync_api import expect

from annotation.adjudication import adjudicate
from corpus.models import Utterance
from releases.models import Release
from tests.factories import make_corpus, make_judged_round, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def taken(page, link, folder):
    """Click a link that downloads; the file."""
    with page.expect_download() as download:
        link.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_from_freezing_to_a_reviewer_s_check(sign_in, chromium, live_server, tmp_path):
    corpus = make_corpus(make_person("lead"), name="对话语料")
    judged = make_judged_round(corpus, dialogues=6)
    page = sign_in("lead", viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.goto(f"/corpora/{corpus.pk}/releases/")
    page.get_by_role("link", name="Freeze the first release").click()
    page.get_by_label(judged.name).check()
    page.get_by_label("Authors").fill("王力\n张三")
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator("h1")).to_have_text("1.0.0")
    expect(page.locator(".facts")).to_contain_text(Release.objects.get().digest)
    page.get_by_role("link", name="Dataset card").click()
    expect(page.locator(".prose")).to_contain_text("Known limits · 已知局限")

    # the second version differs in one label, and says so
    first = Utterance.objects.order_by("pk").first()
    adjudicate(make_person(), judged, first, "sentiment", "positive")
    page.goto(f"/corpora/{corpus.pk}/releases/")
    page.get_by_role("link", name="Freeze a release").click()
    expect(page.get_by_label("Version")).to_have_value("1.1.0")
    page.get_by_role("button", name="Freeze").click()
    page.get_by_role("button", name="Compare").click()
    row = page.locator("tr", has_text="sentiment").first
    expect(row).to_contain_text("8.3 %")
    row.get_by_role("link").first.click()
    page.locator("table.heat a").click()
    expect(page.locator("article.item")).to_have_count(1)
    expect(page.locator("article.item")).to_contain_text(first.uid)

    # a link with terms, followed by somebody who is not signed in
    page.goto(f"/releases/{Release.objects.get(version='1.1.0').pk}/")
    page.get_by_text("Create link").first.click()
    page.get_by_label("For whom").fill("reviewers")
    page.get_by_role("button", name="Create link").click()
    address = page.locator("article.item code").inner_text()
    stranger = chromium.new_context(base_url=live_server.url, accept_downloads=True).new_page()
    stranger.goto(address)
    stranger.get_by_label("Your name").fill("Ada")
    stranger.get_by_label("Your institution").fill("EMNLP")
    stranger.get_by_role("button", name="Accept and continue").click()
    expect(stranger.get_by_role("link", name="Download")).to_have_count(0)  # not accepted yet
    stranger.get_by_label("I accept these terms.").check()
    stranger.get_by_role("button", name="Accept and continue").click()
    whole = taken(stranger, stranger.get_by_role("link", name="Download"), tmp_path)
    assert whole.name == "对话语料-1.1.0.zip"
    with zipfile.ZipFile(whole) as packed:
        packed.extractall(tmp_path)
    digest = Release.objects.get(version="1.1.0").digest
    script = tmp_path / "对话语料-1.1.0" / "verify.py"
    done = subprocess.run(
        [sys.executable, "-I", str(script), "--digest", digest], capture_output=True, text=True
    )
    assert done.returncode == 0 and digest in done.stdout
    stranger.context.close()

    # taken back, for a reason that everybody reads
    page.reload()
    expect(page.get_by_text("Ada, EMNLP")).to_be_visible()
    page.get_by_text("Supersede or withdraw").click()
    page.get_by_label("kind", exact=True).select_option("withdrawn")
    page.get_by_label("Why", exact=True).fill("consent was taken back")
    page.get_by_role("button", name="Retract permanently").click()
    expect(page.get_by_role("alert")).to_contain_text("Withdrawn. consent was taken back")
