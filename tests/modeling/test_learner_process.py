"""What the process that trains may do: no network, and no files but its own."""

import json
import sys

import pytest

from core.confinement import Confinement, missing_for
from modeling.learner_process import supervise

needs_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="other systems do not confine the learner"
)
ATTEMPTS = """
import json, os, pathlib, signal, socket, subprocess, sys, tempfile
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
cache = pathlib.Path(sys.argv[sys.argv.index("--cache") + 1])
attempts = {}

def attempt(name, work):
    try:
        work()
        attempts[name] = "done"
    except OSError as error:
        attempts[name] = type(error).__name__

def child(code):
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)

def move():
    (out / "deep").mkdir()
    (out / "one").write_text("1")
    (out / "one").rename(out / "deep" / "two")

attempt("run", move)
attempt("cache", lambda: (cache / "features").write_text("1"))
attempt("temporary", lambda: tempfile.NamedTemporaryFile().write(b"1"))
attempt("shared memory", lambda: tempfile.NamedTemporaryFile(dir="/dev/shm").write(b"1"))
attempt("nowhere", lambda: open(os.devnull, "w").write("1"))
attempt("compiled", lambda: pathlib.Path(os.environ["TRITON_CACHE_DIR"]).mkdir(exist_ok=True))
attempt("read", lambda: (out.parent / "release").read_text())
attempt("release", lambda: (out.parent / "release").write_text("changed"))
attempt("truncate", lambda: os.truncate(out.parent / "release", 0))
attempt("delete", lambda: (out.parent / "release").unlink())
attempt("elsewhere", lambda: (out.parent / "new").write_text("1"))
attempt("local", lambda: socket.socketpair())
attempt("internet", lambda: socket.create_connection(("127.0.0.1", 9)))
attempt("internet 6", lambda: socket.socket(socket.AF_INET6))
attempt("signal", lambda: os.kill(os.getppid(), 0))
try:
    child("import socket; socket.socket()")
    attempts["child"] = "done"
except subprocess.CalledProcessError as error:
    attempts["child"] = error.stderr.decode().strip().split("\\n")[-1]
print(json.dumps(attempts))
"""


@pytest.fixture
def attempts(tmp_path, settings):
    """What a program in the learner's place could do, with the options of a run."""

    def tried():
        (tmp_path / "release").write_text("frozen")
        out, cache = tmp_path / "run", tmp_path / "cache"
        said = supervise(["train", "--out", out, "--cache", cache], out, lambda: None)
        return json.loads(said)

    settings.WORK_DIR = tmp_path / "work"
    program = tmp_path / "program"
    program.mkdir()
    (program / "modeling").mkdir()
    (program / "modeling" / "learner.py").write_text(ATTEMPTS)
    (program / "core").symlink_to(settings.ROOT / "core")
    settings.ROOT = program
    return tried


@needs_linux
def test_a_learner_reaches_no_network_and_changes_its_own_files_alone(attempts, tmp_path):
    files = "files" not in missing_for(Confinement(local_sockets=True))
    refused = "PermissionError" if files else "done"
    found = attempts()
    own = ("run", "cache", "temporary", "shared memory", "nowhere", "compiled", "read", "local")
    assert {name: found.pop(name) for name in own} == dict.fromkeys(own, "done")
    assert found.pop("child").startswith("PermissionError")
    assert found.pop("internet") == found.pop("internet 6") == "PermissionError"
    found.pop("signal")  # later kernels alone refuse it
    assert found == dict.fromkeys(("release", "truncate", "delete", "elsewhere"), refused)
    if files:
        assert (tmp_path / "release").read_text() == "frozen"
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["compiled"]


def test_a_learner_is_not_confined_where_a_setting_says_so(attempts, settings, tmp_path):
    settings.CONFINE_LEARNER = False
    found = attempts()
    assert found["elsewhere"] == found["internet 6"] == "done"
    assert (tmp_path / "new").exists()
