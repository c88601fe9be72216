"""An upload whose connection breaks goes on where it ended."""

import hashlib

import pytest
from playwright.sync_api import expect

from corpus.models import Source, Upload
from tests.corpus.test_clip_writer import make
from tests.factories import make_corpus, make_person
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_broken_upload_goes_on(sign_in, tmp_path):
    wave = make(tmp_path / "long talk.wav", "-f", "lavfi", "-i", "anoisesrc=d=120:r=48000")
    assert wave.stat().st_size > 10_000_000  # three pieces
    corpus = make_corpus(make_person("lead"))
    page = sign_in("lead")
    sent = []

    def breaking(route):
        sent.append(route.request.headers["upload-offset"])
        route.abort() if len(sent) == 2 else route.continue_()

    page.route("**/uploads/*/", lambda route: (
        breaking(route) if route.request.method == "PATCH" else route.continue_()
    ))  # fmt: skip
    page.goto(f"/corpora/{corpus.pk}/sources/new/")
    page.set_input_files("[name=media]", wave)
    page.get_by_role("button", name="Upload and check").click()
    page.wait_for_url("**/preview/")
    assert len(sent) == 4 and sent[1] == sent[2]  # what was lost was sent again, nothing else
    source = Source.objects.get()
    assert source.title == "long talk" and not Upload.objects.exists()
    assert source.sha256 == hashlib.sha256(wave.read_bytes()).hexdigest()
    page.shengqing_errors[:] = [e for e in page.shengqing_errors if "ERR_FAILED" not in e]


def test_a_closed_page_goes_on_when_the_file_is_chosen_again(sign_in, tmp_path):
    wave = make(tmp_path / "talk.wav", "-f", "lavfi", "-i", "anoisesrc=d=120:r=48000")
    corpus = make_corpus(make_person("lead"))
    page = sign_in("lead")
    sent, withheld = [], []

    def withhold_last(route):
        sent.append(int(route.request.headers.get("upload-offset", -1)))
        if sent[-1] > 8_000_000 and not withheld:
            withheld.append(route)  # the last piece of the first visit never arrives
        else:
            route.continue_()

    page.route("**/uploads/*/", withhold_last)
    address = f"/corpora/{corpus.pk}/sources/new/"
    page.goto(address)
    page.set_input_files("[name=media]", wave)
    page.get_by_role("button", name="Upload and check").click()
    expect(page.locator(".said")).to_contain_text("8.4 MB of 11.5 MB")
    wait_until(lambda: withheld, "the last piece", pause=lambda s: page.wait_for_timeout(s * 1000))
    page.goto("about:blank")
    page.goto(address)
    sent.clear()
    page.set_input_files("[name=media]", wave)
    page.get_by_role("button", name="Upload and check").click()
    page.wait_for_url("**/preview/")
    assert max(sent) == 8_388_608 and 0 not in sent
    assert Source.objects.get().sha256 == hashlib.sha256(wave.read_bytes()).hexdigest()
    page.shengqing_errors[:] = [e for e in page.shengqing_errors if "ERR_FAILED" not in e]
