"""The first account: one page, a one-time code, one owner."""

import stat
import threading

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from people import installation
from people.models import Event, Person
from tests.factories import make_person

FORM = {
    "username": "owner",
    "name": "林岚",
    "email": "owner@example.org",
    "password1": "a-long-pass-phrase",
    "password2": "a-long-pass-phrase",
}


@pytest.fixture
def empty(db, settings, tmp_path, monkeypatch):
    """An installation without accounts; its code."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(installation, "_known", set())
    return installation.setup_code()


def test_every_address_leads_to_the_one_page(client, empty):
    for address in ("/", "/sign-in/", "/corpora/1/", "/nothing/at/all", "/admin/"):
        assert client.get(address).headers["Location"] == "/setup/"
    page = client.get("/setup/")
    assert page.status_code == 200 and empty not in page.content.decode()
    client.post("/language/", {"language": "zh-hans", "next": "/setup/"})
    assert "一次性设置码" in client.get("/setup/").content.decode()
    assert stat.S_IMODE(installation.code_path().stat().st_mode) == 0o600


def test_the_code_makes_the_administrator_once(client, empty):
    typed = empty.replace("-", " ").lower()
    answer = client.post("/setup/", FORM | {"code": typed})
    assert answer.headers["Location"] == reverse("getting_started")
    owner = Person.objects.get()
    assert owner.is_superuser and owner.is_staff and owner.check_password(FORM["password1"])
    assert Event.objects.get().detail == {"administrator": True}
    assert client.get(reverse("getting_started")).status_code == 200
    assert not installation.code_path().exists()
    assert Client().get("/setup/").status_code == 404
    assert Client().get("/").headers["Location"] == "/sign-in/?next=/"


def test_weak_passwords_and_missing_fields_use_nothing_up(client, empty):
    answer = client.post(
        "/setup/", FORM | {"code": empty, "password1": "12345678", "password2": "12345678"}
    )
    assert "entirely numeric" in answer.content.decode()
    assert "required" in client.post("/setup/", {"code": empty}).content.decode()
    assert not Person.objects.exists() and installation.setup_code() == empty


def test_wrong_codes_bring_a_pause_that_is_stored(client, empty, monkeypatch):
    def ask(code):
        return client.post("/setup/", FORM | {"code": code}).content.decode()

    for _ in range(installation.MOST_WRONG - 1):
        assert "This code is wrong. The server" in ask("AAAA-AAAA-AAAA")
    assert "After 5 wrong codes, wait 60 s" in ask("AAAA-AAAA-AAAA")
    assert "Too many wrong codes" in ask(empty)
    now = installation.time.time() + installation.PAUSE + 1
    monkeypatch.setattr(installation.time, "time", lambda: now)
    client.post("/setup/", FORM | {"code": empty})
    assert Person.objects.get().username == "owner"


@pytest.mark.django_db(transaction=True)
def test_two_browsers_at_once_make_one_owner(empty):
    answers, start = [], threading.Barrier(2)

    def ask(name):
        start.wait()
        sent = FORM | {"code": empty, "username": name}
        answers.append(Client().post("/setup/", sent))
        connection.close()

    threads = [threading.Thread(target=ask, args=[name]) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Person.objects.count() == 1 and not installation.code_path().exists()
    assert {answer.status_code for answer in answers} <= {302, 404}


def test_once_set_up_no_request_asks_for_it(client, empty, django_assert_num_queries):
    make_person("admin", is_superuser=True)
    assert client.get("/sign-in/").status_code == 200
    with django_assert_num_queries(0):
        assert client.get("/sign-in/").status_code == 200


def test_demo_accounts_sign_in_and_the_page_leads_to_the_setup(client, empty):
    make_person("lead")
    page = client.get("/sign-in/").content.decode()
    assert "Set up your own installation" in page and 'href="/setup/"' in page
    client.post("/setup/", FORM | {"code": empty})
    assert Person.objects.get(is_superuser=True).username == "owner"
    assert "Set up your own" not in Client().get("/sign-in/").content.decode()


def test_accounts_that_cannot_sign_in_do_not_count(client, empty):
    make_person("gone", is_superuser=True, is_active=False)
    Person.objects.create(username="imported", password="!")
    assert client.get("/").headers["Location"] == "/setup/"


def test_the_command_prints_the_code(empty, capsys):
    call_command("setup_code")
    assert capsys.readouterr().out.strip() == empty
    call_command("setup_code", "--new")
    assert capsys.readouterr().out.strip() not in ("", empty)
    make_person("admin", is_superuser=True)
    call_command("setup_code")
    printed = capsys.readouterr()
    assert printed.out == "" and "exists already" in printed.err
