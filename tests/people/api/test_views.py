"""What all resources of the API have in common, tried at the list of corpora."""

import datetime

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from corpus.models import Corpus
from people.models import IdempotencyKey
from tests.factories import make_corpus, make_member, make_person, make_token

pytestmark = pytest.mark.django_db
CORPORA = "/api/corpora/"


@pytest.fixture
def person():
    return make_person("wang")


@pytest.fixture
def script(person):
    return script_of(person)


def script_of(person, *scopes):
    client = APIClient()
    token = make_token(person, scopes or ("read", "annotate", "write", "manage"))
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


def create(script, name, **headers):
    return script.post(CORPORA, {"name": name}, format="json", headers=headers)


def problem_of(response, status):
    """The problem that an answer is."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    found = response.json()
    assert found["status"] == status and found["detail"] and found["title"] and found["code"]
    return found


def test_pages_hide_and_repeat_nothing(script, person):
    for number in range(5):
        make_corpus(person, name=f"c{number}")
    page = script.get(f"{CORPORA}?limit=2").json()
    names = [row["name"] for row in page["results"]]
    first = Corpus.objects.get(name="c0")
    make_corpus(person, name="between")
    first.memberships.all().delete()
    while page["next"]:
        response = script.get(page["next"])
        page = response.json()
        assert ("Link" in response.headers) == bool(page["next"])
        names += [row["name"] for row in page["results"]]
    assert names == ["c0", "c1", "c2", "c3", "c4", "between"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("limit=0", "1 to 200"),
        ("limit=201", "1 to 200"),
        ("limit=x", "1 to 200"),
        ("cursor=x", "cursor"),
        ("cursor=WzEsMl0", "cursor"),
        ("cursor=WyJ4Il0", "cursor"),
        ("cursor=WzFd" + "A" * 400, "cursor"),
        ("fields=name,nonsense", "nonsense"),
        ("nonsense=1", "nonsense"),
        ("limit=1&limit=2", "twice"),
        ("archived=maybe", "archived"),
        ("role=king", "role"),
    ],
)
def test_an_address_that_cannot_be_read(script, query, says):
    assert says in problem_of(script.get(f"{CORPORA}?{query}"), 400)["detail"]


def test_fields_and_filters(script, person):
    make_corpus(person, name="mine").archive(person)
    make_member(other := make_corpus(name="theirs"))
    other.memberships.create(person=person, role="annotator")
    page = script.get(f"{CORPORA}?fields=name,role").json()
    assert page["results"] == [
        {"name": "mine", "role": "lead"}, {"name": "theirs", "role": "annotator"}
    ]  # fmt: skip
    for query in ("archived=true", "role=lead"):
        assert [row["name"] for row in script.get(f"{CORPORA}?{query}").json()["results"]] == [
            "mine"
        ]
    one = script.get(f"{CORPORA}{other.pk}/?fields=id,counts").json()
    assert one == {"id": other.pk, "counts": {"dialogues": 0, "published": 0, "utterances": 0}}


def test_lists_cost_the_same_however_long(script, person, django_assert_max_num_queries):
    for number in range(3):
        make_corpus(person, name=f"c{number}")
    with django_assert_max_num_queries(3):
        script.get(CORPORA)


def test_the_same_key_is_carried_out_once(script, person):
    first = create(script, "a", idempotency_key="k1")
    again = create(script, "a", idempotency_key="k1")
    assert first.status_code == again.status_code == 201
    assert again.json() == first.json() and again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Corpus.objects.count() == 1
    assert "another request" in problem_of(create(script, "b", idempotency_key="k1"), 422)["detail"]
    assert create(script_of(make_person()), "b", idempotency_key="k1").status_code == 201
    problem_of(create(script, "c", idempotency_key="a b"), 400)


def test_what_is_refused_keeps_no_key(script):
    make_corpus(name="taken")
    assert "taken" in problem_of(create(script, "taken", idempotency_key="k"), 400)["detail"]
    assert create(script, "free", idempotency_key="k").status_code == 201


def test_keys_are_forgotten(script, settings):
    create(script, "a", idempotency_key="k")
    settings.IDEMPOTENCY_HOURS = 1
    IdempotencyKey.objects.update(at=timezone.now() - datetime.timedelta(hours=2))
    assert create(script, "b", idempotency_key="k").status_code == 201
    assert IdempotencyKey.objects.count() == 1


def test_tags(script, person):
    corpus = make_corpus(person, name="a")
    address = f"{CORPORA}{corpus.pk}/"
    first = script.get(address)
    tag = first.headers["ETag"]
    unchanged = script.get(address, headers={"if-none-match": tag})
    assert unchanged.status_code == 304 and unchanged.content == b""
    changed = script.patch(address, {"name": "b"}, format="json", headers={"if-match": tag})
    assert changed.status_code == 200 and changed.json()["name"] == "b"
    late = script.patch(address, {"name": "c"}, format="json", headers={"if-match": tag})
    assert problem_of(late, 412)["code"] == "precondition_failed"
    assert script.get(address, headers={"if-none-match": tag}).json()["name"] == "b"
    anything = script.patch(address, {"name": "d"}, format="json", headers={"if-match": "*"})
    assert anything.status_code == 200


def test_a_limit_of_each_token(script, person, settings):
    settings.API_REQUESTS_PER_MINUTE = 2
    answers = [script.get(CORPORA) for _ in range(5)]  # a minute may end in between
    [refused, *_] = [each for each in answers if each.status_code == 429]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "Too many requests" in problem_of(refused, 429)["detail"]
    assert script_of(person).get(CORPORA).status_code == 200


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda c: APIClient().get(CORPORA), 401),
        (lambda c: c.get("/api/corpora/999/"), 404),
        (lambda c: c.get("/api/nothing/"), 404),
        (lambda c: c.delete(CORPORA), 405),
        (lambda c: c.get(CORPORA, headers={"accept": "text/html"}), 406),
        (lambda c: c.post(CORPORA, b"name=a", content_type="text/plain"), 415),
        (lambda c: c.post(CORPORA, b"{", content_type="application/json"), 400),
        (lambda c: c.post(CORPORA, {}, format="json"), 400),
        (lambda c: c.post(CORPORA, {"name": 1}, format="json"), 400),
        (lambda c: c.post(CORPORA, {"name": "a", "x": 1}, format="json"), 400),
        (lambda c: c.get("/api/?q=%00"), 400),
    ],
)
def test_every_error_is_a_problem(script, ask, status):
    problem_of(ask(script), status)


def test_faults_name_their_fields(script):
    found = problem_of(script.post(CORPORA, {"name": 1, "x": 2}, format="json"), 400)
    assert [fault["field"] for fault in found["errors"]] == ["name", "x"]


def test_scopes(person):
    reader, writer = script_of(person, "read"), script_of(person, "manage")
    assert "manage" in problem_of(create(reader, "a"), 403)["detail"]
    assert create(writer, "a").status_code == 201
    assert "read" in problem_of(writer.get(CORPORA), 403)["detail"]
    account = reader.get("/api/account/").json()
    assert (account["id"], account["username"], account["scopes"]) == (person.pk, "wang", ["read"])
