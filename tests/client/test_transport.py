"""Requests that are sent again, waits that the server asks for, files that are gone on with."""

import httpx2
import pytest

import shengqing
from shengqing import Client
from tests.client.conftest import URL


def client_of(answers, pauses=None, **more):
    """A client whose requests are answered by the functions or responses, in turn."""
    rest = iter(answers)

    def handle(request):
        answer = next(rest)
        return answer(request) if callable(answer) else answer

    pauses = [] if pauses is None else pauses
    transport = httpx2.MockTransport(handle)
    return Client(URL, "sq_x", transport=transport, sleep=pauses.append, **more)


def job(state, **more):
    return {"kind": "source", "id": 1, "url": "/api/jobs/source/1/", "state": state,
            "progress": 0.5, "failure": "", "name": "episode 1", **more}  # fmt: skip


def answer(status=200, **more):
    return httpx2.Response(status, **more)


def test_a_busy_server_is_asked_again_when_it_says():
    pauses = []
    client = client_of(
        [answer(429, headers={"Retry-After": "7"}), answer(503), answer(json={"id": 1})], pauses
    )
    assert client.post("corpora/", {"name": "a"}) == {"id": 1}
    assert pauses[0] == 7 and 0 < pauses[1] <= 30


def test_a_change_is_sent_again_only_if_it_was_refused_unseen():
    def refused(request):
        raise httpx2.ConnectError("no route")

    assert client_of([refused, answer(json={"id": 1})]).patch("corpora/1/", {}) == {"id": 1}
    with pytest.raises(shengqing.Problem) as found:
        client_of([answer(503), answer(json={})]).patch("corpora/1/", {})
    assert found.value.status == 503
    with pytest.raises(shengqing.Throttled):
        client_of([answer(429)] * 2, attempts=2).get("corpora/1/")


def test_a_job_is_followed_to_its_end():
    states = ["queued", "running", "done"]
    client = client_of([answer(json=job(state)) for state in states])
    looks = []
    ended = client.jobs.wait(job("queued"), progress=lambda each: looks.append(each["state"]))
    assert ended["state"] == "done" and looks == states
    client = client_of([answer(json=job("failed", failure="The disk is full."))])
    with pytest.raises(shengqing.JobFailed, match="episode 1: The disk is full."):
        client.jobs.wait(job("queued"))
    with pytest.raises(TimeoutError):
        client_of([answer(json=job("running"))] * 9).jobs.wait(job("running"), timeout=0)


def test_a_file_is_gone_on_with(tmp_path):
    whole = bytes(range(256)) * 10

    class Broken(httpx2.SyncByteStream):
        def __iter__(self):
            yield whole[:1000]
            raise httpx2.ReadError("broken")

    def rest(request):
        assert request.headers["Range"] == "bytes=1000-"
        return answer(206, stream=httpx2.ByteStream(whole[1000:]))

    seen = []
    client = client_of([answer(200, stream=Broken()), rest])
    path = client.download(
        "releases/1/files/a",
        tmp_path / "a",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert path.read_bytes() == whole and seen[-1] == (len(whole), len(whole))
    assert not (tmp_path / "a.partial").exists()
    with pytest.raises(shengqing.NotFound):
        client_of([answer(404, json={"detail": "gone"})]).download("x", tmp_path / "b")


def test_lines_are_read_one_by_one():
    client = client_of([answer(content=b'{"id": 1}\n{"id": 2}\n')])
    assert [row["id"] for row in client.lines("corpora/1/utterances.ndjson")] == [1, 2]

    def refused(request):
        raise httpx2.ConnectError("no route")

    with pytest.raises(shengqing.Unreachable, match="no route"):
        [*client_of([refused]).lines("corpora/1/utterances.ndjson")]


def test_tokens_are_sent_to_no_other_server():
    page = {"next": "https://evil.example/api/corpora/?cursor=x", "results": [{"id": 1}]}
    with pytest.raises(shengqing.ShengqingError, match="another server"):
        [*client_of([answer(json=page)]).pages("corpora/")]
    with pytest.raises(shengqing.ShengqingError, match="no address of a server"):
        Client("example.org", "sq_x")


def test_an_answer_without_details_gives_its_status():
    with pytest.raises(shengqing.Problem, match="The server answered 500."):
        client_of([answer(500, content=b"<html>")]).get("x")
