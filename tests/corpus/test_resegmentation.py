"""Looking at an upload, and parting it anew from its pages."""

import pytest
from django.core.files import File
from django.urls import reverse

from corpus.models import Source
from jobs.models import JobStatus
from tests.factories import make_member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(client_of, lead):
    return client_of(lead)


@pytest.fixture
def source(corpus, film, srt):
    found = corpus.sources.create(title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        found.media.save("film.mp4", File(media))
        found.transcript.save("film.srt", File(words))
    return found.run()


def test_an_upload_is_looked_at_and_its_scenes_are_previewed(client, corpus, film, srt):
    with film.open("rb") as media, srt.open("rb") as words:
        form = {"media": media, "transcript": words}
        page = client.post(reverse("new_source", args=[corpus.pk]), form, follow=True)
    source = Source.objects.get()
    assert source.inspection == {"shots": [], "heard": []}  # the task ran at once
    assert "0 scene changes detected" in page.content.decode()
    assert "The clips need at most" in page.content.decode()
    Source.objects.update(inspection={"shots": [[1.6, 0.9]], "heard": []})
    address = reverse("preview", args=[source.pk])
    assert client.get(address, {"gap": 3}).context["part_count"] == 2
    assert client.get(address, {"gap": 0.1}).context["part_count"] == 4
    assert client.get(address, {"gap": 3, "scene": 2}).context["part_count"] == 0
    asking = client.get(address, headers={"HX-Request": "true"})
    assert asking.status_code == 204 and asking["HX-Refresh"] == "true"
    Source.objects.update(inspection=None)
    assert "HX-Refresh" not in client.get(address, headers={"HX-Request": "true"})
    client.post(reverse("confirm_source", args=[source.pk]), {"gap": "3", "scene": "2"})
    source.refresh_from_db()
    assert (source.status, source.gap, source.scene) == (JobStatus.DRAFT, 4.0, None)
    values = {"gap": "3", "scene": "0.5", "encoding": "utf-8"}
    client.post(reverse("confirm_source", args=[source.pk]), values)
    source.refresh_from_db()
    assert (source.status, source.gap, source.scene) == (JobStatus.DONE, 3.0, 0.5)


def test_without_a_transcript_what_was_heard_is_previewed(client, corpus, film):
    with film.open("rb") as media:
        client.post(reverse("new_source", args=[corpus.pk]), {"media": media})
    source = Source.objects.get()
    source.inspection = {"shots": [], "heard": [[1, 2, "你好"], [8, 9, ""]]}
    source.save()
    page = client.get(reverse("preview", args=[source.pk]))
    assert page.context["part_count"] == 2 and "auto-transcribed" in page.content.decode()
    client.post(reverse("confirm_source", args=[source.pk]), {"gap": "4"})
    assert source.dialogues.count() == 2


def test_a_dialogue_is_parted_and_joined_by_hand(client, source, client_of):
    first = source.dialogues.first()
    uid = first.utterances.last().uid
    address = reverse("split_dialogue", args=[first.pk])
    assert client_of(make_member(source.corpus)).post(address, {"uid": uid}).status_code == 404
    assert client.post(address, {"uid": "elsewhere"}).status_code == 404
    client.post(address, {"uid": uid})
    assert [d.utterances.count() for d in source.dialogues.all()] == [1, 1, 2]
    client.post(reverse("join_dialogue", args=[source.dialogues.first().pk]))
    assert [d.utterances.count() for d in source.dialogues.all()] == [2, 2]
    last = source.dialogues.last()
    said = client.post(reverse("join_dialogue", args=[last.pk]), follow=True).content.decode()
    assert "There is no next dialogue to merge with." in said
    last.publish(None)
    first = source.dialogues.first()
    said = client.post(reverse("join_dialogue", args=[first.pk]), follow=True).content.decode()
    assert f"{last.uid} is published and cannot be segmented again." in said
    assert source.dialogues.count() == 2


def test_the_page_that_parts_anew_previews_first(client, source):
    address = reverse("segmentation", args=[source.pk])
    assert client.get(address).context["part_count"] == 2
    assert client.get(address, {"gap": 0.1}).context["part_count"] == 4
    assert source.dialogues.count() == 2
    client.post(address, {"gap": 0.1, "scene": ""})
    assert source.dialogues.count() == 4
    source.publish(None)
    said = client.post(address, {"gap": 5, "scene": ""}).content.decode()
    assert "is published and cannot be segmented again" in said and source.dialogues.count() == 4
