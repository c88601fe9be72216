"""Bodies before threads: what arrives whole is passed on whole, who is too slow is cut off."""

import io
import socket
import threading

import pytest

from core import request_bodies
from core.request_bodies import RequestBodies
from tests.waiting import LIMIT


class Started:
    """A server's start_response; what was written through it."""

    def __init__(self):
        self.status, self.written = None, []

    def __call__(self, status, headers, *rest):
        self.status = status
        return self.written.append


class Wrapper:
    def __init__(self, file):
        self.file = file


def echo(environ, start_response):
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


def ask(application, body=b"", length=None, threads=1, **environ):
    started = Started()
    size = len(body) if length is None else length
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(size)} | environ
    return started, RequestBodies(application, threads)(environ, started)


@pytest.mark.parametrize("size", [0, 1, request_bodies.BLOCK, 3 * request_bodies.BLOCK + 5])
def test_the_body_arrives_whole(size):
    started, (body,) = ask(echo, bytes(size))
    assert started.status == "200 OK" and body == bytes(size)


def test_of_a_large_body_the_rest_comes_as_it_is_read(monkeypatch):
    monkeypatch.setattr(request_bodies, "READ_FIRST", 100_000)
    source = io.BytesIO(bytes(300_000))
    before = []

    def count(environ, start_response):
        before.append(source.tell())
        start_response("200 OK", [])
        return [str(len(environ["wsgi.input"].read())).encode()]

    _, answer = ask(count, length=300_000, **{"wsgi.input": source})
    assert answer == [b"300000"] and before[0] < 150_000


def test_a_body_that_ends_early_is_answered_and_reaches_no_view():
    started, answer = ask(echo, b"abc", length=10)
    assert started.status.startswith("408") and b"too long to arrive" in answer[0]


def test_who_sends_nothing_is_cut_off(monkeypatch):
    monkeypatch.setattr(request_bodies, "PATIENCE", 0.1)
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as source:
        theirs.sendall(b"a")
        hung = threading.Timer(LIMIT, theirs.close)
        hung.start()
        started, _ = ask(echo, length=10, **{"wsgi.input": source, "gunicorn.socket": ours})
        hung.cancel()
    assert started.status.startswith("408")


def test_streams_are_written_inside_and_files_by_the_server():
    class Stream(list):
        streaming = True
        closed = False

        def close(self):
            type(self).closed = True

    def stream(environ, start_response):
        start_response("200 OK", [])
        return Stream([b"a", b"b"])

    started, answer = ask(stream)
    assert started.written == [b"a", b"b"] and answer == [] and Stream.closed

    file = Wrapper(None)

    def send_file(environ, start_response):
        start_response("200 OK", [])
        return file

    _, answer = ask(send_file, **{"wsgi.file_wrapper": Wrapper})
    assert answer is file


def test_an_error_of_the_application_reaches_the_server():
    def fail(environ, start_response):
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        ask(fail)
