"""Backups of a filled installation, restored by the command into an empty one and compared: every
row and every file; also of one in which people work meanwhile.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count, takewhile
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, connections

from backups import database_copy, encryption, writer
from backups.areas import areas
from backups.models import Backup, BackupCheck
from backups.repository import Repository
from backups.restore import Restore
from core import shared_folders
from core.errors import UserError
from corpus.models import Source, Upload
from jobs.models import JobStatus
from modeling.models import TrainingRun
from releases.models import PseudonymKey
from tests.factories import make_corpus, make_judged_round, make_person, make_release

pytestmark = pytest.mark.django_db(transaction=True)
OWN = {"people_event", "backups_backup", "backups_backupcheck"}  # which a restore adds to
MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(encryption, "COST", 1 << 10)


@pytest.fixture
def target(tmp_path, settings):
    settings.BACKUP_DIR = str(tmp_path / "backups")
    settings.ENCODERS_DIR = str(tmp_path / "encoders")
    return tmp_path / "backups"


def fill(settings):
    """Rows of many models, and files of every area."""
    corpus = make_corpus(make_person())
    make_release(corpus, [make_judged_round(corpus, dialogues=2)])
    PseudonymKey.of(corpus)
    for number in range(3):
        store_source(corpus, f"episode {number}")
    for name in ("encoders/small/config.json", "work/uploads/token", "runs/1/best.pt"):
        path = settings.RUNS_DIR.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name} 中文")
    return corpus


def store_source(corpus, title):
    """A source whose film holds its title: the file first, then the row."""
    return corpus.sources.create(title=title, media=ContentFile(title.encode(), f"{title}.mp4"))


def delete_source(source):
    """The row first, then the file."""
    name = str(source.media)
    source.delete()
    default_storage.delete(name)


def make(person=None, **values):
    job = Backup.request(person, **values).run()
    job.refresh_from_db()
    assert job.status == JobStatus.DONE, job.failure_text
    return job


def connect_to(name):
    """A connection to a database on the server of the tests."""
    values = connection.settings_dict
    return psycopg.connect(
        host=values["HOST"], port=values["PORT"], user=values["USER"], dbname=name,
        password=values["PASSWORD"],
    )  # fmt: skip


@contextmanager
def new_database():
    """The environment that names an empty database, and what connects to it."""
    parts = ("HOST", "PORT", "NAME", "USER", "PASSWORD")
    if connection.vendor == "sqlite":
        yield {}, lambda folder: sqlite3.connect(folder / "shengqing.sqlite3")
        return
    values = connection.settings_dict
    name = f"{values['NAME']}_restored"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    named = {f"DATABASE_{part}": str(values[part]) for part in parts} | {"DATABASE_NAME": name}
    try:
        yield named, lambda _folder: connect_to(name)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}"')


def restore(folder, source, database, *options):
    """`manage.py restore` of a new installation; what it says."""
    others = ("SECRET_KEY", "DJANGO_SETTINGS_MODULE", "DATABASE_URL")
    environment = {name: value for name, value in os.environ.items() if name not in others}
    done = subprocess.run(
        [sys.executable, str(MANAGE), "restore", str(source), *options],
        env=environment | {"DATA_DIR": str(folder)} | database,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows_of(database):
    """Table of a model -> its rows as text, in an order of their own."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        names = sorted(field.column for field in model._meta.concrete_fields)
        if model is PseudonymKey:  # which are kept apart from the database, by their corpus
            names.remove("id")
        cursor = database.cursor()
        columns = ", ".join(f'"{name}"' for name in names)
        cursor.execute(f"SELECT {columns} FROM {table}")
        found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def own_rows():
    """Those of the database of the tests."""
    name = connection.settings_dict["NAME"]
    own = sqlite3.connect(name) if connection.vendor == "sqlite" else connect_to(name)
    with closing(own) as database:
        return rows_of(database)


def files_of(folder):
    """Name -> content and mode of the files of all areas of a DATA_DIR."""
    places = ("media", "releases", "runs", "work/uploads", "encoders")
    paths = [path for place in places for path in (folder / place).rglob("*") if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode)
        for path in paths
    }


