"""`shengqing` on the command line: signing in, looking, following."""

import json
import stat

import pytest

from shengqing import command_line
from shengqing.credentials import credentials_file
from tests.client.conftest import URL
from tests.factories import make_person, make_token

pytestmark = pytest.mark.django_db


def test_signing_in_and_looking(shell):
    token = make_token(make_person("wang"), ("read", "manage"))
    status, _, error = shell("corpora")
    assert status == 1 and "Not signed in" in error
    status, _, error = shell("login", URL, "--token", "sq_wrong")
    assert status == 1 and not credentials_file().exists()
    assert shell("login", URL, "--token", token)[0] == 0
    assert stat.S_IMODE(credentials_file().stat().st_mode) == 0o600
    assert shell("account")[1] == "wang\twang\tmanage read\n" or "wang" in shell("account")[1]
    command_line.connect().corpora.create("好", language="zh")
    assert "好\tzh\tlead" in shell("corpora")[1]
    (row,) = map(json.loads, shell("--json", "corpora")[1].splitlines())
    assert json.loads(shell("get", f"corpora/{row['id']}/")[1])["name"] == "好"
    assert json.loads(shell("get", "corpora/")[1])["name"] == "好"
    assert shell("jobs", row["id"]) == (0, "", "")
    status, _, error = shell("watch", "source", 1)
    assert status == 1 and error.startswith("shengqing: ")
    assert shell("logout")[1] == "Forgotten.\n" and not credentials_file().exists()


def test_the_environment_comes_first(shell, monkeypatch):
    monkeypatch.setenv("SHENGQING_URL", URL)
    monkeypatch.setenv("SHENGQING_TOKEN", make_token(make_person("li"), ("read",)))
    assert "li" in shell("account")[1]


def test_damaged_credentials_are_said(shell):
    credentials_file().parent.mkdir(parents=True)
    credentials_file().write_text("{")
    status, _, error = shell("corpora")
    assert status == 1 and "is damaged" in error
