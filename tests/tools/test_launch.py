"""`make run` as a process: it starts, answers, and leaves nothing behind however it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(folder, port, **environment):
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


def read_until(process, words):
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"it ended with: {said}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_serves_and_leaves_no_child_behind(tmp_path, number):
    port = free_port()
    launcher = launch(tmp_path, port)
    said = read_until(launcher, "Ctrl-C")
    assert f"http://localhost:{port}/" in said
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=10).read().decode()
    style = re.search(r'href="(/static/css/app\.[0-9a-f]+\.css)"', page).group(1)
    assert urllib.request.urlopen(f"http://127.0.0.1:{port}{style}", timeout=10).status == 200
    assert len(children_of(tmp_path)) >= 5  # leash, Redis, web, worker and theirs
    launcher.send_signal(number)
    launcher.wait(timeout=20)
    deadline = time.monotonic() + 15
    while children_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert children_of(tmp_path) == []


def test_a_part_that_dies_is_started_again_until_it_dies_too_often(tmp_path):
    port = free_port()
    launcher = launch(tmp_path, port)
    read_until(launcher, "Ctrl-C")

    def kill(name):
        for place in Path("/proc").glob("[0-9]*"):
            status = (place / "status").read_text() if (place / "status").exists() else ""
            mine = f"PPid:\t{launcher.pid}\n" in status
            if mine and name in (place / "cmdline").read_bytes():
                return os.kill(int(place.name), signal.SIGKILL)
        return pytest.fail(f"no {name} there")

    for name, part in ((b"redis-server", "embedded Redis"), (b"celery", "worker")):
        kill(name)
        read_until(launcher, f"the {part} ended unexpectedly and is started again")
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/", timeout=10)
    assert page.status == 200
    for _ in range(3):
        time.sleep(1.0)
        kill(b"redis-server")
        read_until(launcher, "started again")
    time.sleep(1.0)
    kill(b"redis-server")
    said, _ = launcher.communicate(timeout=30)
    assert launcher.returncode and "ends again and again" in said
    assert children_of(tmp_path) == []


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said, _ = launch(tmp_path, port).communicate(timeout=30)
    assert said.strip() == (
        f"✗ Port {port} is taken by another program. Choose another: make run PORT={port + 1}"
    )


def test_a_database_that_cannot_be_reached_is_one_sentence(tmp_path):
    process = launch(tmp_path, free_port(), DATABASE_URL=f"postgres://x@127.0.0.1:{free_port()}/x")
    said, _ = process.communicate(timeout=60)
    assert process.returncode and said.startswith("✗ The database cannot be used")
    assert "Traceback" not in said and children_of(tmp_path) == []


def test_another_python_is_refused_by_setup(tmp_path):
    code = (
        "import sys; sys.path.insert(0, 'tools'); import setup; sys.version_info = (3, 9, 1);"
        "sys.argv = ['setup.py']; setup.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("✗ Shengqing needs Python 3.11")
