"""The folder of backups, without a database: what is kept once, what is noticed."""

import errno
import multiprocessing

import pytest

from backups import encryption, repository
from backups.encryption import PIECE, WrongPassphrase
from backups.manifest import FileEntry, Manifest
from backups.repository import DamagedObject, Repository
from core.errors import UserError

CONTENTS = [b"", b"x", b"y" * PIECE, b"z" * (2 * PIECE + 5)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(encryption, "COST", 1 << 10)


@pytest.fixture(params=["", "a passphrase"])
def kept(tmp_path, request):
    made = Repository.create_or_open(tmp_path / "backups", request.param)
    made.passphrase = request.param
    return made


def add(kept, name, contents):
    """A backup of some contents."""
    stored = [kept.store([content]) for content in contents]
    files = [FileEntry("media", f"{n}", size, d, "s") for n, (d, size, _new) in enumerate(stored)]
    manifest = Manifest({"database": {"sha256": files[0].sha256, "size": files[0].size}}, files)
    kept.publish(name, manifest)
    return manifest


def objects(kept):
    return {path for path in kept.folder.glob("objects/**/*") if path.is_file()}


def test_contents_come_back_and_are_kept_once(kept):
    first = add(kept, "1", CONTENTS)
    assert [b"".join(kept.pieces(entry.sha256)) for entry in first.files] == CONTENTS
    assert kept.store([CONTENTS[2][:7], CONTENTS[2][7:]])[2] == 0  # in whatever pieces it comes
    add(kept, "2", [*CONTENTS, b"new"])
    assert len(objects(kept)) == len(CONTENTS) + 1
    again = Repository.open(kept.folder, kept.passphrase)
    assert again.names() == ["1", "2"] and again.read("1") == first
    assert again.verify(first.objects) == []


def test_encrypted_files_and_their_names_tell_nothing(tmp_path):
    kept = Repository.create_or_open(tmp_path / "backups", "a passphrase")
    digest, _size, _new = kept.store([b"what was said" * 10])
    [path] = objects(kept)
    assert digest not in str(path) and b"said" not in path.read_bytes()


def test_passphrases(tmp_path):
    add(Repository.create_or_open(tmp_path / "shut", "right"), "1", [b"x"])
    with pytest.raises(WrongPassphrase, match="does not open"):
        Repository.open(tmp_path / "shut", "wrong")
    with pytest.raises(UserError, match="are encrypted"):
        Repository.open(tmp_path / "shut")
    Repository.create_or_open(tmp_path / "open")
    with pytest.raises(UserError, match="are not encrypted"):
        Repository.create_or_open(tmp_path / "open", "right")


@pytest.mark.parametrize("harm", ["changed", "shortened", "lengthened", "gone", "swapped"])
def test_damaged_contents_are_noticed(kept, harm):
    entries = add(kept, "1", CONTENTS).files
    path, other = kept._object(entries[3].sha256), kept._object(entries[2].sha256)
    data = path.read_bytes()
    if harm == "gone":
        path.unlink()
    elif harm == "swapped":
        path.write_bytes(other.read_bytes())
    else:
        middle = bytes([data[700] ^ 1])
        path.write_bytes(
            {
                "changed": data[:700] + middle + data[701:],
                "shortened": data[: PIECE + 16 + 16],
                "lengthened": data + b"x",
            }[harm]
        )
    assert kept.verify({entry.sha256: 0 for entry in entries}) == [entries[3].sha256]
    with pytest.raises(DamagedObject, match="objects/"):
        list(kept.pieces(entries[3].sha256))


@pytest.mark.parametrize("left", [0, 1, 30, -2, -20])
def test_a_manifest_that_was_cut_off_is_noticed(kept, left):
    add(kept, "1", CONTENTS)
    path = kept.folder / "backups" / "1.manifest"
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(UserError, match="damaged or incomplete"):
        kept.read("1")


def test_a_line_of_the_manifest_that_is_missing_is_noticed(tmp_path):
    kept = Repository.create_or_open(tmp_path / "backups")
    add(kept, "1", CONTENTS)
    path = kept.folder / "backups" / "1.manifest"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    with pytest.raises(UserError, match="damaged or incomplete"):
        kept.read("1")


def test_old_backups_go_with_what_only_they_need(kept):
    add(kept, "1", [b"one", b"both"])
    add(kept, "2", [b"two", b"both"])
    assert kept.prune(0) == [] and len(objects(kept)) == 3
    assert kept.prune(1) == ["1"]
    assert kept.names() == ["2"] and len(objects(kept)) == 2
    assert kept.verify(kept.read("2").objects) == []


def test_nothing_is_deleted_while_a_manifest_cannot_be_read(kept):
    add(kept, "1", [b"one"])
    add(kept, "2", [b"two"])
    (kept.folder / "backups" / "1.manifest").write_bytes(b"?")
    kept.collect()
    assert len(objects(kept)) == 2


def test_an_interrupted_one_is_none(kept):
    kept.store([b"stored, but in no manifest"])
    (kept.folder / "objects" / "half.part").write_bytes(b"ha")
    (kept.folder / "backups").mkdir()
    (kept.folder / "backups" / "1.manifest.half.part").write_bytes(b"{")
    assert kept.names() == []
    kept.collect()
    assert objects(kept) == set() and list((kept.folder / "backups").iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_is_a_sentence(kept, monkeypatch, number):
    add(kept, "1", [b"one"])
    before = objects(kept)

    def fail(_file):
        raise OSError(number, "said by the system")

    monkeypatch.setattr(repository.os, "fsync", fail)
    words = "is full" if number == errno.ENOSPC else "cannot be written: said by the system"
    with pytest.raises(UserError, match=words):
        kept.store([b"two"])
    assert objects(kept) == before and kept.names() == ["1"]


def hold(folder, ready, over):
    with Repository.open(folder).locked():
        ready.set()
        over.wait(60)


def test_one_at_a_time(tmp_path):
    folder = tmp_path / "backups"
    kept = Repository.create_or_open(folder)
    context = multiprocessing.get_context("fork")
    ready, over = context.Event(), context.Event()
    other = context.Process(target=hold, args=(folder, ready, over))
    other.start()
    try:
        assert ready.wait(60)
        for shared in (False, True):
            with pytest.raises(UserError, match=f"in use .*process {other.pid}"):
                kept.locked(shared).__enter__()
    finally:
        over.set()
        other.join(60)
    with kept.locked(shared=True), Repository.open(folder).locked(shared=True):
        pass


def test_other_files_are_not_written_into(tmp_path):
    (tmp_path / "thesis.docx").write_bytes(b"")
    with pytest.raises(UserError, match="something else"):
        Repository.create_or_open(tmp_path)
    with pytest.raises(UserError, match="no backups"):
        Repository.open(tmp_path)
