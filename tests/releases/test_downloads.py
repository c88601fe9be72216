import io
import json
import zipfile

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from people.models import Event
from releases import archive
from releases.archive import Archive, read_blocks
from releases.models import MemberAccess
from tests.factories import make_judged_round, make_member, make_person, make_release

SIZES = st.lists(st.integers(0, 3000), max_size=6)


@pytest.fixture
def frozen(corpus):
    return make_release(corpus, [make_judged_round(corpus)])


def body(response):
    return b"".join(response.streaming_content)


@given(SIZES, st.data())
def test_any_range_of_the_archive_is_that_range_of_the_whole(sizes, data):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "r"
        root.mkdir()
        for number, size in enumerate(sizes):
            (root / f"文件{number}.bin").write_bytes(bytes(n % 251 for n in range(size)))
        found = archive.of(root, "一-1.0.0")
        whole = b"".join(found.read())
        assert len(whole) == found.size
        packed = zipfile.ZipFile(io.BytesIO(whole))
        assert packed.testzip() is None and len(packed.namelist()) == len(sizes)
        first = data.draw(st.integers(0, found.size - 1))
        last = data.draw(st.integers(first, found.size + 10))
        assert b"".join(found.read(first, last)) == whole[first : last + 1]


def test_an_archive_beyond_32_bits_is_zip64(tmp_path):
    size = 5 * 1024**3
    with (tmp_path / "big").open("wb") as file:
        file.truncate(size)
    (tmp_path / "z").write_bytes(b"last")
    found = Archive(tmp_path, "x", [("big", size, 0), ("z", 4, 0xA9E73DBE)], read_blocks)
    tail = b"".join(found.read(found.size - 4096))
    sparse = tmp_path / "whole.zip"
    with sparse.open("wb") as file:
        file.write(b"".join(found.read(0, 99)))
        file.seek(found.size - 4096)
        file.write(tail)
    with zipfile.ZipFile(sparse) as packed:
        assert packed.getinfo("x/big").file_size == size
        assert packed.getinfo("x/z").header_offset > 2**32


@pytest.mark.django_db
def test_a_download_that_broke_off_goes_on_and_counts_once(client_of, frozen, lead):
    client, address = client_of(lead), reverse("archive", args=[frozen.pk])
    whole = client.get(address)
    assert whole["Content-Length"] == str(len(data := body(whole)))
    assert whole["Content-Disposition"].endswith(".zip") and whole["ETag"] == f'"{frozen.digest}"'
    rest = client.get(address, headers={"range": "bytes=1000-", "if-range": whole["ETag"]})
    assert rest.status_code == 206 and body(rest) == data[1000:]
    assert rest["Content-Range"] == f"bytes 1000-{len(data) - 1}/{len(data)}"
    other = client.get(address, headers={"range": "bytes=1000-", "if-range": '"another"'})
    assert other.status_code == 200 and body(other) == data
    beyond = client.get(address, headers={"range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    assert frozen.downloads.get(what="archive").count == 1


@pytest.mark.django_db
def test_file_by_file(client_of, frozen, lead):
    client = client_of(lead)
    page = client.get(reverse("release_files", args=[frozen.pk]) + "?q=JSONL").content.decode()
    assert "utterances.jsonl" in page and "README.md" not in page
    for name in ("utterances.jsonl", "verify.py", "data/judgements.parquet"):
        answer = client.get(reverse("release_file", args=[frozen.pk, name]))
        assert body(answer) == (frozen.directory / name).read_bytes()
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
    for name in ("../1.0.0.index.json", "/etc/passwd", "nothing", "data"):
        address = reverse("release_files", args=[frozen.pk]) + name
        assert client.get(address).status_code == 404


@pytest.mark.django_db
def test_who_may_have_it(client_of, corpus, frozen, lead):
    member, stranger = client_of(make_member(corpus)), client_of(make_person())
    addresses = [
        reverse("archive", args=[frozen.pk]),
        reverse("release_file", args=[frozen.pk, "README.md"]),
        reverse("release_layout", args=[frozen.pk, "cmma"]),
        reverse("release_card", args=[frozen.pk]),
        reverse("release_files", args=[frozen.pk]),
    ]
    assert {client_of(lead).get(address).status_code for address in addresses} == {200}
    assert {member.get(address).status_code for address in addresses} == {404}
    MemberAccess.allow(lead, frozen)
    assert {member.get(address).status_code for address in addresses} == {200}
    assert {stranger.get(address).status_code for address in addresses} == {404}
    frozen.retract(lead, "withdrawn", "faces of passers-by")
    assert {member.get(address).status_code for address in addresses} == {404}
    assert member.post(reverse("verification", args=[frozen.pk])).status_code == 404
    assert client_of(lead).get(addresses[0]).status_code == 200
    page = member.get(reverse("release", args=[frozen.pk])).content.decode()
    assert "faces of passers-by" in page and "Agreement at freezing" not in page
    assert not [address for address in addresses if address in page]
    MemberAccess.disallow(lead, frozen)
    assert member.get(reverse("release", args=[frozen.pk])).status_code == 404


@pytest.mark.django_db
def test_an_archive_without_its_index_is_indexed_again(client_of, frozen, lead):
    frozen.directory.with_name("1.0.0.index.json").unlink()
    answer = client_of(lead).get(reverse("archive", args=[frozen.pk]))
    packed = zipfile.ZipFile(io.BytesIO(body(answer)))
    manifest = json.loads((frozen.directory / "manifest.json").read_text("utf-8"))
    names = {entry["path"] for entry in manifest["files"]}
    assert {name.split("/", 1)[1] for name in packed.namelist()} == names | {"manifest.json"}


def test_the_audit_log_has_who_took_what_once_an_hour(frozen, client_of, lead):
    client = client_of(lead)
    for path in ("archive.zip", "as/cmma.zip", "files/judgements.jsonl", "files/utterances.jsonl"):
        for _ in range(2):
            answer = client.get(f"/releases/{frozen.pk}/{path}")
            assert answer.status_code == 200 and body(answer)
    taken = Event.objects.filter(verb="download", noun="release").order_by("pk")
    assert [event.detail["what"] for event in taken] == ["archive", "cmma.zip", "files"]
    assert {(event.person_id, event.corpus_id) for event in taken} == {(lead.pk, frozen.corpus_id)}
