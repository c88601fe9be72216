"""The HTTP API against its own schema: requests drawn from it, and ones that break it.

No answer is a fault of the server's, and none has a status or a shape that the schema does not
tell. FUZZ_SECONDS=600 keeps on drawing for so long (make fuzz); the suite draws a fixed number.
"""

import json
import logging
import os
import random
import time
from collections import defaultdict

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from annotation.models import Comment, Guideline, Judgement, Submission, TableImport
from corpus.models import Invitation, JoinLink, Upload, Webhook
from people.access_tokens import AccessToken, Scope
from tests.config import hostile_input
from tests.examples import examples
from tests.factories import (
    ANSWERS,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
    make_token,
)

pytestmark = pytest.mark.django_db
SECONDS = float(os.environ.get("FUZZ_SECONDS", 0))
EXAMPLES = examples(8)  # of each operation


@schemathesis.serializer("application/offset+octet-stream")
def piece(_context, value):
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture
def opened(corpus):
    make_dialogue(corpus)
    make_dialogue(corpus)
    return make_round(corpus, [make_member(corpus), make_member(corpus)], lease_minutes=0)


@pytest.fixture
def token(opened):
    return make_token(opened.participants.first().person)


@pytest.fixture
def schema(opened, caplog):
    caplog.set_level(logging.CRITICAL, "django.request")
    for signal in (request_started, request_finished):  # as Django's own test client does
        signal.disconnect(close_old_connections)
    found = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    found.config.generation.update(modes=list(GenerationMode), allow_x00=False)
    yield found
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations(schema):
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path != "/api/schema/":
            yield operation


