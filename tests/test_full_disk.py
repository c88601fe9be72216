"""A disk that is full in the middle of what is written: a sentence, nothing half done, and a retry
does it. The disk is a real one of few megabytes where the machine lets us mount it.
"""

import errno
import os
import subprocess
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.core.files import File
from django.db import OperationalError
from django.urls import reverse

from core.api import problems
from core.full_disk import NOT_DONE, NOT_SAVED, FullDisk, is_full_disk
from core.request_bodies import RequestBodies
from corpus import ingest
from corpus.models import Source, Upload
from jobs.models import JobStatus
from modeling.learner_process import check_exit_status
from releases.models import Release
from tests.factories import make_corpus, make_judged_round, make_person, release_form


@pytest.fixture
def small_disk(tmp_path):
    """A directory with 6 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small disk on this machine")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def filled(place, leave=0):
    """The disk is full but for some bytes."""
    ballast = place / "ballast"
    free = os.statvfs(place)
    with ballast.open("wb") as file:
        file.write(bytes(max(0, free.f_bavail * free.f_frsize - leave)))
    try:
        yield
    finally:
        ballast.unlink()


@pytest.mark.django_db
def test_an_upload_says_so_and_goes_on_when_there_is_room(small_disk, settings, client_of, lead):
    settings.WORK_DIR = small_disk / "work"
    corpus, client = make_corpus(lead), client_of(lead)
    upload = Upload.objects.create(corpus=corpus, person=lead, name="film.mp4", size=400_000)
    upload.path.parent.mkdir(parents=True)
    upload.path.touch()
    pieces = [bytes([number]) * 200_000 for number in (1, 2)]

    def send(offset, piece):
        return client.patch(
            reverse("upload", args=[upload.token]), piece,
            content_type="application/offset+octet-stream", headers={"Upload-Offset": str(offset)},
        )  # fmt: skip

    assert send(0, pieces[0]).status_code == 204
    with filled(small_disk, leave=20_000):
        answer = send(200_000, pieces[1])
        assert (answer.status_code, answer.content.decode()) == (507, NOT_SAVED)
        assert upload.offset == 200_000
    assert send(200_000, pieces[1]).status_code == 204
    assert upload.path.read_bytes() == b"".join(pieces)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("full", ["media", "work"])
def test_an_import_fails_with_a_sentence_and_a_retry_does_it(
    small_disk, settings, tmp_path, film, srt, full, monkeypatch
):
    source = make_corpus().sources.create(title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        source.media.save("film.mp4", File(media))
        source.transcript.save("film.srt", File(words))
    if full == "media":
        settings.MEDIA_ROOT.rename(tmp_path / "before")
        settings.MEDIA_ROOT = small_disk / "media"
        subprocess.run(["cp", "-r", str(tmp_path / "before"), str(settings.MEDIA_ROOT)], check=True)
    else:
        settings.WORK_DIR = small_disk / "work"
    source = Source.objects.get()
    monkeypatch.setattr(ingest.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**12))
    with filled(small_disk, leave=8_000):  # after the check before the work
        source.run()
        assert (source.status, source.failure_text) == (JobStatus.FAILED, NOT_DONE)
        assert not source.dialogues.exists()
    assert source.requeue()
    source.run()
    assert source.status == JobStatus.DONE, source.failure_text
    assert source.dialogues.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_release_fails_with_a_sentence_and_a_retry_freezes_it(small_disk, settings, client_of):
    lead = make_person()
    corpus = make_corpus(lead)
    opened = make_judged_round(corpus)
    settings.RELEASES_DIR = small_disk / "releases"
    client = client_of(lead)
    with filled(small_disk, leave=8_000):
        client.post(reverse("new_release", args=[corpus.pk]), release_form(opened))
        release = Release.objects.get()
        assert (release.status, release.failure_text) == (JobStatus.FAILED, NOT_DONE)
    assert release.requeue()
    release.run()
    assert release.status == JobStatus.DONE and release.verify() == []
    names = {path.name for path in release.directory.parent.iterdir()}
    assert names == {release.version, f"{release.version}.index.json"}


def test_a_training_process_without_room_is_said(tmp_path):
    (tmp_path / "stderr.txt").write_text(
        "Traceback …\nOSError: [Errno 28] No space left on device\n"
    )
    with pytest.raises(Exception, match="disk is full"):
        check_exit_status(1, tmp_path)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OperationalError("database or disk is full"),
    ],
)
def test_a_page_says_so_in_both_languages(client_of, lead, monkeypatch, error):
    def fails(*_, **__):
        raise error

    client = client_of(lead)
    client.raise_request_exception = False
    monkeypatch.setattr("corpus.views.corpora.render", fails)
    answer = client.get(reverse("home"))
    page = answer.content.decode()
    assert answer.status_code == 507 and "disk is full" in page and "服务器磁盘已满" in page
    script = client.get(reverse("home"), headers={"Accept": "application/json"})
    assert script.status_code == 507 and script.json()["detail"] == NOT_SAVED


def test_the_api_says_so_as_a_problem():
    found = problems.answer(FullDisk(NOT_SAVED), {})
    assert found.status_code == 507
    assert (found.data["code"], found.data["detail"]) == ("full_disk", NOT_SAVED)


def test_a_body_that_cannot_be_kept_is_answered(monkeypatch):
    answered = []

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("core.request_bodies.Body.read_first", full)
    application = RequestBodies(lambda *_: pytest.fail("it was entered"), 1)
    body = application(
        {"CONTENT_LENGTH": "3", "wsgi.input": None}, lambda status, _: answered.append(status)
    )
    assert answered == ["507 Insufficient Storage"] and "disk is full" in b"".join(body).decode()


def test_causes_are_followed_and_other_errors_are_others():
    try:
        try:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")
        except OSError as cause:
            raise ValueError("the clip cannot be written") from cause
    except ValueError as error:
        assert is_full_disk(error)
    assert not is_full_disk(OSError(errno.EACCES, "Permission denied")) and not is_full_disk(None)
