import csv
import datetime
import io
import json
import shutil
import subprocess
import sys
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.adjudication import adjudicate
from annotation.answers import save_answer, submit_assignment
from annotation.models import SchemeVersion
from annotation.scheme import YES_NO, Scheme, Task
from core.errors import UserError
from corpus.models import Utterance
from jobs.models import JobStatus
from releases import archive, snapshot
from releases.models import Release
from releases.verify import contents, digest, faults
from tests.examples import examples
from tests.factories import (
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
    release_form,
)


@pytest.fixture
def judged(corpus):
    return make_judged_round(corpus, dialogues=6)


def files(release):
    return json.loads((release.directory / "manifest.json").read_text("utf-8"))["files"]


def packed(release):
    return b"".join(archive.of(release.directory, release.slug).read())


def lines(release, name):
    return [json.loads(line) for line in (release.directory / name).read_text("utf-8").splitlines()]


def test_what_is_inside(corpus, judged, lead):
    contested = Utterance.objects.filter(dialogue=corpus.dialogues.first())
    adjudicate(lead, judged, contested[0], "emotion", "fear")
    release = make_release(corpus, [judged])
    assert release.status == JobStatus.DONE, release.failure_text
    rows = lines(release, "utterances.jsonl")
    assert [row["id"] for row in rows] == list(
        Utterance.objects.order_by("dialogue__number", "number").values_list("uid", flat=True)
    )
    assert rows[0]["gold"]["emotion"] == "fear"
    assert rows[0]["provenance"]["emotion"] == "adjudicated"
    assert "emotion" not in rows[1]["gold"] and rows[1]["provenance"]["emotion"] == "contested"
    assert rows[1]["votes"]["emotion"] == {"anger": 1, "joy": 1}
    judgements = lines(release, "judgements.jsonl")
    assert len(judgements) == 6 * 2 * 2 * 6
    assert len({row["annotator"] for row in judgements}) == 2
    everything = "".join(p.read_text("utf-8") for p in release.directory.glob("*.*"))
    for person in judged.corpus.people("annotator"):
        assert person.person.username not in everything
    with (release.directory / "utterances.csv").open(encoding="utf-8-sig", newline="") as sheet:
        assert [row["id"] for row in csv.DictReader(sheet)] == [row["id"] for row in rows]
    assert "Krippendorff" in (release.directory / "README.md").read_text("utf-8")
    assert sum(release.summary["utterances"].values()) == len(rows) == 12


def test_a_spreadsheet_runs_no_formula_from_us(corpus, judged):
    Utterance.objects.filter(pk=Utterance.objects.first().pk).update(text="=1+1")
    release = make_release(corpus, [judged])
    assert "'=1+1" in (release.directory / "utterances.csv").read_text("utf-8-sig")
    assert lines(release, "utterances.jsonl")[0]["text"] == "=1+1"


def test_the_same_rows_give_the_same_bytes(corpus, judged):
    one, two = make_release(corpus, [judged]), make_release(corpus, [judged], "1.0.1")
    assert one.contents == two.contents and one.digest != two.digest
    named = {"README.md", "CITATION.cff", "croissant.json", "splits.json"}
    listed = [
        {f["path"]: f["sha256"] for f in files(r) if f["path"] not in named} for r in (one, two)
    ]
    assert listed[0] == listed[1]
    kept = packed(one)
    Release.objects.filter(pk=one.pk).update(status=JobStatus.QUEUED)
    shutil.rmtree(one.directory)
    again = Release.objects.get(pk=one.pk).run()
    assert again.digest == one.digest and packed(again) == kept


def test_a_frozen_release_stays_as_it_is(corpus, judged):
    release = make_release(corpus, [judged])
    before = (release.directory / "manifest.json").stat().st_mtime_ns
    Release.objects.get(pk=release.pk).run()
    assert (release.directory / "manifest.json").stat().st_mtime_ns == before
    with pytest.raises(UserError, match="exists already"):
        make_release(corpus, [judged])