def run(strategy, check, seeded=0, most=EXAMPLES):
    """Draw from the strategy: a fixed number, or for SECONDS."""
    end = time.monotonic() + SECONDS

    def once(number, most):
        @settings(
            max_examples=most, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @seed(number)
        @given(drawn=strategy)
        def whatever(drawn):
            with transaction.atomic():
                check(drawn)
                transaction.set_rollback(True)

        whatever()

    once(seeded, most)
    while time.monotonic() < end:
        once(random.randrange(2**32), 200)


def known_ids(opened):
    """First part of an address -> the number of something that is there."""
    corpus = opened.corpus
    own = opened.assignments.filter(person=opened.participants.first().person)
    dialogue = corpus.dialogues.first()
    utterance = dialogue.utterances.first()
    flag = opened.quality_flags.create(kind="fast", key="fast", neg_log10_p=5.0)
    webhook = Webhook.create(
        corpus.owner, corpus, address="https://hooks.invalid/", kinds=["job.failed"]
    )
    return {
        "account": AccessToken.create(corpus.owner, "script", ["read"])[0].pk,
        "corpora": corpus.pk,
        "rounds": opened.pk,
        "assignments": own.first().pk,
        "jobs": dialogue.source_id,
        "sources": dialogue.source_id,
        "participants": opened.participants.last().pk,
        "guidelines": Guideline.draw_up(corpus.owner, corpus, "# Guide").pk,
        "comments": Comment.make(own.first(), utterance, "comment", "what?").pk,
        "quality-flags": flag.pk,
        "imports": TableImport.objects.create(corpus=corpus, status="draft").pk,
        "item": opened.round_items.first().pk,
        "dialogues": dialogue.pk,
        "speakers": corpus.speakers.first().pk,
        "memberships": corpus.memberships.last().pk,
        "invitations": Invitation.invite(corpus.owner, corpus).pk,
        "webhooks": webhook.pk,
        "webhook-deliveries": webhook.ping(corpus.owner).pk,
        "join-requests": JoinLink.switch_on(corpus.owner, corpus).request(make_person()).pk,
        "utterances": utterance.pk,
        "uploads": Upload.begin(corpus.owner, corpus, "film.mp4", 1000).token,
        "releases": make_release(corpus, [make_judged_round(corpus, 1)], media="none").pk,
    }


def test_no_answer_is_outside_the_schema(schema, opened):
    """Drawn by schemathesis, with things that are there half of the time, as a lead and as somebody
    who annotates. Not all that a schema lets through is accepted: whole numbers are written without
    a point, cursors come from pages, names are free.
    """
    known = known_ids(opened)
    people = [opened.corpus.owner, opened.participants.first().person]
    tokens = [make_token(person, Scope.values) for person in people]
    counts, met = defaultdict(int), defaultdict(int)

    def check(drawn):
        case, real, token = drawn
        excluded = [positive_data_acceptance]
        if real:
            case.path_parameters |= real_parameters(case.operation.path, known)
            excluded.append(negative_data_rejection)  # it may have been the path that broke it
        headers = {"Authorization": f"Token {token}", "Accept-Encoding": "identity"}
        answer = case.call_and_validate(headers=headers, excluded_checks=excluded)
        counts[answer.status_code] += 1
        met[case.operation.label] += answer.status_code < 300

    owner_mostly = st.sampled_from([tokens[0], *tokens])
    for operation in operations(schema):
        kinds = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
        drawn = st.tuples(st.one_of(kinds), st.sampled_from([True, True, False]), owner_mostly)
        run(drawn, check, most=EXAMPLES)
    print(dict(sorted(counts.items())), [name for name in met if not met[name]])  # noqa: T201
    assert {200, 400, 404} <= set(counts)


def real_parameters(path, known):
    """The parameters of a path that lead to something."""
    thing = known.get(path.split("/")[2])
    found = {"item": known["item"], "version": 1, "kind": "source"}
    found |= {"path": "utterances.jsonl", "name": "cmma"}
    if "/media/" in path or "/files/" in path:
        found["name"] = "transcript" if "/files/" in path else "peaks"
    if thing:
        found |= {"id": thing, "token": thing}
    return {name: value for name, value in found.items() if f"{{{name}}}" in path}


@st.composite
def works(draw, assignment):
    """A body that would be saved, with a part of it replaced by what it cannot be."""
    utterance = assignment.dialogue.utterances.first()
    row = {
        "utterance": utterance.pk, "task": "emotion", "value": ANSWERS["emotion"],
        "client_id": str(draw(st.uuids())), "over": "", "confidence": 2, "seconds": 1.5,
    }  # fmt: skip
    row |= draw(st.dictionaries(st.sampled_from(sorted(row)), hostile_input.trees, max_size=2))
    body = {"answers": [row], "submit": False}
    return body | draw(
        st.dictionaries(st.sampled_from(sorted(body)), hostile_input.trees, max_size=1)
    )


def test_a_body_of_wrong_types_saves_nothing(token, opened):
    """What is saved had the types that the schema tells, whatever else was sent."""
    assignment = opened.assignments.filter(person=opened.participants.first().person).first()
    client = Client(headers={"Authorization": f"Token {token}"})
    address = f"/api/assignments/{assignment.pk}/"
    counts = defaultdict(int)

    def check(body):
        before = Judgement.objects.count()
        text = json.dumps(body)
        answer = client.post(address, text, content_type="application/json")
        counts[answer.status_code] += 1
        assert answer.status_code in (200, 400, 409), (answer.status_code, text)
        saved = Judgement.objects.count() - before
        if answer.status_code != 200:
            result = answer.json()
            assert isinstance(result.get("detail") or result.get("why"), str), result
            assert saved == 0 and not Submission.objects.filter(assignment=assignment).exists()
        elif saved:
            [row] = body["answers"]
            assert type(row["utterance"]) is int and isinstance(row["client_id"], str)
            assert type(row.get("confidence")) in (int, type(None))
            assert type(row.get("seconds")) in (int, float, type(None))
            assert type(body.get("submit", False)) is bool

    run(works(assignment), check, most=200)
    assert {200, 400} <= set(counts), counts


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "JSON object"),
        (b"null", "JSON object"),
        (b"[]", "JSON object"),
        (b"{}", "JSON object"),
        (b'"x"', "JSON object"),
        (b'{"submit": "false"}', "submit"),
        (b'{"submit": "true"}', "submit"),
        (b'{"submit": 1}', "submit"),
        (b'{"submit": null}', "submit"),
        (b'{"submit": [true]}', "submit"),
        (b'{"answers": null}', "list"),
        (b'{"answers": {}}', "list"),
        (b'{"answers": "x"}', "list"),
        (b'{"answers": [null]}', "object"),
        (b'{"answers": [[]]}', "object"),
        (b'{"answers": [], "answers": [], "submit": true}', "twice"),
        (b'{"answers": [], "submit": NaN}', "NaN"),
        (b'{"answers": [], "x": 1e999}', "too large"),
        (b'{"answers": [], "x": ' + b"9" * 5000 + b"}", "too large"),
        (b'{"answers": [], "x": "\\ud800"}', "surrogate"),
        (b'{"answers": [], "x": "\\u0000"}', "NUL"),
        (b'{"answers": ' + b"[" * 100_000, "deep"),
        (b'{"answers": ' + b"[" * 60 + b"]" * 60 + b"}", "deep"),
        (b'{"answers": []', "no JSON"),
        (b'{"answers": ["\xff"]}', "UTF-8"),
        ('{"answers": [], "submit": true}'.encode("utf-16"), "UTF-8"),
        (b'{"answers": [], "submitted": true}', "submitted"),
        (b"answers=1&submit=true", "no JSON"),
    ],
)
def test_what_is_wrong_is_said(token, opened, body, says):
    assignment = opened.assignments.filter(person=opened.participants.first().person).first()
    client = Client(headers={"Authorization": f"Token {token}"})
    answer = client.post(f"/api/assignments/{assignment.pk}/", body, "application/json")
    assert answer.status_code == 400 and says in answer.json()["detail"]
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"utterance": True}, "utterance"),
        ({"utterance": 1.0}, "utterance"),
        ({"utterance": "1"}, "utterance"),
        ({"utterance": [1]}, "utterance"),
        ({"utterance": {}}, "utterance"),
        ({"utterance": None}, "utterance"),
        ({"utterance": 0}, "utterance"),
        ({"utterance": -1}, "utterance"),
        ({"utterance": 10**18}, "too large"),
        ({"task": 1}, "task"),
        ({"task": ""}, "task"),
        ({"task": []}, "task"),
        ({"value": 0}, "value"),
        ({"value": ["joy"]}, "value"),
        ({"value": "x" * 41}, "value"),
        ({"client_id": "１" * 32}, "client_id"),
        ({"client_id": 1}, "client_id"),
        ({"client_id": "{" + hostile_input.ID + "}"}, "client_id"),
        ({"over": 1}, "over"),
        ({"over": "x" * 37}, "over"),
        ({"confidence": True}, "confidence"),
        ({"confidence": "2"}, "confidence"),
        ({"confidence": 0}, "confidence"),
        ({"confidence": 1.0}, "confidence"),
        ({"seconds": "1"}, "seconds"),
        ({"seconds": True}, "seconds"),
        ({"seconds": -0.5}, "seconds"),
        ({"seconds": 86_401}, "seconds"),
        ({"second": 1}, "second"),
    ],
)
def test_types_are_those_of_json(token, opened, change, says):
    assignment = opened.assignments.filter(person=opened.participants.first().person).first()
    client = Client(headers={"Authorization": f"Token {token}"})
    row = {"utterance": assignment.dialogue.utterances.first().pk, "task": "emotion"}
    row |= {"value": ANSWERS["emotion"], "client_id": hostile_input.ID}
    address = f"/api/assignments/{assignment.pk}/"
    refused = client.post(address, {"answers": [row, row | change]}, "application/json")
    assert refused.status_code == 400 and says in refused.json()["detail"]
    assert not Judgement.objects.filter(assignment=assignment).exists()
    assert client.post(address, {"answers": [row]}, "application/json").json()["saved"] == 1


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("", 415),
        ("application/json; charset=hex", 400),
        ("application/json; charset=utf-16", 400),
        ("application/json; charset=UTF8", 200),
    ],
)
def test_bodies_are_json_in_utf8(token, opened, kind, status):
    assignment = opened.assignments.filter(person=opened.participants.first().person).first()
    client = Client(headers={"Authorization": f"Token {token}"})
    body = b'{"answers": []}'
    answer = client.generic("POST", f"/api/assignments/{assignment.pk}/", body, kind)
    assert answer.status_code == status
    assert status == 200 or answer.json()["detail"]


