"""What the client does with the application: rows, changes, errors, and nothing twice."""

import pytest

import shengqing
from corpus.models import Corpus
from shengqing.tables import to_dataset, to_pandas
from tests.factories import make_corpus, make_member, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return make_person("wang")


def test_corpora_are_made_listed_and_changed(person, client_for):
    client = client_for(person)
    made = [client.corpora.create(f"corpus {n}", language="zh") for n in range(5)]
    assert [row["id"] for row in client.pages("corpora/", limit=2)] == [c["id"] for c in made]
    assert client.account()["username"] == "wang"
    seen = client.corpora.get(made[0]["id"])
    assert seen["counts"]["dialogues"] == 0
    client.corpora.update(seen["id"], match=seen, description="one")
    with pytest.raises(shengqing.Overtaken):
        client.corpora.update(seen["id"], match=seen, description="two")
    assert Corpus.objects.get(pk=seen["id"]).description == "one"
    client.corpora.archive(seen["id"])
    assert [row["id"] for row in client.corpora.list(archived=True)] == [seen["id"]]
    client.corpora.unarchive(seen["id"])
    assert not [*client.corpora.list(archived=True)]
    assert [*client.corpora.list(role="annotator")] == []


def test_an_account_and_its_tokens(person, client_for):
    other = client_for(person, "read")
    client = client_for(person)
    assert client.change_account(name="王", notifications=[])["notifications"] == []
    assert client.account()["name"] == "王"
    with pytest.raises(shengqing.NotAllowed, match="manage"):
        other.change_account(name="x")
    own, first = client.tokens.list()
    assert own["asks"] and own == client.tokens.own() and first["scopes"] == ["read"]
    assert client.tokens.get(first["id"]) == first
    client.tokens.revoke(first["id"])
    with pytest.raises(shengqing.Problem, match="was revoked"):
        other.account()
    client.tokens.revoke_own()
    with pytest.raises(shengqing.Problem, match="was revoked"):
        client.account()


def test_a_lost_answer_makes_nothing_twice(person, client_for, line):
    client = client_for(person)
    line.lost = 2
    made = client.corpora.create("once")
    assert Corpus.objects.get().pk == made["id"]
    keys = {request.headers["Idempotency-Key"] for request in line.seen}
    assert len(line.seen) == 3 and len(keys) == 1
    client.corpora.create("once more")
    assert Corpus.objects.count() == 2 and line.seen[-1].headers["Idempotency-Key"] not in keys


def test_what_may_have_been_done_is_not_sent_again(person, client_for, line):
    client = client_for(person)
    corpus = client.corpora.create("a")
    line.lost, sent = 1, len(line.seen)
    with pytest.raises(shengqing.Unreachable, match="the connection broke"):
        client.corpora.update(corpus["id"], description="b")
    assert len(line.seen) == sent + 1


def test_nobody_answers(person, client_for, line):
    client = client_for(person, attempts=3)
    line.lost = 99
    with pytest.raises(shengqing.Unreachable):
        client.account()
    assert len(line.seen) == 3


def test_each_refusal_has_its_error(person, client_for):
    client = client_for(person)
    strange = make_corpus(name="strange")
    with pytest.raises(shengqing.NotFound) as found:
        client.corpora.get(strange.pk)
    assert found.value.status == 404 and found.value.detail
    with pytest.raises(shengqing.Invalid) as wrong:
        client.corpora.create("x" * 200)
    assert [fault["field"] for fault in wrong.value.errors] == ["name"]
    with pytest.raises(shengqing.Invalid, match="colour"):
        [*client.pages("corpora/", colour="red")]
    with pytest.raises(shengqing.NotAllowed):
        client_for(person, "read").corpora.create("b")
    member = make_member(strange)
    with pytest.raises(shengqing.Problem):
        client_for(member).corpora.archive(strange.pk)
    chinese = client_for(person, language="zh-hans")
    with pytest.raises(shengqing.NotFound) as found:
        chinese.corpora.get(strange.pk)
    assert not found.value.detail.isascii()


def test_rows_become_tables(person, client_for):
    client = client_for(person)
    for name in ("a", "b"):
        client.corpora.create(name)
    assert to_pandas(client.corpora.list())["name"].tolist() == ["a", "b"]
    assert to_dataset(client.corpora.list())["name"][1] == "b"