def test_a_failure_leaves_nothing_half_made(corpus, judged, monkeypatch):
    monkeypatch.setattr(snapshot.croissant, "describe", lambda *_: 1 / 0)
    release = make_release(corpus, [judged])
    assert release.status == JobStatus.FAILED and "ZeroDivisionError" in release.failure_text
    assert list(release.directory.parent.iterdir()) == []
    monkeypatch.undo()
    assert release.requeue() and release.run().status == JobStatus.DONE
    assert release.verify() == []


def test_a_killed_worker_leaves_nothing_that_stays(corpus, judged):
    release = Release.request(None, corpus, "1.0.0", [judged])
    assert release.claim()
    draft = release.directory.with_name(f".1.0.0.draft-{release.attempt}")
    (draft / "data").mkdir(parents=True)
    (draft / "utterances.jsonl").write_text("{")
    release.directory.mkdir()  # killed between the move and the last commit
    (release.directory / "left.txt").write_text("by the first attempt")
    long_ago = timezone.now() - datetime.timedelta(hours=1)
    Release.objects.filter(pk=release.pk).update(heartbeat=long_ago)
    release.refresh_from_db()
    assert release.stale and release.requeue()
    release.run()
    assert release.status == JobStatus.DONE and release.verify() == []
    names = sorted(path.name for path in release.directory.parent.iterdir())
    assert names == ["1.0.0", "1.0.0.index.json"]


def test_a_task_that_is_called_as_a_column_is(corpus):
    scheme = Scheme((Task("text", {"en": "text", "zh": "文"}, "binary", YES_NO),))
    version = SchemeVersion.of(corpus, scheme)
    make_dialogue(corpus)
    opened = make_round(corpus, [make_member(corpus)], scheme_version=version)
    assignment = opened.assignments.get()
    for utterance in assignment.dialogue.utterances.all():
        save_answer(assignment, utterance, "text", "yes")
    submit_assignment(assignment)
    release = make_release(corpus, [opened])
    assert release.status == JobStatus.DONE, release.failure_text
    with (release.directory / "utterances.csv").open(encoding="utf-8-sig", newline="") as sheet:
        rows = list(csv.DictReader(sheet))
    assert rows[0]["text"].startswith("第") and rows[0]["text_label"] == "yes"


def test_what_cannot_be_released_is_refused(corpus, judged):
    with pytest.raises(UserError, match="at least one round"):
        Release.request(None, corpus, "2.0.0", [])
    with pytest.raises(UserError, match="own corpus"):
        Release.request(None, make_corpus(), "2.0.0", [judged])
    judged.assignments.all().delete()
    assert "Nothing has been submitted" in make_release(corpus, [judged], "3.0.0").failure_text


@pytest.mark.django_db
@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_tampering_is_found(data, frozen, tmp_path_factory):
    copy = tmp_path_factory.mktemp("copy") / "release"
    shutil.copytree(frozen, copy)
    assert list(faults(copy)) == []
    names = sorted(p.relative_to(copy).as_posix() for p in copy.rglob("*") if p.is_file())
    for each in names:
        (copy / each).chmod(0o644)
    name = data.draw(st.sampled_from([n for n in names if n != "manifest.json"]))
    path = copy / name
    kind = data.draw(st.sampled_from(["byte", "remove", "add", "link", "swap"]))
    if kind == "byte":
        content = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= 1
        path.write_bytes(content)
    if kind == "remove":
        path.unlink()
    if kind == "add":
        (copy / "more.txt").write_text("x")
    if kind == "link":
        target = copy.parent / "elsewhere"
        path.rename(target)
        path.symlink_to(target)
    if kind == "swap":
        other = copy / next(n for n in names if n not in (name, "manifest.json"))
        a, b = path.read_bytes(), other.read_bytes()
        path.write_bytes(b)
        other.write_bytes(a)
    assert list(faults(copy))


@pytest.fixture
def frozen(corpus, judged):
    return make_release(corpus, [judged]).directory


def rehash(root):
    """Make the manifest say what the files are now, as a careful forger would."""
    path = root / "manifest.json"
    path.chmod(0o644)
    manifest = json.loads(path.read_text("utf-8"))
    for entry in manifest["files"]:
        entry["bytes"] = (root / entry["path"]).stat().st_size
        entry["sha256"] = digest(root / entry["path"])
    manifest["contents"] = contents(manifest["files"])
    path.write_text(json.dumps(manifest), "utf-8")


