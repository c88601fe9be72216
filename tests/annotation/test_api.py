"""The HTTP API of the queue: take, answer, hand in; what it refuses, and how it says so."""

import uuid

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from annotation.models import Judgement
from annotation.rounds import extend_round
from core.errors import UserError
from tests.factories import ANSWERS, make_dialogue, make_member, make_token, open_round


@pytest.fixture
def opened(corpus):
    make_dialogue(corpus)
    return open_round(corpus, [make_member(corpus), make_member(corpus)])


@pytest.fixture
def script(opened):
    token = make_token(opened.participants.first().person)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


def take(script, opened):
    return script.post(reverse("api_round_work", args=[opened.pk]))


def answers(work, **changed):
    return [
        {"utterance": turn["id"], "task": task, "value": value, "client_id": str(uuid.uuid4())}
        for turn in work["utterances"]
        for task, value in (ANSWERS | changed).items()
    ]


def send(script, work, rows, **more):
    address = reverse("api_assignment", args=[work["assignment"]])
    return script.post(address, {"answers": rows, **more}, format="json")


def test_a_cycle(script, opened):
    work = take(script, opened).json()
    assert [turn["text"] for turn in work["utterances"]] == ["第1句", "第2句"]
    assert take(script, opened).json()["assignment"] == work["assignment"]
    done = send(script, work, answers(work), submit=True)
    assert done.json() == {"saved": 12, "submitted": True}
    assert take(script, opened).json() == {"assignment": None}
    assert Judgement.objects.count() == 12


def test_a_submission_answers_with_the_next_dialogue(script, opened, corpus, lead):
    other = make_dialogue(corpus)
    extend_round(opened, lead, [other])
    work = take(script, opened).json()
    kept = send(script, work, answers(work), next=True).json()  # not submitted: it stays the same
    assert kept["next"]["assignment"] == work["assignment"]
    done = send(script, work, [], submit=True, next=True).json()
    assert (done["saved"], done["submitted"]) == (0, True)
    again = take(script, opened).json()
    assert done["next"]["utterances"] == again["utterances"] != work["utterances"]
    assert done["next"]["assignment"] == again["assignment"]
    opened.pause(lead)
    refused = send(script, done["next"], [], submit=True, next=True)
    assert refused.status_code == 409 and "paused" in refused.json()["why"]
    opened.resume(lead)
    last = send(script, done["next"], answers(done["next"]), submit=True, next=True).json()
    assert last == {"saved": 12, "submitted": True, "next": None}


def test_what_was_submitted_stays_though_nothing_may_follow(script, opened, monkeypatch):
    def refuse(*_):
        raise UserError("not now")

    work = take(script, opened).json()
    monkeypatch.setattr("annotation.api.work.claim_next_of", refuse)
    done = send(script, work, answers(work), submit=True, next=True).json()
    assert done == {"saved": 12, "submitted": True, "next": None, "why": "not now"}
    assert Judgement.objects.count() == 12
    wrong = send(script, work, [], submit=True, next="yes")
    assert wrong.status_code == 400 and "next must be" in wrong.json()["detail"]


def test_what_was_answered_comes_back(script, opened):
    work = take(script, opened).json()
    send(script, work, answers(work, emotion="joy"))
    again = take(script, opened).json()
    assert again["utterances"][0]["answers"] == ANSWERS | {"emotion": "joy"}


def test_all_or_nothing(script, opened):
    work = take(script, opened).json()
    rows = answers(work)
    rows[-1]["value"] = "purple"
    refused = send(script, work, rows, submit=True)
    assert refused.status_code == 409 and "purple" in refused.json()["why"]
    assert not Judgement.objects.exists()
    unfinished = send(script, work, answers(work)[:6], submit=True)
    assert unfinished.status_code == 409 and "incomplete" in unfinished.json()["why"]
    assert not Judgement.objects.exists()


def test_an_answer_over_one_that_was_not_seen_is_a_conflict(script, opened):
    work = take(script, opened).json()
    [first, *_] = rows = answers(work)
    send(script, work, rows)
    blind = first | {"client_id": str(uuid.uuid4()), "value": "negative", "over": ""}
    refused = send(script, work, [blind])
    assert refused.status_code == 409
    assert refused.json()["current"] == {
        name: first[name] for name in ("utterance", "task", "value", "client_id")
    }
    seen = blind | {"over": first["client_id"]}
    assert send(script, work, [seen]).status_code == 200
    assert send(script, work, [seen]).status_code == 200  # the same once more
    assert Judgement.objects.count() == 13


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"utterance": "x"}, "utterance"),
        ({"client_id": "x"}, "client_id"),
        ({"value": None}, "value"),
        ({"seconds": -1}, "seconds"),
        ({"confidence": 9}, "confidence"),
    ],
)
def test_a_malformed_answer_is_named(script, opened, change, where):
    work = take(script, opened).json()
    refused = send(script, work, [answers(work)[0] | change])
    assert refused.status_code == 400 and where in str(refused.json())
    assert send(script, work, "nonsense").status_code == 400
    assert not Judgement.objects.exists()


def test_strangers_and_wrong_tokens(opened, script, corpus):
    client = APIClient()
    assert take(client, opened).status_code == 401
    client.credentials(HTTP_AUTHORIZATION="Token nonsense")
    assert take(client, opened).status_code == 401
    person = make_member(corpus)
    stranger = make_token(person)
    client.credentials(HTTP_AUTHORIZATION=f"Token {stranger}")
    assert take(client, opened).status_code == 404
    work = take(script, opened).json()
    assert send(client, work, answers(work)).status_code == 404
    person.is_active = False
    person.save()
    assert take(client, opened).status_code == 401


def test_a_view_without_words_gives_none(script, opened):
    opened.view = "audio"
    opened.save()
    assert {turn["text"] for turn in take(script, opened).json()["utterances"]} == {None}


def test_a_paused_round_says_so(script, opened, lead):
    opened.pause(lead)
    refused = take(script, opened)
    assert refused.status_code == 409 and "paused" in refused.json()["why"]
