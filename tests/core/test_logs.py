"""What gets into the logs, and what does not."""

import json
import logging
import subprocess
import sys
import time

import pytest
import structlog
from django.http import HttpRequest
from django.test import Client

from core import logs
from core.request_log import RequestLogMiddleware
from tests.factories import make_person
from tests.waiting import wait_until

TOKEN = "aZ3_-kfJ9qLwTx5vBn7Rm2PsYd8HcUe4GiOo1AbCdEf"


@pytest.fixture
def lines(tmp_path):
    """The lines that are written from now on, read anew at each call."""
    handler = logs.SharedLogFile(tmp_path / "log.jsonl", 10**6, 2)
    handler.setFormatter(logs.json_formatter())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)

    def read():
        path = tmp_path / "log.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if (
            path.exists()
        ) else []  # fmt: skip

    yield read
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


@pytest.mark.parametrize(
    "text",
    [
        f"Not Found: /invitations/{TOKEN}/",
        f"GET /shared/{TOKEN} HTTP/1.1",
        f'see "https://example.org/grants/{TOKEN}/archive.zip"',
        f"/accounts/password/reset/key/3-{TOKEN}/",
        f"token={TOKEN}&x=1",
        f"{{'password': '{TOKEN}'}}",
        f"Authorization: Token {TOKEN}",
        f"postgres://shengqing:{TOKEN}@database/shengqing",
        f"sessionid={TOKEN}; csrftoken={TOKEN}",
    ],
)
def test_no_text_keeps_a_token(text):
    masked = logs.masked(text)
    assert TOKEN not in masked and logs.SECRET in masked


def test_other_texts_stay_as_they_are():
    for text in (
        "Not Found: /corpora/1/releases/new/",
        "/static/js/elements/dialogue-editor.4a1f6c.js",
        'File "/srv/app/corpus/views/annotation_history.py", line 12, in view',
        "12 tokens: no secret",
    ):
        assert logs.masked(text) == text or "tokens" in text


def test_values_are_masked_by_their_names():
    assert logs.masked_value({"api_key": "x", "words": ["/a/" + TOKEN + "/"], "n": 3}) == {
        "api_key": logs.SECRET,
        "words": [f"/a/{logs.SECRET}/"],
        "n": 3,
    }


@pytest.mark.django_db
def test_a_failed_request_is_a_line_without_its_token(lines):
    client = Client()
    client.force_login(make_person("wang"))
    answer = client.get(
        f"/invitations/{TOKEN}/?token={TOKEN}", headers={"X-Request-ID": "abc-12345"}
    )
    assert answer.status_code == 404 and answer.headers["X-Request-ID"] == "abc-12345"
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert line["request_id"] == "abc-12345" and line["status"] == 404
    assert line["path"] == f"/invitations/{logs.SECRET}/" and line["level"] == "info"
    assert line["method"] == "GET" and line["duration"] >= 0 and line["time"].endswith("Z")
    assert TOKEN not in json.dumps(lines())


@pytest.mark.django_db
def test_a_short_token_is_known_by_its_route(lines):
    """An invitation's token may be of any kind; the route says where it stands."""
    Client().get("/shared/short/")
    assert [line["path"] for line in lines()] == ["/shared/***/"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given", ["", "x", "a b c d e f g h", "x" * 65, "id\x7f345678", "<script>1234"]
)
def test_odd_request_ids_are_replaced(given):
    answer = Client().get("/sign-in/", headers={"X-Request-ID": given})
    made = answer.headers["X-Request-ID"]
    assert made != given and len(made) == 16


@pytest.mark.django_db
def test_a_quick_request_that_succeeds_is_no_line(lines):
    assert Client().get("/sign-in/").status_code == 200
    assert lines() == []


def test_a_slow_request_is_a_warning(lines, monkeypatch):
    monkeypatch.setattr("core.request_log.SLOW", 0.0)
    request = HttpRequest()
    request.method, request.path = "GET", "/slow/"
    RequestLogMiddleware(lambda request: __import__("django.http").http.HttpResponse())(request)
    assert [(line["level"], line["path"]) for line in lines()] == [("warning", "/slow/")]


