"""`make run` as a process: it starts, answers, and leaves nothing behind however it ends."""

import contextlib
import os
import re
import signal
import socket
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


def start(folder, port, **environment):
    kept = {
        k: v
        for k, v in os.environ.items()
        if k not in ("REDIS_URL", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    }  # noqa: E501
    kept |= {"DATA_DIR": str(folder), "PORT": str(port), "DEMO": "0", "PYTHONUNBUFFERED": "1"}
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_serves_and_leaves_no_child_behind(tmp_path, number):
    port = free_port()
    launcher = start(tmp_path, port)
    said = read_until(launcher, "Ctrl-C")
    assert f"http://localhost:{port}/" in said
    page = get(port, "/sign-in/").read().decode()
    style = re.search(r'href="(/static/css/app\.[0-9a-f]+\.css)"', page).group(1)
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