@pytest.mark.django_db
@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_rows_that_contradict_each_other_are_found_although_the_checksums_are_right(
    data, frozen, tmp_path_factory
):
    copy = tmp_path_factory.mktemp("copy") / "release"
    shutil.copytree(frozen, copy)
    path = copy / "utterances.jsonl"
    path.chmod(0o644)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    row = rows[data.draw(st.integers(0, len(rows) - 1))]
    kind = data.draw(st.sampled_from(["leak", "twice", "gold", "gone", "media"]))
    if kind == "leak":
        row["split"] = {"train": "test", "valid": "test", "test": "train"}[row["split"]]
    if kind == "twice":
        rows.append(row)
    if kind == "gold":
        row["gold"]["emotion"] = "boredom"
    if kind == "gone":
        rows.remove(row)
    if kind == "media":
        row["media"] = "media/999999.mp4"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    rehash(copy)
    assert list(faults(copy))


def test_the_published_digest_tells_a_forgery_that_agrees_with_itself(frozen):
    published = digest(frozen / "manifest.json")
    assert list(faults(frozen, published)) == []
    (frozen / "README.md").chmod(0o644)
    (frozen / "README.md").write_text("other words")
    rehash(frozen)
    assert list(faults(frozen)) == []
    assert list(faults(frozen, published)) == [
        "manifest.json: is not the manifest that was published"
    ]


def test_a_dialogue_in_two_splits_is_found(frozen):
    path = frozen / "utterances.jsonl"
    path.chmod(0o644)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0]["split"] = "test" if rows[0]["split"] != "test" else "train"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    assert any("is in two splits" in fault for fault in faults(frozen))


def test_verify_runs_alone_inside_the_archive(corpus, judged, tmp_path):
    release = make_release(corpus, [judged])
    with zipfile.ZipFile(io.BytesIO(packed(release))) as whole:
        whole.extractall(tmp_path)
    script = next(tmp_path.glob("*/verify.py"))
    run = [sys.executable, "-I", str(script)]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0 and release.digest in done.stdout
    wrong = [*run, "--digest", "0" * 64]
    assert subprocess.run(wrong, capture_output=True).returncode == 1
    (script.parent / "README.md").write_text("changed")
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout.startswith("README.md: ")


def test_as_commands(corpus, judged, capsys):
    call_command("freeze", "1.0.0", corpus=corpus.name)
    call_command("verify_release", "1.0.0", corpus=corpus.name)
    assert "OK" in capsys.readouterr().out
    release = Release.objects.get()
    (release.directory / "README.md").chmod(0o644)
    (release.directory / "README.md").write_text("changed")
    with pytest.raises(CommandError, match="1 faults"):
        call_command("verify_release", "1.0.0", corpus=corpus.name)
    with pytest.raises(CommandError, match="exists already"):
        call_command("freeze", "1.0.0", corpus=corpus.name)
    with pytest.raises(CommandError, match="three numbers"):
        call_command("freeze", "one", corpus=corpus.name)


@pytest.mark.django_db(transaction=True)
def test_from_the_page_to_the_download(client_of, corpus, lead):
    judged = make_judged_round(corpus)
    client = client_of(lead)
    form = release_form(judged)
    address = reverse("new_release", args=[corpus.pk])
    page = client.post(address, form, follow=True)
    release = Release.objects.get()
    assert release.digest in page.content.decode()
    assert "exists already" in client.post(address, form).content.decode()
    archive = reverse("archive", args=[release.pk])
    assert b"".join(client.get(archive).streaming_content) == packed(release)
    assert (
        "as it was frozen"
        in client.post(reverse("verification", args=[release.pk]), follow=True).content.decode()
    )  # noqa: E501
    member, stranger = client_of(make_member(corpus)), client_of(make_person())
    assert member.get(archive).status_code == member.get(address).status_code == 404
    assert (
        stranger.get(archive).status_code
        == stranger.get(reverse("release", args=[release.pk])).status_code
        == 404
    )  # noqa: E501
