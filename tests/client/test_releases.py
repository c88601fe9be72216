"""Releases by the client: frozen, downloaded and checked, read as tables, compared, given away."""

import shutil
from zipfile import ZipFile

import httpx2
import pytest

import shengqing
from releases.models import Release
from shengqing import Client, LocalRelease
from shengqing.local_release import MEDIA
from tests.client.conftest import URL
from tests.factories import make_judged_round, make_member, make_release

pytestmark = pytest.mark.django_db
SETTINGS = {"media": "none", "shares": "50/25/25", "licence": "cc-by-4.0"}


@pytest.fixture
def judged(corpus):
    return make_judged_round(corpus, dialogues=6)


@pytest.fixture
def release(corpus, judged):
    return make_release(corpus, [judged], media="none")


@pytest.fixture
def client(lead, client_for):
    return client_for(lead)


@pytest.mark.django_db(transaction=True)
def test_a_release_is_frozen_and_waited_for(client, corpus, judged):
    states = []
    made = client.releases.freeze(
        corpus.pk, rounds=[judged.pk], version="1.0.0", **SETTINGS,
        progress=lambda job: states.append(job["state"]),
    )  # fmt: skip
    assert made["state"] == "done" and states[-1] == "done"
    assert made["digest"] == Release.objects.get().digest
    assert [row["version"] for row in client.releases.list(corpus.pk, state="done")] == ["1.0.0"]
    assert client.releases.verify(made["id"]) == []
    with pytest.raises(shengqing.Invalid, match="1.0.0"):
        client.releases.freeze(corpus.pk, rounds=[judged.pk], version="1.0.0", **SETTINGS)
    later = client.releases.freeze(corpus.pk, rounds=[judged.pk], **SETTINGS)
    diff = client.releases.diff(made["id"], later["id"])
    assert diff["summary"]["utterances"]["kept"] == 12, diff["summary"]
    assert [*client.releases.changes(diff["id"], what="text")] == []


def test_files_come_checked_and_are_not_sent_twice(client, release, line, tmp_path):
    looks = []
    pulled = client.releases.pull(
        release.pk, tmp_path / "r", progress=lambda done, total: looks.append((done, total))
    )
    assert pulled.verify(release.digest) == [] and pulled.digest == release.digest
    assert {entry["path"] for entry in client.releases.files(release.pk)} == {
        entry["path"] for entry in pulled.files
    }
    assert looks == sorted(looks) and looks[-1][0] == looks[-1][1]
    (pulled.path / "README.md").write_text("changed")
    (pulled.path / "utterances.jsonl").unlink()
    assert pulled.verify() == [
        "README.md is not as it was frozen.", "utterances.jsonl is missing."
    ]  # fmt: skip
    sent = len(line.seen)
    assert client.releases.pull(release.pk, tmp_path / "r").verify() == []
    fetched = [request.url.path for request in line.seen[sent:]]
    assert [path.rpartition("files/")[2] for path in fetched[1:]] == [
        "README.md", "utterances.jsonl"
    ]  # fmt: skip
    assert "is not that of the release" in pulled.verify("0" * 64)[0]


def test_a_file_that_broke_off_is_gone_on_with(client, release, line, tmp_path):
    folder = tmp_path / "r"
    folder.mkdir()
    whole = (release.directory / "utterances.jsonl").read_bytes()
    (folder / "utterances.jsonl.partial").write_bytes(whole[:100])
    (folder / "README.md.partial").write_bytes(b"of another file")
    (folder / "judgements.jsonl.partial").write_bytes(b"x" * 10**6)  # longer than the file
    assert client.releases.pull(release.pk, folder).verify(release.digest) == []
    ranges = [
        request.headers.get("Range")
        for request in line.seen
        if request.url.path.endswith("/utterances.jsonl")
    ]
    assert ranges == ["bytes=100-"]


def test_what_is_not_the_release_is_refused(client, corpus, judged, release, tmp_path):
    other = make_release(corpus, [judged], "1.1.0", media="none")
    client.releases.pull(other.pk, tmp_path / "r")
    with pytest.raises(shengqing.Damaged, match="holds another release than 1.0.0"):
        client.releases.pull(release.pk, tmp_path / "r")
    (release.directory / "README.md").write_text("somebody was here")
    with pytest.raises(shengqing.Damaged, match="README.md does not have the SHA-256"):
        client.releases.pull(release.pk, tmp_path / "s")
    assert client.releases.verify(release.pk)
    with pytest.raises(shengqing.Damaged, match="holds no release"):
        LocalRelease(tmp_path).verify()
    with pytest.raises(shengqing.Damaged, match="there is no manifest.json"):
        LocalRelease(tmp_path).verify(release.digest)
    manifest = tmp_path / "r" / "manifest.json"
    manifest.write_text("[]")
    with pytest.raises(shengqing.Damaged, match="lists no files"):
        LocalRelease(tmp_path / "r").verify()
    manifest.write_text('{"files": [{"path": "../x", "bytes": 1, "sha256": ""}]}')
    with pytest.raises(shengqing.Damaged, match="which is no file of a release"):
        LocalRelease(tmp_path / "r").verify()


