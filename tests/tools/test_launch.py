"""`make run` as a process: it starts, answers, and leaves nothing behind however it ends."""

import contextlib
import fcntl
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import urllib.request
from functools import partial
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.waiting import LIMIT, wait_until
from tools import launch

ROOT = Path(__file__).resolve().parents[2]


def environment_of(folder):
    others = ("REDIS_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY")
    kept = {name: value for name, value in os.environ.items() if name not in others}
    return kept | {"DATA_DIR": str(folder), "DEMO": "0", "PYTHONUNBUFFERED": "1"}


def start(folder, port, **environment):
    kept = environment_of(folder) | {"PORT": str(port)}
    return subprocess.Popen(
        [sys.executable, "tools/launch.py"],
        cwd=ROOT,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def children_of(folder):
    """Processes whose environment names the data directory of this launch."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"DATA_DIR={folder}".encode() in (place / "environ").read_bytes():
                found.append((int(place.name), (place / "cmdline").read_bytes()))
        except (OSError, PermissionError):
            continue
    return found


def wait_until_none_is_left(folder):
    children = partial(children_of, folder)
    wait_until(lambda: not children(), "the children to end", state=children)


def get(port, path):
    return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=LIMIT)


def child(launcher, name):
    """The process that the launcher itself has started from a command with `name`, or None."""
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            mine = f"PPid:\t{launcher.pid}\n" in (place / "status").read_text()
            if mine and name in (place / "cmdline").read_bytes():
                return int(place.name)
    return None


def read_until(process, words):
    said = ""
    hung = threading.Timer(2 * LIMIT, process.kill)
    hung.start()
    try:
        for line in process.stdout:
            said += line
            if words in line:
                return said
    finally:
        hung.cancel()
    return pytest.fail(f"it ended with: {said}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])  # of SIGKILL below
def test_it_serves_and_leaves_no_child_behind(tmp_path, number):
    port = free_port()
    launcher = start(tmp_path, port)
    said = read_until(launcher, "Ctrl-C")
    assert f"http://localhost:{port}/" in said
    page = get(port, "/sign-in/").read().decode()
    style = re.search(r'href="(/static/shengqing\.[0-9a-f]+\.css)"', page).group(1)
    assert get(port, style).status == 200
    assert len(children_of(tmp_path)) >= 5  # leash, Redis, web, worker and theirs
    launcher.send_signal(number)
    launcher.wait(LIMIT)
    wait_until_none_is_left(tmp_path)


def test_a_part_that_dies_is_started_again_until_it_dies_too_often(tmp_path):
    port = free_port()
    launcher = start(tmp_path, port)
    read_until(launcher, "Ctrl-C")

    def kill(name):
        os.kill(wait_until(lambda: child(launcher, name), f"{name} to run"), signal.SIGKILL)

    for name, part in ((b"redis-server", "embedded Redis"), (b"celery", "worker")):
        kill(name)
        read_until(launcher, f"the {part} ended unexpectedly and is started again")
    assert get(port, "/sign-in/").status == 200
    for _ in range(4):
        kill(b"redis-server")
        read_until(launcher, "started again")
    kill(b"redis-server")
    said, _ = launcher.communicate(timeout=LIMIT)
    assert launcher.returncode and "ends again and again" in said
    wait_until_none_is_left(tmp_path)


def test_a_worker_that_dies_for_ever_leaves_the_web_server_alone(tmp_path, monkeypatch):
    said, requeued = [], []

    def say(words):
        said.append(words)
        if len(said) == 4 * launch.MOST_DEATHS:
            raise KeyboardInterrupt

    monkeypatch.setattr(launch, "say", say)
    monkeypatch.setattr(launch, "requeue", lambda **options: requeued.append(options))
    monkeypatch.setattr(launch, "LONGEST_PAUSE", 0.01)
    group = launch.Group()
    try:
        group.start("web server", ["sleep", "600"], tmp_path / "web.log")
        group.start("worker", ["false"], tmp_path / "worker.log")
        web_server = group.members["web server"]
        with pytest.raises(KeyboardInterrupt):
            launch.watch(group, tmp_path)
        assert web_server.poll() is None and group.members["web server"] is web_server
    finally:
        group.end()
    assert requeued == [{"everything": True}] * (len(said) - 1)
    assert {words.split(" ended")[0] for words in said} == {"the worker"}


def test_pauses_before_a_worker_is_started_grow():
    assert [launch.pause_after(deaths) for deaths in (1, 2, 3, 4, 20)] == [0, 4, 8, 16, 60]


def test_what_it_keeps_is_private_and_one_launcher_has_it(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "demo_password").write_text("demo-123456")
    (tmp_path / "demo_password").chmod(0o644)
    port = free_port()
    launcher = start(tmp_path, port)
    said = read_until(launcher, "Ctrl-C")
    code = re.search(r"one-time code: (\S+)", said).group(1)
    assert (tmp_path / "setup_code").read_text().strip() == code
    assert mode_of(tmp_path) == 0o700
    private = {path for path in tmp_path.iterdir() if path.is_file()}
    names = {path.name for path in private}
    assert {"secret_key", "demo_password", "setup_code", "shengqing.sqlite3"} <= names
    assert {path.name: mode_of(path) for path in private} == dict.fromkeys(names, 0o600)
    with get(port, "/corpora/1/") as page:
        assert page.url.endswith("/setup/") and "demo-123456" not in page.read().decode()

    other, _ = start(tmp_path, free_port()).communicate(timeout=LIMIT)
    assert other.startswith(f"✗ Shengqing already runs on {tmp_path}: process {launcher.pid},")
    assert f"http://localhost:{port}/" in other and other.count("\n") == 1
    by_hand = subprocess.run(
        [sys.executable, "manage.py", "setup_code"],
        cwd=ROOT,
        env=environment_of(tmp_path),
        capture_output=True,
        text=True,
    )
    assert by_hand.stdout.strip() == code  # other programs do not need the lock
    assert len(children_of(tmp_path)) >= 5
    launcher.kill()
    launcher.wait(LIMIT)
    wait_until_none_is_left(tmp_path)
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # its death has released it


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said, _ = start(tmp_path, port).communicate(timeout=LIMIT)
    assert said.strip() == (
        f"✗ Port {port} is taken by another program. Choose another: make run PORT={port + 1}"
    )


def test_a_database_that_cannot_be_reached_is_one_sentence(tmp_path):
    process = start(tmp_path, free_port(), DATABASE_URL=f"postgres://x@127.0.0.1:{free_port()}/x")
    said, _ = process.communicate(timeout=LIMIT)
    assert process.returncode and said.startswith("✗ The database cannot be used")
    assert "Traceback" not in said
    wait_until_none_is_left(tmp_path)


def test_another_python_is_refused_by_setup(tmp_path):
    code = (
        "import sys; sys.path.insert(0, 'tools'); import setup; sys.version_info = (3, 9, 1);"
        "sys.argv = ['setup.py']; setup.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("✗ Shengqing needs Python 3.11")