def test_a_body_that_is_too_large_is_refused_unread(token, opened, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assignment = opened.assignments.filter(person=opened.participants.first().person).first()
    client = Client(headers={"Authorization": f"Token {token}"})
    body = b'{"answers": []' + b" " * 1000 + b"}"
    answer = client.post(f"/api/assignments/{assignment.pk}/", body, "application/json")
    assert answer.status_code == 413 and answer.json()["detail"]


@pytest.mark.parametrize(
    "header", ["Token", "Token ", "Token a b", "Token \0", "Token \xff", "Token " + "x" * 9000]
)
def test_a_token_that_cannot_be_one(opened, header):
    client = Client(headers={"Authorization": header})
    answer = client.post(f"/api/rounds/{opened.pk}/assignments/")
    assert answer.status_code == (400 if "\0" in header else 401) and answer.json()["detail"]


@pytest.mark.parametrize("pk", ["9" * 18, "9" * 19, "9" * 40, "9" * 5000, "0", "-1", "１", "x"])
def test_ids_that_nothing_has(token, opened, pk):
    client = Client(headers={"Authorization": f"Token {token}"})
    for place in (f"rounds/{pk}/assignments/", f"assignments/{pk}/"):
        answer = client.post(f"/api/{place}", b'{"answers": []}', "application/json")
        assert answer.status_code == 404 and answer.json()["detail"]
    assert connection.is_usable()
