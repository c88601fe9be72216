"""Media in an S3-compatible object store, against a server that runs here."""

import urllib.request

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from corpus.integrity import check
from corpus.models import Source
from jobs.models import JobStatus
from tests.factories import judge, make_member, make_person, make_release, make_round

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_episode_lives_in_the_store(object_store, corpus, client_of, lead, film, srt, settings):
    client = client_of(lead)
    with film.open("rb") as media, srt.open("rb") as words:
        form = {"media": media, "transcript": words, "title": "film"}
        client.post(reverse("new_source", args=[corpus.pk]), form)
    source = Source.objects.get()
    client.post(reverse("confirm_source", args=[source.pk]), {"gap": "3", "encoding": "utf-8"})
    source.refresh_from_db()
    assert source.status == JobStatus.DONE, source.failure_text
    first, second = source.dialogues.all()
    assert default_storage.exists(first.clip.name)
    assert list(check(corpus, deep=True)) == []

    address = reverse("dialogue_media", args=[first.pk, "clip"])
    signed = client.get(address)
    assert signed.status_code == 302 and "Signature" in signed["Location"]
    asked = urllib.request.Request(signed["Location"], headers={"Range": "bytes=0-99"})
    with urllib.request.urlopen(asked) as response:
        assert response.status == 206 and len(response.read()) == 100
    assert "Expires" in signed["Location"]
    assert client_of(make_person()).get(address).status_code == 404
    peaks = client.get(reverse("dialogue_media", args=[first.pk, "peaks"]))
    assert b"".join(peaks).startswith(b"[")  # scripts read them: from the same origin

    source.publish(lead)
    opened = make_round(corpus, [make_member(corpus)])
    for assignment in opened.assignments.all():
        judge(assignment)
    release = make_release(corpus, [opened])
    assert release.status == JobStatus.DONE and release.verify() == []

    default_storage.delete(second.clip.name)
    default_storage.save(f"clips/{corpus.pk}/999/lost.mp4", first.clip.open("rb"))
    assert {fault.kind for fault in check(corpus)} == {"missing", "orphaned"}
    assert not any(settings.MEDIA_ROOT.rglob("*.*"))  # nothing of it stays on this disk


def test_behind_nginx_the_file_is_named_and_not_sent(corpus, client_of, lead, film, settings):
    source = corpus.sources.create(title="film")
    with film.open("rb") as media:
        source.media.save("film.mp4", media)
    source.run()
    dialogue = source.dialogues.get()
    settings.X_ACCEL = "/protected/"
    client = client_of(lead)
    response = client.get(reverse("dialogue_media", args=[dialogue.pk, "clip"]))
    assert response["X-Accel-Redirect"] == f"/protected/{dialogue.clip.name}"
    assert response.content == b"" and response["Content-Type"] == "video/mp4"
    stranger = client_of(make_person())
    assert stranger.get(reverse("dialogue_media", args=[dialogue.pk, "clip"])).status_code == 404
