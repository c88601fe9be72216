"""A folder of episodes is brought in: paired by name, corrected, uploaded, confirmed."""

import pytest
from playwright.sync_api import expect

from corpus.models import Source
from jobs.models import JobStatus
from tests.conftest import SRT
from tests.factories import make_corpus, make_person
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_folder_of_three_episodes_is_brought_in(sign_in, film, tmp_path):
    folder = tmp_path / "show"
    (folder / "字幕").mkdir(parents=True)
    for number in (1, 2, 3):
        (folder / f"E0{number}.mp4").write_bytes(film.read_bytes() + bytes([number]))
    for name in ("E01.zh", "E02", "last one"):
        (folder / "字幕" / f"{name}.srt").write_text(SRT, "utf-8")
    corpus = make_corpus(make_person("lead"))
    page = sign_in("lead")
    page.goto(f"/corpora/{corpus.pk}/sources/new/")
    page.set_input_files("input[webkitdirectory]", folder)
    rows = page.locator("episode-import tbody tr")
    expect(rows).to_have_count(4)  # the last transcript is of no episode by its name
    expect(rows.nth(0).locator("select")).to_have_value("show/字幕/E01.zh.srt")
    rows.nth(2).locator("select").select_option("show/字幕/last one.srt")
    expect(rows).to_have_count(3)
    rows.nth(2).get_by_label("title").fill("E02")  # a title that is taken fails alone
    page.get_by_role("button", name="Upload all").click()
    expect(rows.nth(1).get_by_role("link", name="Check import")).to_be_visible()
    expect(rows.nth(2)).to_contain_text("This corpus has a source with this title already.")
    rows.nth(2).get_by_label("title").fill("E03")
    rows.nth(2).get_by_role("button", name="Retry").click()
    expect(rows.nth(2).get_by_role("link", name="Check import")).to_be_visible()
    page.get_by_role("link", name="Check imports").click()
    expect(page.get_by_text("No problems")).to_have_count(3)
    page.get_by_role("button", name="Confirm all without problems").click()
    expect(page.get_by_text("3 imports confirmed.")).to_be_visible()
    done = Source.objects.filter(status=JobStatus.DONE)
    wait_until(lambda: done.count() == 3, "the three to be cut")
    assert {source.title for source in done} == {"E01", "E02", "E03"}
    page.shengqing_errors[:] = [e for e in page.shengqing_errors if "422" not in e]
