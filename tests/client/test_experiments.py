"""Experiments, runs and protocols by the client: watched, stopped, and what is said of them."""

import httpx2
import pytest

import shengqing
from modeling.models import FeaturePart, ProtocolPart, TrainingRun
from shengqing import Client
from shengqing.experiments import event_words
from tests.client.conftest import URL
from tests.factories import make_judged_round, make_release
from tests.modeling.protocol_factories import make_protocol

PROTOCOL = """
name = "two systems"
release = "1.0.0"
seeds = 2
[[systems]]
recipe = "hard-text"
[[systems]]
recipe = "tf-idf"
"""


@pytest.fixture
def release(corpus, monkeypatch):
    """A frozen release; nothing is sent to a worker."""
    for model in (TrainingRun, ProtocolPart):
        monkeypatch.setattr(model, "later", lambda self: None)
    return make_release(corpus, [make_judged_round(corpus, dialogues=6)], media="none")


@pytest.fixture
def client(lead, client_for):
    return client_for(lead)


@pytest.mark.django_db
def test_an_experiment_is_started_stopped_and_deleted(client, corpus, release):
    recipes = {row["name"]: row for row in client.experiments.recipes()}
    assert recipes["hard-text"]["settings"]["width"] == 64
    assert [*client.experiments.encoders()] == []
    with pytest.raises(shengqing.Invalid) as wrong:
        client.experiments.start(corpus.pk, release.pk, ["hard-text"], settings={"epochs": "no"})
    assert wrong.value.errors[0]["field"] == "settings.epochs"
    made = client.experiments.start(
        corpus.pk, release.pk, ["hard-text"], seeds=2, settings={"epochs": 1}, name="first"
    )
    assert made["active"] and len(made["runs"]) == 2
    assert client.experiments.repeat(made["id"])["repeats"]
    client.runs.stop(made["runs"][0])
    with pytest.raises(shengqing.JobFailed):
        client.runs.watch(made["runs"][0])
    assert client.runs.resume(made["runs"][0])["state"] == "queued"
    assert client.experiments.stop(made["id"])["ended"] == 2
    looks = []
    ended = client.experiments.wait(made["id"], progress=looks.append)
    assert len(ended["configurations"]) == 1 and len(looks) == 1
    assert [row["state"] for row in client.runs.list(corpus.pk, recipe="hard-text")] == [
        "stopped", "stopped"
    ]  # fmt: skip
    client.runs.delete(made["runs"][0])
    client.experiments.delete(made["id"])
    assert [*client.experiments.list(corpus.pk)] == []


@pytest.mark.django_db
def test_a_protocol_is_planned_started_and_reported(client, corpus, lead, release, tmp_path):
    plan = client.protocols.plan(corpus.pk, PROTOCOL)
    assert (plan["systems"], plan["runs"]) == (2, 4)
    made = client.protocols.start(corpus.pk, PROTOCOL, at_once=1)
    assert made["name"] == "two systems"
    client.protocols.stop(made["id"])
    with pytest.raises(shengqing.JobFailed, match="two systems: The job was stopped."):
        client.protocols.wait(made["id"])
    client.protocols.resume(made["id"])
    assert client.protocols.get(made["id"])["state"] in ("queued", "running")
    client.protocols.stop(made["id"])
    client.protocols.delete(made["id"])
    done = make_protocol(lead, release)
    assert client.protocols.wait(done.pk)["done"] == 2
    assert [row["id"] for row in client.protocols.list(corpus.pk)] == [done.pk]
    path = client.protocols.file(done.pk, "report.html", tmp_path / "report.html")
    assert path.read_text("utf-8") == "the report"
    client.protocols.report(done.pk)


def test_each_event_of_a_run_is_heard_once():
    """Also where a run begins anew, and its events with it."""
    epochs = [
        {"event": "epoch", "epoch": n, "epochs": 3, "loss": 0.5, "validation_macro_f1": {"a": 0.1}}
        for n in (1, 2, 3)
    ]
    states = iter([("running", 1), ("running", 2), ("running", 1), ("done", 3)])
    now = ["running", 0]

    def handle(request):
        if request.url.path.endswith("events.ndjson"):
            return httpx2.Response(
                200, content="".join(f"{row}\n".replace("'", '"') for row in epochs[: now[1]])
            )
        if "/jobs/" in request.url.path:
            now[:] = next(states)
        return httpx2.Response(
            200,
            json={"job": "/api/jobs/trainingrun/7/", "state": now[0], "name": "", "failure": ""},
        )

    transport = httpx2.MockTransport(handle)
    client = Client(URL, "sq_x", transport=transport, sleep=lambda seconds: None)
    heard = []
    assert client.runs.watch(7, event=lambda event: heard.append(event["epoch"]))["state"] == "done"
    assert heard == [1, 2, 1, 2, 3]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            {"event": "epoch", "epoch": 2, "epochs": 9, "loss": 0.71234,
             "validation_macro_f1": {"a": 0.2, "b": 0.4}},
            "epoch 2/9: loss 0.712 macro-F1 0.300",
        ),
        (
            {"event": "epoch", "epoch": 1, "epochs": 9, "loss": None, "validation_macro_f1": {}},
            "epoch 1/9:",
        ),
        ({"event": "features", "done": 3, "total": 8}, "features 3/8"),
        (
            {"event": "fit", "done": 1, "total": 2, "task": "a", "validation_macro_f1": {"a": 0.2}},
            "task 1/2 a: macro-F1 0.200",
        ),
        ({"event": "done"}, ""),
    ],
)  # fmt: skip
def test_events_in_words(event, words):
    assert event_words(event) == words


@pytest.mark.django_db
def test_features_and_scores_are_asked_for(client, corpus, release):
    made = client.experiments.start(corpus.pk, release.pk, ["hard-text"])
    client.runs.extract_features(made["runs"][0])
    assert not FeaturePart.objects.exists()  # it reads words, and needs none
    with pytest.raises(shengqing.Invalid, match="encoder"):
        client.runs.judge(corpus.pk, release.pk, "none", language="zh")
