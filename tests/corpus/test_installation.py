"""What administrators of an installation decide, and how the server keeps to it."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core.errors import UserError
from corpus.models import Corpus, Installation, Source, Upload
from corpus.models.installation import GB
from modeling.models import TrainingRun
from modeling.models.runs import guard_runs
from people.models import Event
from tests.factories import make_corpus, make_judged_round, make_person, make_release

pytestmark = pytest.mark.django_db
PAGES = [reverse("installation_settings"), reverse("installation_corpora")]


@pytest.fixture
def administrator(db):
    return make_person("admin", is_superuser=True)


def set_limits(person, creators=(), **values):
    Installation.load().set(person, creators, **values)


def test_nobody_but_administrators_finds_the_pages(administrator, lead, corpus, client_of):
    pages = [*PAGES, reverse("installation_corpus", args=[corpus.pk])]
    for page in pages:
        assert client_of(lead).get(page).status_code == 404
        assert client_of(lead).post(page).status_code == 404
        assert client_of(administrator).get(page).status_code == 200
    assert 'href="/installation/settings/"' not in client_of(lead).get("/").content.decode()
    assert 'href="/installation/settings/"' in client_of(administrator).get("/").content.decode()
    assert client_of(administrator).get(f"/corpora/{corpus.pk}/").status_code == 404


def test_who_may_create_corpora(administrator, client_of):
    chosen, other = make_person("chosen"), make_person("other")
    sent = {"creation": "chosen", "creators": [chosen.pk], "storage_quota": 5}
    assert client_of(administrator).post(PAGES[0], sent).status_code == 302
    event = Event.objects.get(verb="set", noun="installation")
    assert event.detail == {"creation": "chosen", "storage_quota": 5, "creators": ["chosen"]}
    refused = client_of(other).post("/corpora/new/", {"name": "x"}).content.decode()
    assert "You may not create corpora here." in refused and not Corpus.objects.exists()
    assert "Create corpus" not in client_of(other).get("/?state=archived").content.decode()
    assert client_of(chosen).post("/corpora/new/", {"name": "a"}).status_code == 302
    set_limits(administrator, creation="administrators")
    assert client_of(chosen).post("/corpora/new/", {"name": "b"}).status_code == 200
    assert client_of(administrator).post("/corpora/new/", {"name": "c"}).status_code == 302


def test_no_byte_is_taken_beyond_the_quota(administrator, lead, corpus, client_of, film):
    set_limits(administrator, storage_quota=1)
    client, address = client_of(lead), reverse("new_upload", args=[corpus.pk])
    name = {"Upload-Metadata": "filename YQ==", "Tus-Resumable": "1.0.0"}
    refused = client.post(address, headers=name | {"Upload-Length": str(GB + 1)})
    assert refused.status_code == 413 and "may store 1.0" in refused.content.decode()
    assert client.post(address, headers=name | {"Upload-Length": "1000"}).status_code == 201
    refused = client.post(address, headers=name | {"Upload-Length": str(GB - 999)})
    assert refused.status_code == 413  # what is announced counts
    Upload.objects.all().delete()
    corpus.set(administrator, storage_quota=2)
    assert client.post(address, headers=name | {"Upload-Length": str(GB + 1)}).status_code == 201
    Upload.objects.update(size=2 * GB)
    sent = {"title": "x", "media": SimpleUploadedFile("new.mp4", film.read_bytes())}
    page = client.post(reverse("new_source", args=[corpus.pk]), sent).content.decode()
    assert "may store 2.0" in page and not Source.objects.exists()


def test_runs_are_refused_beyond_the_limits(administrator, lead, corpus):
    release = make_release(corpus, [make_judged_round(corpus)], media="none")
    set_limits(administrator, runs_at_once=1)
    TrainingRun.objects.create(release=release, status="queued")
    with pytest.raises(UserError, match="At most 1 runs"):
        TrainingRun.request(lead, release, "hard-text")
    guard_runs(make_corpus())  # others have their own
    set_limits(administrator, runs_at_once=None, hours_a_month=1)
    TrainingRun.request(lead, release, "hard-text")
    now = TrainingRun.objects.first().queued_at
    TrainingRun.objects.update(status="done", started_at=now, finished_at=now)
    guard_runs(corpus)
    TrainingRun.objects.update(started_at=now.replace(year=now.year - 1), finished_at=None)
    with pytest.raises(UserError, match="trained for 1 hours"):
        guard_runs(corpus)


def test_the_list_of_corpora_and_an_owner_for_an_orphan(administrator, lead, corpus, client_of):
    corpus.sources.create(title="x").media.save("a.mp4", ContentFile(b"x" * 3000))
    client = client_of(administrator)
    page = client.get(PAGES[1]).content.decode()
    assert corpus.name in page and "2.9" in page and "orphaned" not in page
    appoint = reverse("appoint_owner", args=[corpus.pk])
    heir = make_person("heir")
    assert client.post(appoint, {"username": "heir"}).status_code == 404  # it has an owner
    lead.is_active = False
    lead.save()
    assert "orphaned" in client.get(PAGES[1]).content.decode()
    assert (
        "Appoint owner"
        in client.get(reverse("installation_corpus", args=[corpus.pk])).content.decode()
    )
    client.post(appoint, {"username": "nobody"})
    corpus.refresh_from_db()
    assert corpus.owner == lead
    client.post(appoint, {"username": "heir"})
    corpus.refresh_from_db()
    assert corpus.owner == heir and corpus.role_of(heir) == "lead"
    assert Event.objects.get(verb="transfer").corpus_id == corpus.pk
    client.post(reverse("installation_corpus", args=[corpus.pk]), {"storage_quota": 3})
    corpus.refresh_from_db()
    assert corpus.quota == 3 * GB
