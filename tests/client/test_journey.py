"""From an empty corpus to its agreement, by the client alone."""

import pytest

import shengqing
from annotation.models import Judgement
from corpus.models import Corpus
from shengqing import command_line, sources
from tests.factories import make_member, make_person

VALUES = ["joy", "anger"]


@pytest.fixture
def lead():
    return make_person("lead")


def answers_of(work, assignment, value):
    (task,) = [each for each in work.tasks() if each["round"] == assignment["round"]]
    return {
        turn["id"]: {part["key"]: value(part) for part in task["scheme"]}
        for turn in assignment["utterances"]
    }


@pytest.mark.django_db(transaction=True)
def test_an_episode_is_sent_judged_and_agreed_on(lead, client_for, line, film, srt, monkeypatch):
    monkeypatch.setattr(sources, "PIECE", 50_000)  # several pieces of a small file
    client = client_for(lead)
    corpus = client.corpora.create("journey", language="zh")
    line.lost = 1  # the first answer to the upload never arrives
    source = client.sources.push(corpus["id"], media=film, transcript=srt, title="episode 1")
    assert source["state"] == "draft" and source["title"] == "episode 1"
    done = client.jobs.wait(client.sources.confirm(source["id"]))
    assert done["state"] == "done"
    assert client.sources.get(source["id"])["counts"]["utterances"] == 4
    assert (
        client.sources.publish(source["id"])
        == client.sources.get(source["id"])["counts"]["published"]
    )
    assert [row["text"] for row in client.dialogues.utterances(corpus["id"])][0] == "你好！"
    assert len([*client.dialogues.list(corpus["id"])]) > 0

    people = [make_member(Corpus.objects.get(pk=corpus["id"])) for _ in range(2)]
    opened = client.rounds.open(
        corpus["id"], "Round 1", annotators=[each.pk for each in people], overlap=2
    )
    assert opened["state"] == "open" and opened["wanted"] > 0
    for person in people:
        work = client_for(person).work
        while assignment := work.next(opened["id"]):
            given = answers_of(work, assignment, lambda part: part["values"][0]["key"])
            work.submit(assignment["assignment"], given)
        assert work.next(opened["id"]) is None
    counted = client.rounds.get(opened["id"])
    assert counted["submitted"] == counted["wanted"]
    rows = [*client.rounds.judgements(opened["id"])]
    assert len(rows) == Judgement.objects.count()
    assert {row["annotator"] for row in rows} == {each.pk for each in people}
    assert all(row["units"] for row in client.rounds.agreement(opened["id"]))
    assert len([*client.rounds.participants(opened["id"])]) == 2
    with pytest.raises(shengqing.NotFound):
        client_for(people[0]).rounds.get(opened["id"])
    assert client.rounds.close(opened["id"])["state"] == "closed"
    client.rounds.reopen(opened["id"])
    client.rounds.pause(opened["id"])
    with pytest.raises(shengqing.Conflict):
        client_for(people[0]).work.next(opened["id"])
    client.rounds.resume(opened["id"])


def test_an_upload_goes_on_where_the_server_has_it(tmp_path, monkeypatch):
    """A piece that arrived and whose answer was lost is not sent again."""
    import httpx2

    from shengqing import Client

    monkeypatch.setattr(sources, "PIECE", 4)
    path = tmp_path / "a.srt"
    path.write_bytes(b"0123456789")
    server = {"offset": 0, "pieces": [], "lost": True}

    def handle(request):
        body = {"token": "t", "url": "/api/uploads/t/", "name": "a.srt", "size": 10}
        if request.method == "PATCH":
            at = int(request.headers["Upload-Offset"])
            server["pieces"].append(at)
            if at != server["offset"]:
                return httpx2.Response(409, json={"detail": "elsewhere"})
            server["offset"] += len(request.content)
            if at == 4 and server["lost"]:
                server["lost"] = False
                raise httpx2.ReadError("lost")
        return httpx2.Response(200, json=body | {"offset": server["offset"]})

    transport = httpx2.MockTransport(handle)
    client = Client("http://testserver", "sq_x", transport=transport, sleep=lambda seconds: None)
    seen = []
    upload = client.sources.upload(1, path, progress=lambda done, total: seen.append(done))
    assert upload["offset"] == 10 and server["pieces"] == [0, 4, 8] and seen == [4, 8, 10]


def test_a_source_of_nothing_is_refused():
    from shengqing import Client

    with pytest.raises(shengqing.ShengqingError, match="name one at least"):
        Client("http://testserver", "sq_x").sources.push(1)
    assert command_line.build_parser().parse_args(["push", "1", "--publish"]).publish
