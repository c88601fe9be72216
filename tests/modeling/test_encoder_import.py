"""Encoders come into the installation: from a hub, from a ZIP, from a directory; and go."""

import io
import json
import os
import stat
import threading
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from core import shared_folders
from core.errors import UserError
from core.shared_folders import StoreAway, bucket
from jobs.models import JobStatus
from modeling import encoder_storage, encoders
from modeling.encoder_catalogue import CATALOGUE
from modeling.encoder_download import download, look_up
from modeling.learner.features.encoder_directory import FAMILIES, EncoderDirectory
from modeling.models import EncoderImport, TrainingRun
from modeling.run_configuration import MODALITY_NAMES
from people.models import Event
from tests.factories import make_judged_round, make_person, make_release
from tests.modeling.encoder_factories import make_encoder
from tests.modeling.small_hub import COMMIT, small_hub
from tests.object_store import be_host
from tests.waiting import wait_until

REPO = "hfl/chinese-macbert-base"  # one that the page offers
NAME = "chinese-macbert-base"


@pytest.fixture
def place(settings, tmp_path, monkeypatch):
    settings.ENCODERS_DIR = str(tmp_path / "encoders")
    settings.WORK_DIR = tmp_path / "work"
    # the learner, which may have been imported before, says that it is offline
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    return tmp_path / "encoders"


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub") / "bert"
    make_encoder("bert", root)
    (root / "README.md").write_text("---\nlicense: apache-2.0\n---\n# BERT")
    (root / "pytorch_model.bin").write_bytes(b"not wanted beside safetensors")
    (root / "run_me.py").write_text("raise SystemExit")
    (root / "onnx").mkdir()
    (root / "onnx" / "model.onnx").write_bytes(b"x")
    return root


@pytest.fixture
def administrator(db):
    return make_person(is_superuser=True)


def output(*arguments):
    out = io.StringIO()
    call_command("encoders", *arguments, stdout=out)
    return out.getvalue()


def zipped(path, files, links=()):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        for name in links:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, "/etc/passwd")
    return path


def files_of(root):
    return {f"enc/{path.name}": path.read_bytes() for path in root.iterdir() if path.is_file()}


def test_pull_says_what_comes_and_pins_the_revision(place, bert, settings):
    with small_hub({REPO: bert}) as (address, asked):
        settings.HF_ENDPOINT = address
        said = output("pull", NAME, "--dry-run")
        assert COMMIT in said and "licence: apache-2.0" in said and "free" in said
        assert not any("/resolve/" in path for path, *_ in asked) and not place.exists()
        said = output("pull", REPO, "--revision", "v1")
        assert "100 %" in said
        assert all(token is None for *_, token in asked)
    there = EncoderDirectory(place / NAME)
    kept = sorted(path.name for path in there.path.iterdir())
    assert kept == ["README.md", "config.json", "encoder.json", "model.safetensors",
                    "tokenizer.json", "tokenizer_config.json"]  # fmt: skip
    assert there.origin == {
        "repo": REPO, "revision": COMMIT, "licence": "apache-2.0", "endpoint": address,
        "digest": there.digest, "bytes": there.bytes, "modality": "text", "dims": 16,
    }  # fmt: skip
    listed = output("list")
    assert f"{NAME} " in listed and there.digest in listed and "facebook/dinov2" not in listed
    assert all(offer.name in listed for offer in CATALOGUE)
    with pytest.raises(CommandError, match="already"):
        output("pull", REPO)


def test_a_broken_download_goes_on_where_it_ended(place, bert):
    threads = set(threading.enumerate())
    with small_hub({REPO: bert}, cut=["model.safetensors"]) as (address, asked):
        remote = look_up(REPO, endpoint=address)
        part = encoder_storage.partial_directory(NAME) / "config.json.part"
        part.write_bytes((bert / "config.json").read_bytes()[:10])
        (part.parent / "other.json").write_text("of an earlier revision")
        reports = []
        download(remote, NAME, reports.append)
        assert reports == sorted(reports) and reports[-1] == remote.bytes
        ranges = {path.rpartition("/")[2]: wanted for path, wanted, _ in asked if wanted}
        assert ranges["config.json"] == "bytes=10-"
        assert sum(path.endswith("model.safetensors") for path, *_ in asked) == 2
        assert not (part.parent / "other.json").exists()
        encoder_storage.establish(NAME, remote.origin)
    assert set(threading.enumerate()) <= threads  # a worker downloads often
    assert (place / NAME / "model.safetensors").read_bytes() == (
        bert / "model.safetensors"
    ).read_bytes()


