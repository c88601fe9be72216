"""The process that reads media: what it can do, and what becomes of one that goes wrong."""

import os
import subprocess
import sys

import pytest

from corpus import media_process
from corpus.media_info import MediaError
from corpus.media_process import MediaProcess, missing_confinement

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone confines files")


@pytest.fixture(autouse=True)
def own_process(settings):
    settings.MEDIA_IN_PROCESS = False


@pytest.fixture
def doing(monkeypatch, tmp_path):
    """A child that does what a piece of Python says where it is asked what a film holds."""

    def asked(code, **how):
        lines = "\n".join(f"    {line}" for line in code.splitlines())
        program = (
            "from corpus import media_child\n"
            f"def probe(report, path, quick):\n{lines}\n"
            "media_child.WORK['probe'] = probe\n"
            "media_child.main()\n"
        )
        monkeypatch.setattr(media_process, "PROGRAM", ("-c", program))
        film = tmp_path / "film.mp4"
        film.write_bytes(b"film")
        with MediaProcess(film, **how) as media:
            return media.probe(film)

    return asked


def failure(doing, code, **how):
    with pytest.raises(MediaError) as raised:
        doing(code, **how)
    return str(raised.value)


def shown(doing, code):
    """What the code gives as `found`, a string."""
    return failure(
        doing, f"from corpus.media_info import MediaError\n{code}\nraise MediaError(found)"
    )


def test_a_film_is_read_there_as_here(film, settings):
    there = media_process.probe(film)
    settings.MEDIA_IN_PROCESS = True
    assert media_process.probe(film) == there


def test_nothing_is_missing_here():
    assert set(missing_confinement()) <= {"files"}  # old kernels have no Landlock


def test_it_knows_no_secrets(doing, monkeypatch):
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "S3_SECRET_KEY", "BACKUP_PASSPHRASE"):
        monkeypatch.setenv(name, "the-secret")
    found = shown(doing, "import os\nfound = ' '.join(os.environ)")
    own = {"HOME", "TMPDIR", "LANG", "HF_HUB_OFFLINE", "LC_CTYPE", "OPENBLAS_NUM_THREADS"}
    assert set(found.split()) - own - set(media_process.KEPT) == set()
    parent = "found = open(f'/proc/{os.getppid()}/environ').read()"
    assert "the-secret" not in shown(
        doing, f"import os\ntry: {parent}\nexcept OSError: found = '-'"
    )


def test_it_has_no_files_of_the_worker_open(doing, tmp_path):
    with (tmp_path / "open").open("w") as mine:
        os.set_inheritable(mine.fileno(), True)
        code = (
            "import os\nfound = 'open'\n"
            f"try: os.fstat({mine.fileno()})\n"
            "except OSError: found = 'not open'"
        )
        assert shown(doing, code) == "not open"


@needs_linux
def test_it_reaches_no_network_and_no_other_files(doing, tmp_path):
    code = (
        "import os, socket\nfound = ''\n"
        "for what in (socket.socket, lambda: open('/etc/passwd'), lambda: os.listdir('.'),\n"
        f"             lambda: open({str(tmp_path / 'new')!r}, 'w'),\n"
        "             lambda: os.kill(os.getppid(), 0),\n"
        "             lambda: os.symlink('/etc/passwd', os.environ['TMPDIR'] + '/link')):\n"
        "    try: what(); found += ' reached'\n"
        "    except PermissionError: found += ' refused'"
    )
    expected = ["refused"] * 6
    if "files" in missing_confinement():
        expected[1:] = ["reached"] * 5
    assert shown(doing, code).split() == expected


def test_too_much_memory_is_refused_with_a_sentence(doing, settings):
    settings.MEDIA_MEMORY_MB = 512
    said = failure(doing, "bytearray(600 * 1024**2)")
    assert "film.mp4 takes more than the 512 MB" in said and "MEDIA_MEMORY_MB" in said


def test_what_never_ends_is_ended(doing, monkeypatch):
    monkeypatch.setattr(media_process, "LEAST_SECONDS", 1)
    said = failure(doing, "while True: pass")
    assert "film.mp4 took longer than 0 min" in said


@pytest.mark.parametrize("how", ["os.abort()", "os.write(3, b'no JSON\\n')"])
def test_a_crash_is_said(doing, how):
    assert "film.mp4 made the program that reads media crash" in failure(doing, f"import os\n{how}")


def test_after_a_crash_the_same_process_object_starts_anew(film, monkeypatch):
    with MediaProcess(film) as media:
        media.probe(film)
        media.child.process.kill()
        with pytest.raises(MediaError, match="probably because the machine lacks memory"):
            media.probe(film)
        assert media.probe(film).duration == pytest.approx(10, abs=0.1)


def test_a_fault_of_ours_is_no_fault_of_the_film(doing):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        doing("1 / 0")


def test_whoever_stops_waiting_ends_it(film):
    class Stop(Exception):
        pass

    def stop(share):
        raise Stop

    with MediaProcess(film) as media:
        media.probe(film)
        process = media.child.process
        with pytest.raises(Stop):
            media.shots(film, stop)
        assert process.returncode is not None and media.child is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.m3u8", "#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:9/film.ts\n#EXT-X-ENDLIST\n"),
        ("list.m3u8", "#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "ffconcat version 1.0\nfile /etc/passwd\n"),
        ("list.mp4", "ffconcat version 1.0\nfile http://127.0.0.1:9/film.mp4\n"),
    ],
)
def test_a_list_of_other_files_opens_none(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(MediaError):
        media_process.probe(path)


@needs_linux
def test_a_list_cannot_read_a_film_beside_it(tmp_path, film):
    """Even where FFmpeg would follow it: the process may not open what it was not given."""
    code = (
        "from pathlib import Path; import av, os, sys\n"
        "from core.confinement import *\n"
        f"confine(Confinement(({str(tmp_path / 'list.txt')!r},)), os.getppid())\n"
        f"av.open({str(tmp_path / 'list.txt')!r}, format='concat', options={{'safe': '0'}})\n"
    )
    (tmp_path / "list.txt").write_text(f"ffconcat version 1.0\nfile {film}\n")
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if "files" in missing_confinement():
        assert done.returncode == 0
    else:
        assert "Operation not permitted" in done.stderr or "Permission denied" in done.stderr
