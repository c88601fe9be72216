"""The client against the application itself, in the same process."""

import httpx2
import pytest
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from shengqing import Client, command_line
from tests.factories import make_token

URL = "http://testserver"


class Flaky(httpx2.BaseTransport):
    """The application, whose answers are lost as often as `lost` says."""

    def __init__(self):
        self.below = httpx2.WSGITransport(app=get_wsgi_application())
        self.lost, self.seen = 0, []

    def handle_request(self, request):
        self.seen.append(request)
        response = self.below.handle_request(request)
        if self.lost:
            self.lost -= 1
            response.read()
            raise httpx2.ReadError("the connection broke")
        return response


@pytest.fixture
def line():
    # a request of its own would close the connection, with the test's database in memory
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield Flaky()
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def client_for(line):
    """A client of a person, through `line`; pauses are counted, not slept."""

    def made(person, *scopes, **more):
        token = make_token(person, scopes or ("read", "annotate", "write", "manage"))
        client = Client(URL, token, transport=line, sleep=lambda seconds: None, **more)
        return client

    return made


@pytest.fixture
def shell(monkeypatch, tmp_path, line, capsys):
    """Runs a command; its status, standard output and standard error."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SHENGQING_URL", raising=False)
    monkeypatch.delenv("SHENGQING_TOKEN", raising=False)
    monkeypatch.setattr(
        command_line, "Client",
        lambda url, token: Client(url, token, transport=line, sleep=lambda seconds: None),
    )  # fmt: skip

    def run(*arguments):
        status = command_line.main([str(each) for each in arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run