def test_everything_comes_back(target, settings, tmp_path):
    corpus = fill(settings)
    settings.BACKUP_PASSPHRASE = "a passphrase"
    before, files = own_rows(), files_of(settings.RUNS_DIR.parent)
    assert len(files) > 10 and sum(map(len, before.values())) > 100
    first = make(with_keys=True)
    assert first.encrypted and first.files == len(files) and not first.missing
    store_source(corpus, "one more")
    job = make(with_keys=True)
    assert job.files == len(files) + 1 and 0 < job.new_bytes < first.new_bytes

    secret = tmp_path / "passphrase"
    secret.write_text("a passphrase\n")
    folder = tmp_path / "new"
    with new_database() as (named_database, connect):
        said = restore(
            folder, target, named_database, "--backup", first.name, "--passphrase-file", str(secret)
        )
        assert f"{first.name} is restored" in said
        with closing(connect(folder)) as database:
            after = rows_of(database)
    for table in before.keys() - OWN:
        assert after[table] == before[table], table
    assert len(after["people_event"]) == len(before["people_event"]) + 2
    assert files_of(folder) == files
    assert (folder / "secret_key").read_text() == settings.SECRET_KEY


def test_a_backup_made_while_people_work(target, settings, tmp_path):
    corpus = fill(settings)
    over, failures = threading.Event(), []

    def work(number):
        """Import, and delete what was imported, over and over."""
        try:
            kept = []
            for turn in takewhile(lambda _turn: not over.is_set(), count()):
                kept.append(store_source(corpus, f"film {number} of turn {turn}"))
                if len(kept) > 20:
                    delete_source(kept.pop(0))
                over.wait(0.05)  # a film lives for a second, which is short enough
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        job = make()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert failures == [] and not job.missing
    assert Source.objects.filter(title__startswith="film").exists()
    folder = tmp_path / "new"
    with new_database() as (named_database, connect):
        assert "has no keys" in restore(folder, target, named_database)
        with closing(connect(folder)) as database:
            cursor = database.cursor()
            cursor.execute("SELECT title, media FROM corpus_source WHERE media <> ''")
            named = cursor.fetchall()
            cursor.execute("SELECT count(*) FROM releases_pseudonymkey")
            assert cursor.fetchone()[0] == 0
    assert len(named) >= 3
    stored = {name for name in files_of(folder) if name.startswith("media/sources/")}
    assert stored == {f"media/{media}" for _title, media in named}
    for title, media in named:
        assert (folder / "media" / media).read_text() == title


def aside(function, *arguments):
    """Call it as another process would: on a connection of its own."""

    def act():
        try:
            return function(*arguments)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as others:
        return others.submit(act).result()


def test_what_comes_and_goes_around_the_snapshot(target, settings, monkeypatch):
    corpus = fill(settings)
    gone_later = store_source(corpus, "copied before, deleted after the snapshot")
    copy, rounds, media = database_copy.copy, [], {}

    def copy_meanwhile(path):
        if not rounds:
            short = aside(store_source, corpus, "came and went")  # after the first copy of files
        copy(path)  # what is seen was fixed before: the snapshot is older than this source
        if not rounds:
            media["late"] = str(aside(store_source, corpus, "after the snapshot").media)
            media["gone"] = str(gone_later.media)
            aside(delete_source, gone_later)
            aside(delete_source, short)
        rounds.append(path)

    monkeypatch.setattr(writer.database_copy, "copy", copy_meanwhile)
    job = make()
    names = {entry.name for entry in Repository.open(target).read(job.name).files}
    assert len(rounds) == 1 and not job.missing
    assert media["gone"] in names and media["late"] not in names


def test_a_file_that_went_before_it_was_copied(target, settings, monkeypatch):
    corpus = fill(settings)
    snapshot, copy_new = writer._Writing._snapshot, writer._Writing._copy_new
    made, rounds = [], []

    def take_snapshot(writing):
        if not made:
            made.append(store_source(corpus, "never copied"))
        return snapshot(writing)

    def copy_too_late(writing, names):
        if not rounds:
            aside(delete_source, made[0])
        rounds.append(names)
        copy_new(writing, names)

    monkeypatch.setattr(writer._Writing, "_snapshot", take_snapshot)
    monkeypatch.setattr(writer._Writing, "_copy_new", copy_too_late)
    job = make()
    assert len(rounds) == 2 and not job.missing  # read again, now without that row


