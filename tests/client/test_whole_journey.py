"""From an empty server to a trained model by the client and the command line alone. Accounts are
made, and invitations accepted, as people do it: on a page.
"""

import json
import re
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse

import shengqing
from people import installation
from people.models import Event, Person
from shengqing import Client, LocalRelease
from tests.client.conftest import URL

EMOTION = {
    "key": "emotion",
    "names": {"en": "emotion", "zh": "情绪"},
    "scale": "nominal",
    "values": [
        {"key": "joy", "names": {"en": "joy", "zh": "喜"}},
        {"key": "anger", "names": {"en": "anger", "zh": "怒"}},
        {"key": "neutral", "names": {"en": "neutral", "zh": "中性"}},
    ],
}
VALUES = [value["key"] for value in EMOTION["values"]]
TRANSCRIPT = "\n".join(
    f"{n}\n00:00:0{2 * n},000 --> 00:00:0{2 * n + 1},000\n{'甲乙'[n % 2]}：第{n}句\n"
    for n in range(1, 5)
)
PASSWORD = "a-long-pass-phrase"


@pytest.fixture
def empty_server(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(installation, "_known", set())


@pytest.fixture
def token_of(capsys):
    """A token of an account, as the administrator's command prints it."""

    def made(username):
        capsys.readouterr()
        call_command(
            "make_token", username, "--scopes", "read", "annotate", "write", "manage"
        )  # fmt: skip
        return re.search(r"sq_\S+", capsys.readouterr().out).group()

    return made


def set_up():
    """The first account of an empty installation."""
    form = {
        "username": "lead", "name": "林岚", "email": "lead@example.org", "password1": PASSWORD,
        "password2": PASSWORD, "code": installation.setup_code(),
    }  # fmt: skip
    Browser().post(reverse("setup"), form)


def accept(invitation, username):
    """Somebody opens the link, makes an account and is a member."""
    form = {
        "username": username, "name": username, "email": f"{username}@example.org",
        "password1": PASSWORD, "password2": PASSWORD,
    }  # fmt: skip
    Browser().post(urlsplit(invitation["link"]).path, form)


def annotate(client, opened, value_of):
    """Answer all that a round has for somebody."""
    assignment = client.work.next(opened["id"])
    while assignment:
        answers = {turn["id"]: {"emotion": value_of(turn)} for turn in assignment["utterances"]}
        assignment = client.work.submit_for_next(assignment["assignment"], answers)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_server", "learner_here")
def test_from_an_empty_server_to_a_model(line, film, tmp_path, token_of, shell, monkeypatch):
    def client_of(username):
        return Client(URL, token_of(username), transport=line, sleep=lambda seconds: None)

    # 1. an account, a corpus, its members
    set_up()
    lead = client_of("lead")
    corpus = lead.corpora.create("journey", language="zh")["id"]
    people = ["lin", "zhao", "qian", "sun"]
    for username in people:
        role = "adjudicator" if username == "sun" else "annotator"
        accept(lead.members.invite(corpus, role), username)
    members = {row["person"]["username"]: row for row in lead.members.list(corpus)}
    assert {*members} == {"lead", *people} and members["sun"]["role"] == "adjudicator"
    assert all(row["status"] == "accepted" for row in lead.members.invitations(corpus))

    # 2. films with their transcripts, cut and published
    (tmp_path / "film.srt").write_text(TRANSCRIPT, "utf-8")
    for episode in range(3):
        source = lead.sources.push(
            corpus, media=film, transcript=tmp_path / "film.srt", title=f"episode {episode}"
        )
        lead.jobs.wait(lead.sources.confirm(source["id"], gap=0.8))
        assert lead.sources.publish(source["id"]) == 4
    speakers = [row["name"] for row in lead.speakers.list(corpus)]
    assert sorted(speakers) == ["乙", "甲"]

    # 3. what is asked, and a round of three annotators
    scheme = lead.schemes.create(corpus, [EMOTION], note="emotions alone")
    guideline = lead.guidelines.create(corpus, "# Emotion\n\nWhat the voice says counts.")
    annotators = people[:3]
    opened = lead.rounds.open(
        corpus, "Round 1", overlap=3, scheme=scheme["number"], guideline=guideline["id"],
        annotators=[members[name]["person"]["id"] for name in annotators],
    )  # fmt: skip
    contested = next(lead.dialogues.utterances(corpus))["id"]
    for place, username in enumerate(annotators):

        def value_of(turn, place=place):
            return VALUES[place] if turn["id"] == contested else VALUES[turn["id"] % 2]

        client = client_of(username)
        if place == 0:
            waiting = client.work.next(opened["id"])
            turn = waiting["utterances"][0]["id"]
            client.work.comment(waiting["assignment"], turn, "Who speaks?", kind="bad_cut")
            (mine,) = client.work.comments(waiting["assignment"])
            assert mine["utterance"] == turn
        annotate(client, opened, value_of)
        with pytest.raises(shengqing.NotFound):
            [*client.results.items(opened["id"])]

    # 4. agreement, comments, adjudication
    (alpha,) = lead.rounds.agreement(opened["id"])
    assert alpha["units"] == 12 and 0.5 < alpha["value"] < 1
    (comment,) = lead.comments.list(opened["id"], resolved=False)
    assert comment["words"] == "Who speaks?"
    lead.comments.reply(comment["id"], "乙")
    assert lead.comments.resolve(comment["id"])["replies"][0]["words"] == "乙"
    expert = client_of("sun")
    (item,) = expert.results.items(opened["id"], open=True)
    assert item["utterance"] == contested and len(item["answers"]) == 3
    decided = expert.results.adjudicate(
        opened["id"], contested, "emotion", "joy", reason="he laughs"
    )
    assert decided["verdict"] == "value"
    (item,) = lead.results.items(opened["id"], utterance=contested)
    assert not item["open"] and (item["gold"], item["provenance"]) == ("joy", "adjudicated")
    lead.rounds.close(opened["id"])

    # 5. a release, frozen and pulled on the command line
    monkeypatch.setenv("SHENGQING_URL", URL)
    monkeypatch.setenv("SHENGQING_TOKEN", token_of("lead"))
    monkeypatch.chdir(tmp_path)
    status, out, err = shell(
        "freeze", corpus, "--version", "1.0.0", "--rounds", opened["id"], "--media", "none",
        "--shares", "50/25/25", "--licence", "cc-by-4.0",
    )  # fmt: skip
    assert status == 0 and "done 100%" in err, err
    release = int(out.split("\t")[0])
    assert shell("releases", corpus)[1] == out
    assert shell("pull", release, "--to", "r")[0] == 0
    assert shell("verify", "r", "--digest", lead.releases.get(release)["digest"]) == (0, "", "")
    found = LocalRelease(tmp_path / "r").datasets()
    assert sum(map(len, found.values())) == 12
    assert found["train"].features["emotion"].names == VALUES

    # 6. a model, its results, the test set once
    assert "hard-text" in shell("recipes")[1]
    status, out, err = shell(
        "train", corpus, release, "hard-text", "tf-idf",
        "--set", "epochs=1", "--set", "width=32", "--name", "first",
    )  # fmt: skip
    assert status == 0 and "epoch 1/1: loss" in err and "task 1/1 emotion: macro-F1" in err, err
    runs = [line.split("\t") for line in out.splitlines()]
    assert [(row[1], row[3]) for row in runs] == [("tf-idf", "done"), ("hard-text", "done")]
    run = int(runs[1][0])
    assert "validation\temotion\t" in shell("results", run)[1]
    assert "epoch 1/1" in shell("watch", "trainingrun", run)[2]
    assert "test\temotion\t" in shell("evaluate", run)[1]
    lines = shell("predictions", run, "--split", "test")[1].splitlines()
    predicted = [json.loads(line) for line in lines]
    assert predicted and all(row["probabilities"]["emotion"] for row in predicted)
    count = sum(len(row["predicted"]) for row in predicted)
    assert shell("suggest", run, "--split", "test")[1] == f"{count}\t0\n"
    (experiment,) = lead.experiments.list(corpus, release=release)
    compared = lead.runs.compare(corpus, experiments=[experiment["id"]])
    assert len(compared["configurations"]) == 2 and compared["validation"][0]["seeds"] == [1]
    logs = lead.runs.tensorboard(run, tmp_path / "run.zip")
    assert ZipFile(logs).namelist()
    logs = lead.experiments.tensorboard(experiment["id"], tmp_path / "experiment.zip")
    assert len({name.split("/")[1] for name in ZipFile(logs).namelist()}) == 2
    table = lead.experiments.table(experiment["id"])
    assert {*table["recipe"]} == {"hard-text", "tf-idf"} and table["macro_f1"].between(0, 1).all()
    model = lead.runs.register(run, "emotion 1", use="research", limits="twelve utterances")
    assert "twelve utterances" in lead.models.card(model["id"])

    verbs = {row["action"] for row in lead.corpora.audit_log(corpus)}
    assert {"invite", "ingest", "publish", "open", "submit", "adjudicate", "freeze"} <= verbs
    assert Event.objects.filter(verb="train").count() == 2 and Person.objects.count() >= 5