def test_what_a_hub_cannot_give_is_said(place, bert, tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "config.json").write_text("{}")
    repos = {REPO: bert, "a/gated": bert, "a/empty": empty}
    with small_hub(repos, gated=["a/gated"], spoiled=["model.safetensors"]) as (address, _):
        for repo, revision, said in (
            ("a/nothing", "", "There is no repository a/nothing"),
            ("no name at all", "", "There is no repository"),
            (REPO, "v9", "has no revision v9"),
            ("a/gated", "", "given to signed-in people alone"),
            ("a/empty", "", "holds no encoder"),
        ):
            with pytest.raises(UserError, match=said):
                look_up(repo, revision, address)
        with pytest.raises(CommandError, match="its digest differs"):
            output("pull", REPO, "--endpoint", address)
        assert not list(place.glob("*/config.json"))
        monkeypatch.setattr(encoder_storage, "free_bytes", lambda: 1000)
        with pytest.raises(CommandError, match="The disk has"):
            output("pull", REPO, "--endpoint", address)
    with pytest.raises(UserError, match="does not answer"):
        look_up(REPO, endpoint="http://127.0.0.1:9")
    with pytest.raises(UserError, match="no address of a hub"):
        look_up(REPO, endpoint="file:///etc")


def test_archives_are_hostile(place, bert, tmp_path):
    good = files_of(bert)
    bomb = good | {"enc/vocab.txt": bytes(64 * 1024**2)}
    for name, files, links, said in (
        ("up.zip", good | {"../../evil.txt": b"x"}, (), "no file may be called"),
        ("abs.zip", good | {"/etc/evil.txt": b"x"}, (), "no file may be called"),
        ("link.zip", good, ("enc/vocab.txt",), "is a link"),
        ("bomb.zip", bomb, (), "times as large unpacked"),
        ("none.zip", {"a.txt": b"x"}, (), "holds no encoder"),
        ("odd.zip", good | {"enc/config.json": b'{"model_type": "gpt-7"}'}, (), "of no family"),
    ):
        path = zipped(tmp_path / name, files, links)
        with pytest.raises(CommandError, match=said):
            output("import", str(path))
        assert not (place / path.stem).exists() and not (tmp_path / "evil.txt").exists()
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(CommandError, match="not a ZIP"):
        output("import", str(tmp_path / "text.zip"))
    said = output("import", str(zipped(tmp_path / "fine.zip", good)))
    assert "Left out" in said and "run_me.py" in said and "pytorch_model.bin" in said
    assert not (place / "fine" / "run_me.py").exists()
    output("import", str(bert), "--name", "copied")
    assert EncoderDirectory(place / "copied").digest == EncoderDirectory(place / "fine").digest
    for name in ("../x", ".hidden", "a/b"):
        with pytest.raises(CommandError, match="no name of an encoder"):
            output("import", str(bert), "--name", name)
    assert [path.name for path in (place / ".partial").iterdir()] == []