def test_what_was_missing_before_is_said(target, settings):
    corpus = fill(settings)
    source = store_source(corpus, "lost")
    default_storage.delete(str(source.media))
    assert make().missing == [str(source.media)]


def test_a_release_that_goes_while_it_is_copied(target, settings, monkeypatch):
    fill(settings)
    rounds = []
    folders_gone = writer._Writing._folders_gone

    def gone_once(writing, key, names, after):
        found = folders_gone(writing, key, names, after)
        if key == "releases":
            assert any(name.count("/") == 1 for name in names.places[key])
            rounds.append(key)
            return found | ({"releases/1/1.0.0"} if len(rounds) == 1 else set())
        return found

    monkeypatch.setattr(writer._Writing, "_folders_gone", gone_once)
    make()
    assert len(rounds) == 2


def test_refusals(target, settings, tmp_path, capsys):
    fill(settings)
    for place in (settings.RUNS_DIR / "backups", settings.RUNS_DIR.parent):
        job = Backup.request(None, target=str(place)).run()
        assert "lie in one another" in job.failure_text
    job = Backup.request(None, with_keys=True).run()
    assert "only put into encrypted" in job.failure_text
    settings.BACKUP_DIR = ""
    with pytest.raises(CommandError, match="Set BACKUP_DIR"):
        call_command("backup")
    running = Backup.request(None, target="x")
    with pytest.raises(CommandError, match="is being made"):
        call_command("backup", str(target))
    running.stop()
    call_command("backup", str(target), "--keep", "1")
    call_command("backup", str(target), "--keep", "1", "--without", "runs")
    assert "read back and whole" in capsys.readouterr().out
    names = Repository.open(target).names()
    assert [job.name for job in Backup.objects.good()] == names and len(names) == 1
    assert not any(e.area == "runs" for e in Repository.open(target).read(names[0]).files)
    call_command("backup", "--keys-to", str(tmp_path / "keys"))
    assert json.loads((tmp_path / "keys").read_text())["secret_key"] == settings.SECRET_KEY
    with pytest.raises(CommandError, match="File exists"):
        call_command("backup", "--keys-to", str(tmp_path / "keys"))


def test_pg_dump_that_is_not_there(target, settings, monkeypatch):
    monkeypatch.setattr(database_copy.shutil, "which", lambda name: None)
    with pytest.raises(UserError, match="pg_dump is not installed here"):
        database_copy._tool("pg_dump")


def test_restore_goes_onto_nothing_else(target, settings):
    fill(settings)
    make()
    with pytest.raises(CommandError, match="not empty: .*people.event"):
        call_command("restore", str(target))


def test_what_cannot_be_restored(target, settings, monkeypatch):
    fill(settings)
    job = make()
    monkeypatch.setattr(Restore, "_guard_empty", lambda restore: None)
    call_command("restore", str(target), "--check")
    kept = Repository.open(target)
    manifest = kept.read(job.name)
    head = dict(manifest.head)
    manifest.head = head | {"migrations": [*head["migrations"], ["corpus", "9999_later"]]}
    kept.publish("later", manifest)
    with pytest.raises(CommandError, match="later version .*corpus.9999_later"):
        call_command("restore", str(target), "--backup", "later")
    manifest.head = head | {"database": head["database"] | {"engine": "Oracle"}}
    kept.publish("other", manifest)
    with pytest.raises(CommandError, match="database of Oracle"):
        call_command("restore", str(target), "--backup", "other")
    with pytest.raises(CommandError, match=f"no backup never .*{job.name}"):
        call_command("restore", str(target), "--backup", "never")

    path = kept._object(manifest.files[0].sha256)
    path.write_bytes(b"")
    with pytest.raises(CommandError, match="1 of .* are damaged or missing. Nothing was changed"):
        call_command("restore", str(target), "--backup", job.name)
    check = BackupCheck.request(make_person(), Backup.objects.get(pk=job.pk))
    check.refresh_from_db()
    assert check.status == JobStatus.FAILED and check.faulty == 1
    assert "damaged" in check.failure_text
    again = make()  # stores it anew, for both
    assert kept.verify(kept.read(again.name).objects) == []
    assert kept.verify(kept.read(job.name).objects) == []


