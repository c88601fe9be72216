"""The demo password is shown to whoever sits at the machine, and to nobody else."""

import pytest

from demo.people import PEOPLE, make_account, password


@pytest.fixture
def demo(db, settings, tmp_path):
    settings.DATA_DIR, settings.LISTEN_HOST = tmp_path, "127.0.0.1"
    for key in PEOPLE:
        make_account(key)
    return password()


def test_it_is_shown_on_loopback(client, demo):
    page = client.get("/sign-in/").content.decode()
    assert demo in page and "<code>anno3</code>" in page
    assert demo in client.get("/sign-in/", REMOTE_ADDR="::1").content.decode()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_not_where_the_server_listens_elsewhere(client, demo, settings, host):
    settings.LISTEN_HOST = host
    assert demo not in client.get("/sign-in/").content.decode()


@pytest.mark.parametrize(
    "request_of",
    [
        {"REMOTE_ADDR": "192.168.1.9"},
        {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_FORWARDED": "for=203.0.113.9"},
        {"HTTP_X_REAL_IP": "203.0.113.9"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
)
def test_not_to_other_machines_or_through_a_proxy(client, demo, request_of):
    assert demo not in client.get("/sign-in/", **request_of).content.decode()


def test_accounts_of_others_are_no_demo_accounts(demo, settings, tmp_path, client):
    from people.models import Person

    Person.objects.filter(username="lead").update(name="somebody", password="!")
    assert make_account("lead").username == "demo-lead"
    assert "<code>demo-lead</code>" in client.get("/sign-in/").content.decode()
