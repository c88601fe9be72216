"""The check before cutting: another track, subtitles inside the media; wrong clips mended."""

import pytest
from playwright.sync_api import expect

from corpus.models import Source
from jobs.models import JobStatus
from tests.corpus.shifted_clips import shift_sound
from tests.corpus.talk_films import WORDS, flashing, two_tracks
from tests.factories import make_corpus, make_person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIZES = [(1440, 900), (390, 844)]


def fits(page):
    """No page is wider than its window."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("locale", "words", "take", "late", "cut", "check", "recut", "clean"),
    [
        (
            "en-US", "Use this transcript", "Use this track", "but the media end at",
            "Segment into", "Compare all clips", "Re-cut 2 clips", "No issues",
        ),
        (
            "zh-CN", "使用此字幕", "使用此音轨", "而媒体在", "切分为",
            "将所有片段与来源比对", "重新剪切 2 个片段", "没有发现问题",
        ),
    ],
)  # fmt: skip
def test_from_an_upload_to_mended_clips(
    sign_in, tmp_path, locale, words, take, late, cut, check, recut, clean
):
    inside = WORDS.replace("00:00:12,500", "00:00:15,000")
    film = two_tracks(tmp_path / "家.mkv", flashing(tmp_path / "talk.mp4"), inside)
    corpus = make_corpus(make_person("lead"))
    page = sign_in("lead", locale=locale)
    page.goto(f"/corpora/{corpus.pk}/sources/new/")
    page.set_input_files("[name=media]", film)
    page.locator("upload-files form button").first.click()
    page.wait_for_url("**/preview/")
    page.select_option("#words", "3")
    page.get_by_role("button", name=words).click()
    expect(page.locator("main")).to_contain_text("晚饭吃什么？")
    expect(page.locator("main")).to_contain_text(late)
    expect(page.locator("#stream")).to_have_value("2")  # the default, no commentary
    page.select_option("#stream", "1")
    page.get_by_role("button", name=take).click()
    expect(page.locator("#stream")).to_have_value("1")
    fits(page)
    page.get_by_role("button", name=cut).click()
    page.wait_for_url("**/sources/*/")
    source = Source.objects.get()
    assert (source.status, source.track, source.subtitles) == (JobStatus.DONE, 1, 3)
    for dialogue in source.dialogues.all():
        shift_sound(dialogue)
    page.goto(f"/corpora/{corpus.pk}/integrity/")
    page.get_by_role("button", name=check).click()
    page.get_by_role("link", name=recut).click()
    fits(page)
    page.get_by_role("button", name=recut).click()
    expect(page.locator("h1 + .state")).to_contain_text(clean)
    fits(page)