@pytest.mark.django_db
def test_an_unforeseen_error_has_an_id_that_page_and_log_share(lines, monkeypatch, client_of):
    def broken(*_):
        raise ZeroDivisionError(f"password={TOKEN}")

    monkeypatch.setattr("corpus.views.corpora.Corpus.objects", property(broken))
    person = make_person("wang")
    client = client_of(person)
    client.raise_request_exception = False
    for headers in ({}, {"Accept": "application/json"}):
        answer = client.get("/", headers=headers)
        assert answer.status_code == 500
        error, request = lines()[-2:]
        assert "ZeroDivisionError" in error["exception"] or "AttributeError" in error["exception"]
        assert error["level"] == "error" and error["person"] == person.pk
        assert error["request_id"] == request["request_id"] == answer.headers["X-Request-ID"]
        assert error["error_id"] in answer.content.decode()
        if headers:
            problem = answer.json()
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert problem["error_id"] == error["error_id"] and problem["status"] == 500
        else:
            assert "Error id" in answer.content.decode() and "错误编号" in answer.content.decode()
    assert TOKEN not in json.dumps(lines())


def test_lines_of_a_worker_name_their_job(lines):
    with logs.job_context("corpus.source", 7):
        logging.getLogger("corpus").warning("odd %s", "film")
        structlog.get_logger("corpus").info("cut", clips=3)
    logging.getLogger("corpus").warning("after")
    first, second, third = lines()
    assert (first["job"], first["job_id"], first["event"]) == ("corpus.source", 7, "odd film")
    assert second["job_id"] == 7 and second["clips"] == 3
    assert "job" not in third and third["pid"]


def test_a_full_file_is_moved_aside(tmp_path):
    handler = logs.SharedLogFile(tmp_path / "log.jsonl", 100, 2)
    for number in range(9):
        handler.handle(logging.makeLogRecord({"msg": f"{number} " + 38 * "x", "level": 20}))
    kept = {path.name: path.read_text()[0] for path in sorted(tmp_path.glob("log*"))}
    assert kept == {"log.jsonl": "8", "log.jsonl.1": "6", "log.jsonl.2": "4"}
    assert (tmp_path / "log.jsonl").stat().st_mode & 0o777 == 0o600


def test_several_processes_share_a_file_and_lose_nothing(tmp_path):
    code = (
        "import logging, sys; from core.logs import SharedLogFile\n"
        "handler = SharedLogFile(sys.argv[1], 20_000, 50)\n"
        "for n in range(300): handler.handle(logging.makeLogRecord("
        "{'msg': f'{sys.argv[2]}-{n} ' + 'y' * (n % 90)}))"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "log.jsonl")]
    writers = [subprocess.Popen([*arguments, str(number)]) for number in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    lines = [line for path in tmp_path.glob("log*") for line in path.read_text().splitlines()]
    assert {line.split()[0] for line in lines} == {f"{w}-{n}" for w in range(3) for n in range(300)}
    assert len(lines) == 900 and len(list(tmp_path.glob("log*"))) > 1
    sizes = [path.stat().st_size for path in tmp_path.glob("log*")]
    assert max(sizes) <= 21_000  # a line that was on its way goes into the file that was moved


def test_errors_are_mailed_to_the_administrators(settings, mailoutbox):
    settings.ADMINS = [("Boss", "boss@example.org")]
    handler = logs.AdminMail(most=2)
    handler.setFormatter(logs.json_formatter())
    for number in range(4):
        record = logging.makeLogRecord(
            {"msg": f"failed at /grants/{TOKEN}/ {number}", "levelno": 40, "created": time.time()}
        )
        handler.handle(record)
    wait_until(lambda: len(mailoutbox) == 2, "two mails")
    assert {mail.subject[-1] for mail in mailoutbox} == {"0", "1"}
    assert all(mail.to == ["boss@example.org"] for mail in mailoutbox)
    assert all(TOKEN not in mail.subject + mail.body for mail in mailoutbox)