def test_a_target_that_is_half_written(target, settings):
    target.mkdir()
    (target / "objects").mkdir()
    with pytest.raises(CommandError, match="no backups"):
        call_command("restore", str(target))
    (target / "objects").rmdir()
    Repository.create_or_open(target).store([b"begun"])
    with pytest.raises(CommandError, match="no whole backup"):
        call_command("restore", str(target))


def test_disk_full(target, settings, monkeypatch):
    fill(settings)
    good = make()

    def fail(_file):
        raise OSError(28, "No space left on device")

    store_source(Source.objects.first().corpus, "another")
    with monkeypatch.context() as patch:
        patch.setattr("backups.repository.os.fsync", fail)
        job = Backup.request(None).run()
    assert "is full" in job.failure_text
    assert Repository.open(target).names() == [good.name]
    assert make().files == good.files + 1


def test_media_in_an_object_store(target, settings, object_store):
    corpus = make_corpus(make_person())
    source = store_source(corpus, "in the bucket")
    job = make()
    kept = Repository.open(target)
    [entry] = kept.read(job.name).files
    assert (entry.area, entry.name) == ("media", str(source.media))
    again = make()
    assert not again.missing and kept.read(again.name).files == [entry]
    store = areas()["media"]
    assert not store.is_empty() and store.look("sources") is None
    assert store.holds_folder(f"sources/{corpus.pk}") and not store.holds_folder("sources/x")
    store.write("restored.mp4", kept.pieces(entry.sha256), None)
    with default_storage.open("restored.mp4", "rb") as file:
        assert file.read() == b"in the bucket"


@pytest.mark.one_database
def test_what_lies_in_an_object_store_alone_comes_back_into_another(
    target, settings, tmp_path, object_store
):
    corpus = fill(settings)
    release, lead = corpus.releases.get(), corpus.memberships.first().person
    run = TrainingRun.objects.create(release=release, status=JobStatus.DONE)
    run.folder.mkdir(parents=True, exist_ok=True)
    (run.folder / "model.safetensors").write_text("weights")
    shared_folders.publish(run.folder)
    call_command("share_folders")  # with encoders, which have no rows
    shutil.rmtree(settings.ENCODERS_DIR)
    upload = Upload.begin(lead, corpus, "film.mp4", 10)
    upload.append(0, b"01234")
    upload.append(5, b"567")
    shutil.rmtree(settings.RELEASES_DIR)
    shutil.rmtree(settings.RUNS_DIR)
    job = make()
    assert not job.missing
    before = in_the_store()
    assert f"{run.pk}/model.safetensors" in before["runs"]
    assert before["encoders"].keys() == {"small/config.json"}
    assert any(name.endswith("/1.0.0/manifest.json") for name in before["releases"])
    assert before["uploads"] == {upload.token: b"01234567"}
    settings.STORAGES = settings.STORAGES | {"default": object_store.new_bucket(settings)}
    with new_database() as (named_database, _connect):
        restore(tmp_path / "new", target, named_database | object_store.environment())
    assert in_the_store() == before


@pytest.mark.one_database
def test_folders_of_this_host_go_into_the_store(settings, store_server, capsys):
    with pytest.raises(CommandError, match="S3_BUCKET is not set"):
        call_command("share_folders")
    corpus = make_corpus(make_person())
    release = make_release(corpus, [make_judged_round(corpus, dialogues=2)])
    settings.STORAGES = settings.STORAGES | {"default": store_server.new_bucket(settings)}
    for _ in range(2):  # again after an interruption
        call_command("share_folders")
        assert "2 folders and files" in capsys.readouterr().out  # the release, its index
    shutil.rmtree(settings.RELEASES_DIR)
    assert release.verify() == []


def in_the_store():
    """Area -> name -> content of what an object store holds."""
    return {
        key: {name: b"".join(area.pieces(name)) for name in area.listing()}
        for key, area in areas().items()
    }


def test_a_restore_that_was_interrupted_is_done_again(target, settings, monkeypatch):
    fill(settings)
    job = make()
    restore = Restore.of(Repository.open(target))
    (settings.DATA_DIR / "restoring").write_text("another\n")
    try:
        with pytest.raises(UserError, match="not empty"):
            restore._guard_empty()
        (settings.DATA_DIR / "restoring").write_text(f"{job.name}\n")
        restore._guard_empty()
    finally:
        (settings.DATA_DIR / "restoring").unlink()
