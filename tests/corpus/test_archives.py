import stat
import zipfile

import pytest

from corpus.archives import ArchiveError, Limits, unpack


def packed(tmp_path, entries, **how):
    path = tmp_path / "sent.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    folder = tmp_path / "into"
    folder.mkdir()
    return path, folder


def test_files_keep_their_folders(tmp_path):
    path, folder = packed(tmp_path, [("a/一.csv", "x"), ("b.csv", "y"), ("__MACOSX/._b", "z")])
    found = unpack(path, folder)
    assert [file.relative_to(folder).as_posix() for file in found] == ["a/一.csv", "b.csv"]
    assert (folder / "a/一.csv").read_text() == "x"


@pytest.mark.parametrize("name", ["../out.csv", "/etc/out.csv", "a/../../out", "C:/x", "..\\x"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    path, folder = packed(tmp_path, [(name, "x")])
    with pytest.raises(ArchiveError, match="no file may be called"):
        unpack(path, folder)
    assert not list(folder.iterdir())


def link():
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("entries", "limits", "why"),
    [
        ([(link(), "/etc/passwd")], Limits(), "is a link"),
        ([], Limits(), "the archive is empty"),
        ([("a", "x"), ("b", "x")], Limits(entries=1), "2 files; an archive may hold 1"),
        ([("a", "x" * 3000)], Limits(bytes=2000), "unpacked"),
        ([("a", bytes(6 * 1024**2))], Limits(), "200 times as large"),
        ([("a", "x"), ("./a", "y")], Limits(), "stands twice"),
    ],
)
def test_what_is_too_much_or_odd_is_refused(tmp_path, entries, limits, why):
    path, folder = packed(tmp_path, entries)
    with pytest.raises(ArchiveError, match=why):
        unpack(path, folder, limits)


def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "sent.zip"
    path.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ArchiveError, match="not a ZIP"):
        unpack(path, tmp_path)


def test_sizes_that_an_archive_lies_about_are_counted(tmp_path):
    path, folder = packed(tmp_path, [("a", "x" * 5000)])
    whole = bytearray(path.read_bytes())
    size = (5000).to_bytes(4, "little")
    for _ in range(2):
        place = whole.find(size)
        whole[place : place + 4] = (10).to_bytes(4, "little")
    path.write_bytes(whole)
    with pytest.raises(ArchiveError):
        unpack(path, folder, Limits(bytes=2000))
