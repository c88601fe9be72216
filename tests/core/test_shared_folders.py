"""Folders that hosts share by an object store, two hosts in one process."""

import shutil
import threading
from pathlib import Path

import pytest
from django.core.files.storage import default_storage

from core import shared_folders
from core.shared_folders import Damaged, Overtaken, StoreAway
from tests.object_store import be_host
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


@pytest.fixture
def hosts(object_store, settings, tmp_path):
    """What makes this process one of two hosts; the folder `runs/7` of that host."""

    def be(name):
        be_host(settings, tmp_path / name)
        return settings.RUNS_DIR / "7"

    return be


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("_", "/", 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def read(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def objects():
    found = (each.key for each in default_storage.bucket.objects.filter(Prefix="shared/"))
    return sorted(key for key in found if not key.startswith("shared/deleted/"))


def published(hosts, **files):
    """Published by the first host, fetched by the second; where it lies on both."""
    first = hosts("first")
    write(first, **files)
    shared_folders.publish(first)
    second = hosts("second")
    shared_folders.fetch(second)
    return first, second


def test_without_a_store_nothing_is_done(settings, tmp_path):
    folder = settings.RUNS_DIR / "7"
    write(folder, events="1", inner_file="2")
    with shared_folders.writing(folder, ("run", 1)):
        shared_folders.fetch(folder)
    shared_folders.publish(folder)
    assert shared_folders.sizes(folder) == {"events": 1, "inner/file": 1}
    assert b"".join(shared_folders.blocks(folder, "inner/file", 0, 1)) == b"2"
    assert not settings.WORK_DIR.exists() and read(settings.RUNS_DIR).keys() == {
        "7/events", "7/inner/file",
    }  # fmt: skip
    shared_folders.remove(folder)
    assert not folder.exists()


def test_a_folder_is_fetched_and_follows_what_is_published_later(hosts):
    first, second = published(hosts, events="1", model="weights", inner_file="deep", lock="")
    assert read(second) == {"events": "1", "model": "weights", "inner/file": "deep"}
    hosts("first")
    write(first, events="1 2", new="n")
    (first / "model").unlink()
    shared_folders.publish(first)
    assert len(objects()) == 4  # what nobody needs any more is gone: three files, the manifest
    hosts("second")
    shared_folders.fetch(second)
    assert read(second) == {"events": "1 2", "new": "n", "inner/file": "deep"}


def test_a_single_file(hosts, settings):
    hosts("first")
    path = settings.RELEASES_DIR / "diffs" / "1-2.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("lines")
    shared_folders.publish(path)
    hosts("second")
    other = settings.RELEASES_DIR / "diffs" / "1-2.jsonl"
    shared_folders.fetch(other)
    assert other.read_text() == "lines" and other != path


def test_some_files_come_only_when_they_are_asked_for(hosts):
    first = hosts("first")
    write(first, table="rows", media_clip="film")
    shared_folders.publish(first)
    second = hosts("second")
    assert shared_folders.sizes(second) == {"table": 4, "media/clip": 4} and not second.exists()
    shared_folders.fetch(second, ("media/*",))
    assert read(second) == {"table": "rows"}
    assert b"".join(shared_folders.blocks(second, "media/clip", 1, 3)) == b"il"
    shared_folders.fetch(second, frozen=True)
    assert read(second) == {"table": "rows", "media/clip": "film"}
    with pytest.raises(FileNotFoundError):
        list(shared_folders.blocks(second, "media/none", 0, 1))


def test_asking_what_there_is_takes_nothing_away(hosts):
    first, second = published(hosts, events="1", checkpoint="old")
    hosts("first")
    write(first, events="1 2", checkpoint="new")
    shared_folders.publish(first)
    hosts("second")
    assert shared_folders.sizes(second) == {"events": 3, "checkpoint": 3}
    assert read(second) == {"events": "1", "checkpoint": "old"}
    shared_folders.fetch(second, ("checkpoint",))
    assert read(second) == {"events": "1 2", "checkpoint": "old"}
    shared_folders.fetch(second, strict=True)
    assert read(second) == {"events": "1 2", "checkpoint": "new"}


def test_half_of_it_is_never_seen(hosts, monkeypatch):
    """A host that dies while it publishes has changed nothing for others; a reader that is
    overtaken by a writer reads again.
    """
    first, second = published(hosts, a="old", b="old")
    hosts("first")
    write(first, a="new", b="new")
    with monkeypatch.context() as patched:
        patched.setattr(shared_folders, "_write_manifest", lambda *values: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            shared_folders.publish(first)
    hosts("second")
    shared_folders.fetch(second)
    assert read(second) == {"a": "old", "b": "old"}
    hosts("first")
    shared_folders.publish(first)
    get, done = shared_folders._get, []

    def overtaken(client, name, key, **how):
        if key != shared_folders.MANIFEST and not done:
            done.append(key)
            hosts("first")
            write(first, a="newest", b="newest")
            shared_folders.publish(first)
            hosts("second")
        return get(client, name, key, **how)

    hosts("second")
    monkeypatch.setattr(shared_folders, "AT_ONCE", 1)
    monkeypatch.setattr(shared_folders, "_get", overtaken)
    shared_folders.fetch(second)
    assert done and read(second) == {"a": "newest", "b": "newest"}


def test_a_damaged_object_is_refused(hosts):
    first = hosts("first")
    write(first, weights="precise")
    shared_folders.publish(first)
    key = next(each for each in objects() if not each.endswith("manifest.json"))
    default_storage.bucket.Object(key).put(Body=b"differ!")
    second = hosts("second")
    with pytest.raises(Damaged, match="weights of runs/7 in the object store is not what was put"):
        shared_folders.fetch(second)
    assert not second.exists()


def test_missing_objects_are_refused(hosts):
    first = hosts("first")
    write(first, weights="precise")
    shared_folders.publish(first)
    for key in objects():
        if not key.endswith("manifest.json"):
            default_storage.bucket.Object(key).delete()
    with pytest.raises(Damaged, match="missing"):
        shared_folders.fetch(hosts("second"))


def test_a_store_that_does_not_answer(hosts, settings, object_store):
    """Pages take what is here; work is refused; nothing that was written is lost."""
    first, second = published(hosts, events="1")
    hosts("first")
    with object_store.away():
        write(first, events="1 2")
        with pytest.raises(StoreAway, match="does not answer"):
            shared_folders.publish(first)
        hosts("second")
        shared_folders.fetch(second)
        assert read(second) == {"events": "1"}
        with pytest.raises(StoreAway):
            shared_folders.fetch(second, strict=True)
        with pytest.raises(StoreAway):
            shared_folders.fetch(settings.RUNS_DIR / "8")
    hosts("first")
    shared_folders.publish(first)
    hosts("second")
    shared_folders.fetch(second)
    assert read(second) == {"events": "1 2"}


def test_work_waits_for_the_store(hosts, object_store):
    first = hosts("first")
    with object_store.away() as back:
        threading.Timer(1.0, back).start()
        with shared_folders.writing(first, ("run", 1)):
            write(first, events="1")
    second = hosts("second")
    shared_folders.fetch(second)
    assert read(second) == {"events": "1"}


def test_what_is_being_written_is_seen_by_others(hosts, tmp_path):
    first = hosts("first")
    with shared_folders.writing(first, ("run", 1), every=0.05):
        write(first, events="1")
        name = "shared/runs/7/"
        wait_until(
            lambda: len([each for each in objects() if each.startswith(name)]) == 2, "it in store"
        )
    second = hosts("second")
    shared_folders.fetch(second)
    assert read(second) == {"events": "1"}


def test_large_files_wait_and_are_there_in_the_end(hosts, monkeypatch):
    monkeypatch.setattr(shared_folders, "LARGE", 10)
    first = hosts("first")
    write(first, events="1", checkpoint="x" * 50)
    shared_folders.publish(first, largest=10)
    assert shared_folders.sizes(first).keys() == {"events"}
    with shared_folders.writing(first, ("run", 1)):
        write(first, checkpoint="y" * 60)
    second = hosts("second")
    shared_folders.fetch(second)
    assert read(second) == {"events": "1", "checkpoint": "y" * 60}


def test_the_later_attempt_wins(hosts):
    """A worker that was taken for dead goes on writing: nothing of it counts."""
    first = hosts("first")
    with (
        pytest.raises(Overtaken, match="another worker"),
        shared_folders.writing(first, ("run", 1)),
    ):
        write(first, events="of the first", left="by the first")
        shared_folders.publish(first, ("run", 1))
        write(first, events="of the first, on and on", more="m")
        second = hosts("second")
        with shared_folders.writing(second, ("run", 2)):
            assert read(second) == {"events": "of the first", "left": "by the first"}
            write(second, events="of the second")
            (second / "left").unlink()
        hosts("first")
    shared_folders._seen.clear()
    shared_folders.fetch(first)
    assert read(first) == {"events": "of the second"}


def test_works_that_write_different_files_keep_both(hosts):
    """As parts of a protocol do, which train at the same time."""
    first, second = hosts("first"), hosts("second")
    with shared_folders.writing(second, ("part-2", 1)):
        write(second, two="second")
        hosts("first")
        with shared_folders.writing(first, ("part-1", 1)):
            write(first, one="first", common="c")
        hosts("second")
        write(second, two="second more")
    for host, folder in (("first", first), ("second", second)):
        hosts(host)
        shared_folders.fetch(folder)
        assert read(folder) == {"one": "first", "two": "second more", "common": "c"}


def test_what_was_deleted_goes_everywhere(hosts, settings):
    first, second = published(hosts, events="1")
    shared_folders.remove(settings.RUNS_DIR / "7")
    assert objects() == [] and not second.exists()
    hosts("first")
    with pytest.raises(Overtaken, match="deleted"):
        write(first, events="1 2")
        shared_folders.publish(first)
    assert shared_folders.sweep() == 1 and not first.exists()


def test_what_is_missing_in_the_store_is_not_deleted_here(hosts, object_store, settings):
    """As where a bucket was lost, or another one is named by mistake."""
    first, second = published(hosts, events="1")
    settings.STORAGES = settings.STORAGES | {"default": object_store.new_bucket(settings)}
    shared_folders.fetch(second, strict=True)
    assert shared_folders.sweep() == 0 and read(second) == {"events": "1"}
    hosts("first")
    shared_folders.publish(first, announce=True)
    third = hosts("third")
    shared_folders.fetch(third)
    assert read(third) == {"events": "1"}


def test_a_name_may_come_again(hosts):
    first, second = published(hosts, events="1")
    shared_folders.remove(second)
    hosts("first")
    shared_folders.fetch(first, strict=True)
    assert not first.exists()
    write(first, events="2")
    shared_folders.publish(first)
    hosts("second")
    shared_folders.fetch(second, strict=True)
    assert read(second) == {"events": "2"}


def test_what_a_dead_worker_has_left_is_gone_on_with_where_nobody_else_did(hosts):
    """On its own host; on another one, what was published."""
    first, _second = published(hosts, events="1")
    hosts("first")
    write(first, events="1 2", checkpoint="of 2")
    for but in (("checkpoint",), ()):
        shared_folders._seen.clear()
        shared_folders.fetch(first, but, strict=True)
        assert read(first) == {"events": "1 2", "checkpoint": "of 2"}
    with shared_folders.writing(first, ("run", 2)):
        assert read(first) == {"events": "1 2", "checkpoint": "of 2"}


def test_a_copy_may_be_deleted_by_hand(hosts):
    _first, second = published(hosts, events="1")
    shutil.rmtree(second)
    shared_folders._seen.clear()
    shared_folders.fetch(second)
    assert read(second) == {"events": "1"}


def test_hosts_that_mount_a_folder_together_fetch_nothing_into_it(hosts, settings, tmp_path):
    first = hosts("first")
    write(first, events="1")
    shared_folders.publish(first)
    shared_folders.fetch(first)
    hosts("second")
    settings.RUNS_DIR = tmp_path / "first" / "runs"
    write(first, events="1 2", checkpoint="only here")
    shared_folders.fetch(first)
    assert read(first) == {"events": "1 2", "checkpoint": "only here"}
    hosts("first")
    default_storage.bucket.Object("shared/runs/7/manifest.json").put(
        Body=b'{"files": {}, "attempts": {}}'
    )
    shared_folders.fetch(first)  # the host that was here before has seen the other's mark
    assert read(first) == {"events": "1 2", "checkpoint": "only here"}


def test_the_bytes_of_a_folder_are_counted_in_the_store(hosts, settings):
    published(hosts, events="12345", inner_file="123")
    hosts("third")
    assert shared_folders.size_of(settings.RUNS_DIR / "7") == 8
    assert shared_folders.size_of(Path(settings.RUNS_DIR)) == 8


def test_backups_read_all_of_an_area(hosts, settings):
    published(hosts, events="1", inner_file="2")
    hosts("third")
    found = shared_folders.stored_files("runs")
    assert {name: entry[1] for name, entry in found.items()} == {"7/events": 1, "7/inner/file": 1}
    content = {name: b"".join(shared_folders.stored_content(e)) for name, e in found.items()}
    assert content == {"7/events": b"1", "7/inner/file": b"2"}
