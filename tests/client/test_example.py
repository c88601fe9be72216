"""The notebook, cell by cell in a kernel of its own, against a server that is really asked."""

import os
import shutil
import signal
import threading
from pathlib import Path

import nbformat
import pytest
from django.urls import reverse
from nbclient import NotebookClient

from corpus.models import Corpus, Invitation
from modeling.models import RegisteredModel
from releases.models import Release
from shengqing import LocalRelease
from tests.factories import make_person, make_token
from tests.waiting import LIMIT

CLIENT = Path(__file__).parents[2] / "client"
NOTEBOOK = CLIENT / "example.ipynb"
LINES = ["好！", "为什么？", "是的。", "又是你？", "太好了！", "再见。"]


@pytest.fixture
def notebook():
    found = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(found)
    return found


@pytest.fixture
def environment(live_server, film, tmp_path, monkeypatch):
    """What the notebook reads, with tokens of four accounts, and folders of the kernel's own."""
    lead, people = make_person("lead"), [make_person(name) for name in ("lin", "zhao", "qian")]
    episodes = tmp_path / "episodes"
    episodes.mkdir()
    for number in range(4):
        shutil.copy(film, episodes / f"episode{number}.mp4")
        text = "\n".join(
            f"{n + 1}\n00:00:{n + 1:02},000 --> 00:00:{n + 1:02},900\n{'甲乙'[n % 2]}：{line}\n"
            for n, line in enumerate(LINES)
        )
        (episodes / f"episode{number}.srt").write_text(text, "utf-8")
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return {
        **os.environ,
        "PYTHONPATH": str(CLIENT),
        "SHENGQING_URL": live_server.url,
        "SHENGQING_TOKEN": make_token(lead, ("read", "annotate", "write", "manage")),
        "SHENGQING_ANNOTATORS": " ".join(make_token(each, ("read", "annotate")) for each in people),
        "EPISODES": str(episodes),
        "RELEASE": str(tmp_path / "pulled"),
    }


@pytest.fixture
def learner_in_thread(learner_here, monkeypatch):
    """Runs are computed by a thread of the live server, where no signal can be waited for."""
    set_handler = signal.signal

    def in_main_thread(number, handler):
        if threading.current_thread() is threading.main_thread():
            return set_handler(number, handler)
        return None

    monkeypatch.setattr(signal, "signal", in_main_thread)


def printed(notebook, cell):
    """All that a cell has printed and shown."""
    (found,) = (each for each in notebook.cells if each.id == cell)
    return "".join(
        output.get("text") or output["data"]["text/plain"]
        for output in found.outputs
        if output.get("name") != "stderr"
    )


def test_the_notebook_is_kept_without_outputs(notebook):
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert all(cell.get("execution_count") is None for cell in notebook.cells)


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("learner_in_thread")
def test_from_an_empty_server_to_a_trained_model(notebook, environment, client_of, tmp_path):
    def accept(cell, **_more):
        """What people do meanwhile: accept the invitation on the start page."""
        if cell.id == "invitations":
            for invitation in Invitation.objects.select_related("person"):
                address = reverse("accept_invitation", args=[invitation.pk])
                client_of(invitation.person).post(address)

    client = NotebookClient(
        notebook, timeout=LIMIT, kernel_name="python3", on_cell_executed=accept,
        resources={"metadata": {"path": str(tmp_path)}},
    )  # fmt: skip
    client.execute(env=environment)

    assert Corpus.objects.get().dialogues.count() == 4
    assert "emotion" in printed(notebook, "agreement")
    release = Release.objects.get()
    assert printed(notebook, "release").endswith("[]")
    assert LocalRelease(tmp_path / "pulled").verify(release.digest) == []
    assert "DatasetDict" in printed(notebook, "datasets")
    assert "epoch 3/3: loss" in printed(notebook, "training")
    assert "hard-text" in printed(notebook, "scores")
    assert "anger" in printed(notebook, "confusion")
    assert RegisteredModel.objects.get().run.evaluation
    assert "trained on answers of a rule" in printed(notebook, "card")
