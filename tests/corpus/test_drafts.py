"""Many files at once: paired, brought in as drafts, checked one by one or confirmed together."""

import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from corpus.models import Source, SourceInspection, Upload
from corpus.source_inspection import inspect_source
from jobs.models import MOST_DEATHS, JobStatus
from tests.config.world import draft_of
from tests.conftest import SRT
from tests.factories import make_member, make_person


def text_only(corpus, title="talk", words=SRT):
    source = Source(corpus=corpus, title=title, status="draft")
    source.inspection = {"shots": [], "heard": []}
    source.transcript.save(f"{title}.srt", ContentFile(words.encode()), save=False)
    source.save()
    return source


@pytest.fixture
def client(client_of, lead, corpus):
    return client_of(lead)


def test_the_server_says_which_files_belong_together(client, corpus):
    address = reverse("file_pairs", args=[corpus.pk])

    def ask(body):
        return client.post(address, body, content_type="application/json")

    names = ["show/E01.mp4", "show/subs/E01.zh.srt", "show/E02.csv", "show/notes.pdf"]
    answer = ask(json.dumps({"names": names})).json()
    assert answer["pairs"] == [
        {"media": "show/E01.mp4", "transcript": "show/subs/E01.zh.srt", "title": "E01"},
        {"media": "", "transcript": "show/E02.csv", "title": "E02"},
    ]
    assert answer["unusable"] == ["show/notes.pdf"]
    many = json.dumps({"names": ["x"] * 3000})
    for wrong in ("nonsense", "[]", '{"names": 3}', '{"names": [3]}', many):
        response = ask(wrong)
        assert response.status_code == 400 and response.json()["why"]


def test_a_pair_is_brought_in_by_a_script_and_errors_are_sentences(client, corpus, lead, film):
    address = reverse("new_source", args=[corpus.pk])
    json_only = {"headers": {"Accept": "application/json"}}

    def send(**fields):
        return client.post(address, fields, **json_only)

    upload = Upload.begin(lead, corpus, "E01.mp4", film.stat().st_size)
    upload.path.write_bytes(film.read_bytes())
    words = SimpleUploadedFile("a.srt", SRT.encode())
    response = send(title="E01", upload=upload.token, transcript=words)
    source = Source.objects.get()
    assert response.status_code == 201 and response.json()["url"] == f"/sources/{source.pk}/"
    assert source.media and source.transcript and source.status == JobStatus.DRAFT
    again = send(title="E01", transcript=SimpleUploadedFile("a.srt", SRT.encode()))
    assert again.status_code == 422 and "title" in again.json()["why"]
    assert "Choose" in send(title="nothing").json()["why"]


def test_a_transcript_without_media_becomes_dialogues_to_read(client, corpus, lead):
    address = reverse("new_source", args=[corpus.pk])
    words = SimpleUploadedFile("第一集.srt", SRT.encode())
    response = client.post(address, {"title": "", "transcript": words}, follow=True)
    source = Source.objects.get()
    assert source.title == "第一集" and source.is_text_only
    page = response.content.decode()
    assert "read and annotated as text" in page
    inspect_source(source)
    client.post(reverse("confirm_drafts", args=[corpus.pk]))
    source.refresh_from_db()
    source.run()
    assert source.status == JobStatus.DONE, source.failure_text
    dialogues = [*source.dialogues.all()]
    assert dialogues and not any(dialogue.clip for dialogue in dialogues)
    assert sum(d.utterances.count() for d in dialogues) == source.counts["utterances"] > 0
    assert "transcript without media" in client.get(f"/sources/{source.pk}/").content.decode()
    assert "no clip" in client.get(f"/dialogues/{dialogues[0].pk}/").content.decode()
    assert client.get(f"/dialogues/{dialogues[0].pk}/editor/").status_code == 200
    assert client.get(f"/sources/{source.pk}/segmentation/").status_code == 200
    source.publish(lead)
    assert corpus.dialogues.published().count() == len(dialogues)


def test_drafts_are_listed_and_those_without_problems_confirmed(client, corpus, film):
    sound, broken = draft_of(corpus, film), text_only(corpus, "broken", "nonsense")
    waiting = text_only(corpus, "w")
    Source.objects.filter(pk=waiting.pk).update(inspection=None)
    page = client.get(reverse("drafts", args=[corpus.pk])).content.decode()
    assert "No problems" in page and "A worker is looking into the file." in page
    assert 'hx-trigger="every 3s"' in page
    preview = client.get(reverse("preview", args=[broken.pk])).content.decode()
    for neighbour in (sound, waiting):
        assert f"/sources/{neighbour.pk}/preview/" in preview
    response = client.post(reverse("confirm_drafts", args=[corpus.pk]))
    assert response.headers["Location"] == reverse("drafts", args=[corpus.pk])
    status = dict(Source.objects.values_list("title", "status"))
    assert status["broken"] == status["w"] == JobStatus.DRAFT and status["draft"] != JobStatus.DRAFT
    shown = client.get(f"/corpora/{corpus.pk}/").content.decode()
    assert "2 imports to check" in shown


def test_only_leads_meet_drafts(client_of, corpus):
    for person in (make_person(), make_member(corpus)):
        client = client_of(person)
        assert client.get(reverse("drafts", args=[corpus.pk])).status_code == 404
        assert client.post(reverse("confirm_drafts", args=[corpus.pk])).status_code == 404
        assert client.post(reverse("file_pairs", args=[corpus.pk])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_file_that_ends_its_workers_is_given_up_and_says_so(
    client, corpus, lead, film, monkeypatch
):
    monkeypatch.setattr(SourceInspection, "later", lambda job: None)
    with film.open("rb") as media:
        client.post(reverse("new_source", args=[corpus.pk]), {"media": media})
    source = Source.objects.get()
    job = source.inspection_job
    address = reverse("preview", args=[source.pk])
    jobs = reverse("corpus_jobs", args=[corpus.pk])
    assert "inspection of a file" in client.get(jobs).content.decode()
    for death in range(1, MOST_DEATHS + 1):
        assert job.claim() and job.recover(left=True) == (death < MOST_DEATHS)
    assert job.status == JobStatus.FAILED
    page = client.get(address).content.decode()
    assert f"ended {MOST_DEATHS} times" in page and "Detecting speech" not in page
    assert client.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    listed = client.get(reverse("drafts", args=[corpus.pk])).content.decode()
    assert f"ended {MOST_DEATHS} times" in listed and "A worker is looking" not in listed

    client.post(reverse("job_attempt", args=["sourceinspection", job.pk]))  # more memory now
    source.refresh_from_db()
    job.refresh_from_db()
    assert source.inspection is None and (job.status, job.deaths) == (JobStatus.QUEUED, 0)
    job.run()
    source.refresh_from_db()
    assert job.status == JobStatus.DONE and source.inspection_failure == ""


@pytest.mark.django_db(transaction=True)
def test_a_stopped_inspection_is_no_draft_that_waits_for_ever(client, corpus, film, monkeypatch):
    monkeypatch.setattr(SourceInspection, "later", lambda job: None)
    with film.open("rb") as media:
        client.post(reverse("new_source", args=[corpus.pk]), {"media": media})
    source = Source.objects.get()
    client.post(reverse("job_stop", args=["sourceinspection", source.inspection_job.pk]))
    page = client.get(reverse("preview", args=[source.pk])).content.decode()
    assert "was stopped. Retry it on the page Jobs" in page