def test_the_page_downloads_and_removes(
    place, bert, administrator, client_of, settings, corpus, lead
):
    client, address = client_of(administrator), reverse("installation_encoders")
    page = client.get(address).content.decode()
    assert "None yet" in page and all(offer.repo in page for offer in CATALOGUE)
    with small_hub({REPO: bert}) as (hub, _):
        settings.HF_ENDPOINT = hub
        assert client.post(reverse("download_encoder"), {"repo": "a/b"}).status_code == 404
        client.post(reverse("download_encoder"), {"repo": REPO})
        job = EncoderImport.objects.get()
        page = client.get(address).content.decode()
        assert f"progress-encoder-{job.pk}" in page and "on its way" in page
        again = client.post(reverse("download_encoder"), {"repo": REPO}, follow=True)
        assert "on its way already" in again.content.decode()
        job.run()
    assert job.status == JobStatus.DONE, job.failure_text
    assert job.info["licence"] == "apache-2.0" and job.revision == COMMIT
    progress = client.get(reverse("encoder_progress", args=[job.pk]))
    assert progress.headers["HX-Refresh"] == "true"
    release = make_release(corpus, [make_judged_round(corpus)], media="none")
    run = TrainingRun.request(lead, release, "hard-text", own={"text_encoder": NAME})
    page = client.get(address).content.decode()
    assert "used by 1 run" in page and "hard-text" in page and "licence apache-2.0" in page
    refused = client.post(reverse("remove_encoder"), {"name": NAME}, follow=True)
    assert "Stop them first" in refused.content.decode() and (place / NAME).exists()
    run.stop_by(lead)
    client.post(reverse("remove_encoder"), {"name": NAME})
    gone = client.post(reverse("remove_encoder"), {"name": "../work"}, follow=True)
    assert "There is no encoder" in gone.content.decode()
    events = Event.objects.filter(verb__in=["add encoder", "remove encoder"]).order_by("pk")
    assert [(e.verb, e.detail["name"]) for e in events] == [
        ("add encoder", NAME), ("remove encoder", NAME),
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_removed_files_are_gone(place, bert, administrator):
    output("import", str(bert), "--name", "x")
    encoders.remove(administrator, "x")
    assert encoders.installed() == [] and not list((place / ".partial").iterdir())


def test_the_page_imports_an_upload(place, bert, administrator, client_of, tmp_path):
    client, address = client_of(administrator), reverse("import_encoder")
    path = zipped(tmp_path / "mine.zip", files_of(bert))

    def upload(data, **fields):
        return client.post(address, {"file": SimpleUploadedFile("mine.zip", data), **fields})

    assert upload(path.read_bytes()).status_code == 302
    job = EncoderImport.objects.get().run()
    assert (job.status, job.name) == (JobStatus.DONE, "mine"), job.failure_text
    assert "run_me.py" in job.info["left_out"]
    assert not list(Path(place.parent / "work").rglob("*.zip"))
    assert "There is an encoder mine already" in upload(path.read_bytes()).content.decode()
    upload(b"no zip", name="other")
    job = EncoderImport.objects.first().run()
    assert job.status == JobStatus.FAILED and "not a ZIP" in job.failure_text
    page = client.get(reverse("installation_encoders")).content.decode()
    assert "not a ZIP" in page
    job.retry_by(administrator)
    assert "Upload it once more" in job.run().failure_text


@pytest.mark.one_database
def test_hosts_with_an_object_store_have_the_same_encoders(
    place, bert, administrator, client_of, tmp_path, settings, object_store,
    django_capture_on_commit_callbacks,
):  # fmt: skip
    client = client_of(administrator)

    def shown():
        return client.get(reverse("installation_encoders")).content.decode()

    be_host(settings, tmp_path / "web")
    zip_file = zipped(tmp_path / "mine.zip", files_of(bert)).read_bytes()
    client.post(reverse("import_encoder"), {"file": SimpleUploadedFile("mine.zip", zip_file)})
    assert not list((tmp_path / "web").rglob("*.zip"))
    be_host(settings, tmp_path / "worker")
    job = EncoderImport.objects.get().run()
    assert job.status == JobStatus.DONE, job.failure_text
    digest = encoders.installed()[0].digest
    assert not list((tmp_path / "worker").rglob("*.zip"))
    assert not list(bucket().objects.filter(Prefix="shared/uploads/"))

    be_host(settings, tmp_path / "web")
    assert "mine was added on another host" in shown()
    wait_until(encoders.installed, "the encoder to be copied", state=shown)
    assert [each.digest for each in encoders.installed()] == [digest]
    shared_folders._listed.clear()
    assert "was added on another host" not in shown()

    be_host(settings, tmp_path / "trainer")
    with pytest.raises(UserError, match="There is an encoder mine already"):
        encoder_storage.guard_name("mine")
    encoders.fetch({"runs": [{"text_encoder": ["mine"]}, {"text_encoder": ""}], "epochs": 1})
    assert EncoderDirectory(tmp_path / "trainer" / "encoders" / "mine").digest == digest

    be_host(settings, tmp_path / "web")
    with object_store.away():
        assert "mine" in shown() and len(encoders.installed()) == 1
        with pytest.raises(StoreAway):
            encoders.remove(administrator, "mine")
    with django_capture_on_commit_callbacks(execute=True):
        encoders.remove(administrator, "mine")
    assert encoders.installed() == [] and shared_folders.stored_files("encoders") == {}
    be_host(settings, tmp_path / "trainer")
    assert encoders.installed() == [] and encoders.encoders()["text"] == []

    output("import", str(bert), "--name", "mine")  # again, by the command, on another host
    be_host(settings, tmp_path / "web")
    assert "mine: in the object store" in output("list")
    wait_until(encoders.installed, "the encoder to be copied")


def test_a_cancelled_download_leaves_nothing(place, bert, administrator, settings, monkeypatch):
    with small_hub({REPO: bert}) as (hub, _):
        settings.HF_ENDPOINT = hub
        job = EncoderImport.download(administrator, REPO)
        monkeypatch.setattr("modeling.encoder_import.PAUSE", 0)
        monkeypatch.setattr(
            "modeling.encoder_download.Remote.origin", property(lambda _: job.stop() and {})
        )
        monkeypatch.setattr(
            "modeling.encoder_storage.guard_space", lambda _: EncoderImport.objects.get().stop()
        )
        job.run()
        assert job.status == JobStatus.STOPPED and not (place / ".partial" / NAME).exists()
        monkeypatch.undo()
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        job.retry_by(administrator)
        assert job.run().status == JobStatus.DONE, job.failure_text


def test_nobody_else_finds_it(place, lead, client_of):
    for name in ("installation_encoders", "download_encoder", "import_encoder", "remove_encoder"):
        client = client_of(lead)
        ask = client.get if name == "installation_encoders" else client.post
        assert ask(reverse(name)).status_code == 404


def test_what_is_no_encoder_is_named(place, bert, administrator, client_of):
    output("import", str(bert), "--name", "x")
    (place / "bad").mkdir()
    (place / "bad" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    page = client_of(administrator).get(reverse("installation_encoders")).content.decode()
    assert "<strong>bad</strong>" in page and "model.safetensors" in page
    assert encoders.encoders() == {"text": ["x"], "audio": [], "vision": []}


def test_where_encoders_are_mounted_read_only_nothing_is_begun(
    place, bert, administrator, client_of, tmp_path, monkeypatch
):
    output("import", str(bert), "--name", "x")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != place and allowed(path, mode))
    client = client_of(administrator)
    page = client.get(reverse("installation_encoders")).content.decode()
    assert "This folder is read-only here." in page and "<h3>x</h3>" in page
    for address in ("download_encoder", "import_encoder", "remove_encoder"):
        assert f'action="{reverse(address)}"' not in page
    archive = SimpleUploadedFile("y.zip", zipped(tmp_path / "y.zip", files_of(bert)).read_bytes())
    for address, data in (
        ("download_encoder", {"repo": REPO}),
        ("import_encoder", {"name": "y", "file": archive}),
        ("remove_encoder", {"name": "x"}),
    ):
        answer = client.post(reverse(address), data, follow=True).content.decode()
        assert f"{place} is read-only here, so nothing was changed." in answer, address
    with pytest.raises(CommandError, match="is read-only here"):
        output("import", str(bert), "--name", "y")
    assert [encoder.name for encoder in encoders.installed()] == ["x"]
    assert not EncoderImport.objects.exists()
    assert Event.objects.filter(verb="remove encoder").count() == 0


def test_the_catalogue_names_each_once_in_families_that_are_read():
    assert len({offer.name for offer in CATALOGUE}) == len(CATALOGUE)
    assert {offer.modality for offer in CATALOGUE} == set(MODALITY_NAMES)
    assert {modality for modality, _ in FAMILIES.values()} == set(MODALITY_NAMES)
    assert all(encoder_storage.NAME.fullmatch(offer.name) for offer in CATALOGUE)
