"""Files that come in pieces, over a connection that breaks."""

import base64
import hashlib

import pytest
from django.urls import reverse

from core.shared_folders import bucket
from corpus.models import Source, Upload
from corpus.models.uploads import WrongOffset
from tests.factories import make_member, make_person

pytestmark = pytest.mark.django_db(transaction=True)
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def client(client_of, lead):
    return client_of(lead)


def begin(client, corpus, size, name="电影.mp4"):
    coded = base64.b64encode(name.encode()).decode()
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": f"filename {coded}"}
    return client.post(reverse("new_upload", args=[corpus.pk]), headers=headers)


def send(client, address, offset, piece, digest=None):
    digest = digest or base64.b64encode(hashlib.sha256(piece).digest()).decode()
    headers = TUS | {"Upload-Offset": str(offset), "Upload-Checksum": f"sha256 {digest}"}
    kind = "application/offset+octet-stream"
    return client.patch(address, piece, content_type=kind, headers=headers)


def test_a_film_in_pieces_becomes_a_source(client, corpus, film):
    data = film.read_bytes()
    address = begin(client, corpus, len(data))["Location"]
    half = len(data) // 2
    assert send(client, address, 0, data[:half])["Upload-Offset"] == str(half)
    assert send(client, address, 0, data[:half]).status_code == 409  # sent twice: not stored twice
    damaged = send(client, address, half, data[half:], digest="AAAA")
    assert damaged.status_code == 460
    result = client.head(address)
    assert (result["Upload-Offset"], result["Upload-Length"]) == (str(half), str(len(data)))
    early = client.post(reverse("new_source", args=[corpus.pk]), {"upload": token(address)})
    assert "not complete" in early.content.decode() and not Source.objects.exists()
    assert send(client, address, half, data[half:]).status_code == 204
    client.post(reverse("new_source", args=[corpus.pk]), {"upload": token(address)})
    source = Source.objects.get()
    assert source.title == "电影" and source.sha256 == hashlib.sha256(data).hexdigest()
    assert source.probe["width"] == 320 and not Upload.objects.exists()
    with source.media.open("rb") as stored:
        assert stored.read() == data


def token(address):
    return address.split("/")[-2]


def test_what_cannot_be_taken_is_refused(client, corpus, settings):
    assert begin(client, corpus, 0).status_code == 413
    assert begin(client, corpus, settings.UPLOAD_MAX_BYTES + 1).status_code == 413
    assert begin(client, corpus, 10**15).status_code == 413
    address = begin(client, corpus, 10, "../../evil.mp4")["Location"]
    assert Upload.objects.get().name == ".._.._evil.mp4"
    assert send(client, address, 0, b"x" * 11).status_code == 409
    assert client.patch(address, b"x", content_type="text/plain").status_code == 415
    assert client.get(address).status_code == 405
    headers = TUS | {"Upload-Length": "5", "Upload-Metadata": "filename ***"}
    bad = client.post(reverse("new_upload", args=[corpus.pk]), headers=headers)
    assert bad.status_code == 400
    assert client.delete(address).status_code == 204 and not Upload.objects.exists()
    assert client.head(address).status_code == 404


def test_uploads_are_their_owner_s(client, corpus, client_of):
    address = begin(client, corpus, 5)["Location"]
    for person in (make_person(), make_member(corpus)):
        other = client_of(person)
        assert other.head(address).status_code == 404
        assert send(other, address, 0, b"12345").status_code == 404
        assert begin(other, corpus, 5).status_code == 404


def test_a_full_disk_is_said_before_the_upload(client, corpus, monkeypatch):
    import shutil

    free = shutil._ntuple_diskusage(10, 10, 1000)
    monkeypatch.setattr("corpus.models.uploads.shutil.disk_usage", lambda path: free)
    response = begin(client, corpus, 5)
    assert response.status_code == 413 and "The disk has" in response.content.decode()


@pytest.mark.one_database
def test_pieces_in_an_object_store_are_put_together_where_they_are_needed(
    object_store, corpus, lead, settings, tmp_path
):
    """Each host may take any piece; none has them all before the file is used."""
    upload = Upload.begin(lead, corpus, "film.mp4", 9)
    assert upload.append(0, b"0123") == 4
    settings.WORK_DIR = tmp_path / "other"
    same = Upload.objects.get()
    assert same.offset == 4 and not same.is_complete
    with pytest.raises(WrongOffset, match="has 4 bytes by now, not 0"):
        same.append(0, b"0123")
    with pytest.raises(WrongOffset):
        same.append(4, b"too much")
    same.append(4, b"45678")
    assert same.is_complete and not same.place.exists()
    assert same.path.read_bytes() == b"012345678"
    same.discard()
    assert not list(bucket().objects.all()) and not same.place.exists()


@pytest.mark.one_database
def test_a_store_that_does_not_answer_keeps_what_has_arrived(object_store, client, corpus):
    address = begin(client, corpus, 8)["Location"]
    assert send(client, address, 0, b"0123").status_code == 204
    client.raise_request_exception = False
    with object_store.away():
        answer = send(client, address, 4, b"4567")
        assert answer.status_code == 503, answer.content
    assert send(client, address, 4, b"4567")["Upload-Offset"] == "8"
