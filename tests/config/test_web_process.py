"""What a web process loads, at its start and with the pages that everybody opens."""

import builtins
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from django.conf import settings
from django.urls import reverse
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.factories import make_judged_round, make_release

HEAVY = {  # packages whose work is that of jobs and workers
    *("av", "onnxruntime", "sherpa_onnx", "tokenizers"),
    *("torch", "transformers", "accelerate", "optuna", "sklearn"),
    *("scipy", "statsmodels", "pandas", "pyarrow", "tensorboardX"),
}


FORKED = """
import gc, threading
from config import gunicorn, wsgi
from django.db import connections
opened = [name for name in connections if connections[name].connection]
connections["default"].ensure_connection()
gunicorn.when_ready(None)
kept = connections["default"].connection
print(opened, kept, [each.name for each in threading.enumerate()], gc.get_freeze_count() > 100_000)
"""


def said_by(code, *arguments):
    """What a process of its own prints that runs this code."""
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command, cwd=settings.ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def heavy_after(*modules):
    """The heavy packages in a process that has loaded the web application and `modules`."""
    code = (
        "import sys, importlib, config.wsgi\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    return said_by(code, *modules)


def test_what_is_loaded_before_the_fork_has_no_thread_and_no_connection():
    """Neither works in two processes; what was imported is out of the reach of collections."""
    assert said_by(FORKED) == "[] None ['MainThread'] True"


@pytest.mark.one_database
@pytest.mark.django_db
def test_neither_its_start_nor_its_main_pages_import_anything_heavy(
    corpus, lead, client_of, monkeypatch
):
    """Imports inside functions are noted and then made in a process that has nothing else."""
    opened = make_judged_round(corpus)
    make_release(corpus, [opened])
    client = client_of(lead)
    of_corpus = ("corpus", "dialogues", "rounds", "releases", "runs", "new_run", "members")
    addresses = [reverse("home"), reverse("my_tasks"), reverse("account")]
    addresses += [reverse(name, args=[corpus.pk]) for name in of_corpus]
    addresses += [reverse(name, args=[opened.pk]) for name in ("round", "agreement")]
    imported, real = set(), builtins.__import__

    def noted(name, globals=None, locals=None, fromlist=(), level=0):
        if not level and not name.startswith("_pytest"):
            longer = (f"{name}.{each}" for each in fromlist or ())
            imported.update([name, *(each for each in longer if each in sys.modules)])
        return real(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", noted)
    pages = [client.get(address) for address in addresses]
    monkeypatch.undo()
    assert {page.status_code for page in pages} == {200}
    assert heavy_after(*sorted(imported)) == "[]"


def installed_with(file):
    """The packages that a file of requirements brings along, as far as they are installed here."""
    lines = [line.split("#")[0].strip() for line in (settings.ROOT / file).read_text().splitlines()]
    waiting = [Requirement(line) for line in lines if line and not line.startswith("-")]
    found, done = set(), set()
    while waiting:
        wanted = waiting.pop()
        if (key := (wanted.name, frozenset(wanted.extras))) in done:
            continue
        done.add(key)
        try:
            package = distribution(wanted.name)
        except PackageNotFoundError:  # for another system or Python
            continue
        found.add(canonicalize_name(wanted.name))
        for each in map(Requirement, package.requires or ()):
            extras = wanted.extras or {""}
            if not each.marker or any(each.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(each)
    return found


def test_the_web_image_has_nothing_heavy_and_workers_have_what_it_has():
    web = installed_with("requirements-web.txt")
    assert {"django", "gunicorn", "celery", "boto3"} <= web
    assert (
        web & {"torch", "transformers", "scikit-learn", "pandas", "pyarrow", "onnxruntime"} == set()
    )
    assert "-r requirements-web.txt" in (settings.ROOT / "requirements.txt").read_text().split("\n")