def test_clips_can_be_left_out(client, release, tmp_path, monkeypatch):
    whole = client.releases.pull(release.pk, tmp_path / "r")
    clip = {"path": "media/000001.mp4", "bytes": 3, "sha256": "0" * 64}
    listed = {"files": [*whole.files, clip]}
    monkeypatch.setattr(LocalRelease, "manifest", listed)
    pulled = client.releases.pull(release.pk, tmp_path / "r", media=False)
    assert pulled.verify(without=MEDIA) == []
    assert pulled.verify() == ["media/000001.mp4 is missing."]
    with pytest.raises(shengqing.NotFound):  # it is wanted now
        client.releases.pull(release.pk, tmp_path / "r")


def test_utterances_become_tables(client, release, tmp_path):
    pulled = client.releases.pull(release.pk, tmp_path / "r")
    sent, here = client.releases.datasets(release.pk), pulled.datasets()
    assert {*sent} == {*here} <= {"train", "validation", "test"} and "train" in sent
    assert sum(map(len, sent.values())) == 12
    label = here["train"].features["emotion"]
    assert label.names[0] == "joy" and here["train"].features == sent["train"].features
    assert str(here["train"].split) == "train"
    rows = {row["id"]: row for row in pulled.rows()}
    for row in here["train"]:
        value = None if row["emotion"] is None else label.int2str(row["emotion"])
        assert value == rows[row["id"]]["gold"].get("emotion")
    table = client.releases.table(release.pk)
    assert table["gold.sarcasm"].tolist() == [row["gold"]["sarcasm"] for row in rows.values()]
    train = pulled.table("train")
    assert {*train["split"]} == {"train"}
    assert train.equals(client.releases.table(release.pk, split="train"))


def test_the_whole_as_a_zip_and_for_other_tools(client, release, tmp_path):
    path = client.releases.archive(release.pk, tmp_path / "r.zip")
    with ZipFile(path) as packed:
        packed.extractall(tmp_path)
        (folder,) = {name.split("/")[0] for name in packed.namelist()}
    assert LocalRelease(tmp_path / folder).verify(release.digest) == []
    shutil.copy(path, tmp_path / "again.zip.partial")  # all of it came, its end was not seen
    again = client.releases.archive(release.pk, tmp_path / "again.zip")
    assert again.read_bytes() == path.read_bytes()
    one = client.releases.file(release.pk, "scheme.json", tmp_path / "s.json")
    assert one.read_bytes() == (release.directory / "scheme.json").read_bytes()
    with ZipFile(client.releases.layout(release.pk, "cmma", tmp_path / "c.zip")) as packed:
        assert any(name.endswith("train.csv") for name in packed.namelist())
    with pytest.raises(shengqing.NotFound):
        client.releases.file(release.pk, "no such file", tmp_path / "x")


def test_a_busy_server_is_asked_for_a_file_again(tmp_path):
    pauses, answers = [], iter([httpx2.Response(429, headers={"Retry-After": "7"})] * 2)

    def handle(request):
        return next(answers, None) or httpx2.Response(200, stream=httpx2.ByteStream(b"whole"))

    transport = httpx2.MockTransport(handle)
    client = Client(URL, "sq_x", transport=transport, sleep=pauses.append)
    assert client.releases.file(1, "a", tmp_path / "a").read_bytes() == b"whole"
    assert pauses == [7, 7]
    answers = iter([httpx2.Response(503)] * 9)
    with pytest.raises(shengqing.Problem, match="503"):
        client.releases.file(1, "b", tmp_path / "b")


def test_who_may_have_a_release(client, client_for, corpus, judged, release):
    later = make_release(corpus, [judged], "1.1.0", media="none")
    member = client_for(make_member(corpus))
    with pytest.raises(shengqing.NotFound):
        member.releases.get(later.pk)
    client.releases.allow_members(later.pk)
    assert [row["id"] for row in member.releases.list(corpus.pk)] == [later.pk]
    client.releases.disallow_members(later.pk)
    with pytest.raises(shengqing.NotFound):
        member.releases.get(later.pk)
    link = client.releases.create_link(later.pk, terms="for research", expires_at="2099-01-01")
    assert link["alive"] and [row["id"] for row in client.releases.links(later.pk)] == [link["id"]]
    assert [*client.releases.grants(link["id"])] == []
    client.releases.revoke_link(link["id"])
    assert not next(client.releases.links(later.pk))["alive"]
    client.releases.retract(release.pk, "superseded", "wrong names", by=later.pk)
    assert client.releases.get(release.pk)["retraction"]["by"] == later.pk
    with pytest.raises(shengqing.Conflict):
        client.releases.delete(release.pk)
