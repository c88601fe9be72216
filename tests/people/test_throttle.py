"""Links with a token: an address that tries too often is asked to wait."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import Client

from corpus.models import Invitation
from people.throttle import SPAN, Attempts
from tests.factories import make_corpus, make_person


@pytest.fixture(autouse=True)
def _limit(settings, tmp_path):
    settings.LINK_ATTEMPTS = 5
    settings.DATA_DIR = tmp_path


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/invitations/%s/", "/shared/%s/", "/grants/%s/archive.zip"])
def test_guesses_are_limited(page):
    client = Client()
    statuses = [client.get(page % f"guess{number}").status_code for number in range(7)]
    assert statuses == 5 * [404] + 2 * [429]
    answer = client.get(page % "guess", headers={"Accept-Language": "zh-hans"})
    assert "分钟后重试" in answer.content.decode()
    assert 0 < int(answer.headers["Retry-After"]) <= SPAN
    problem = client.get(page % "guess", headers={"Accept": "application/json"})
    assert problem.status_code == 429 and "too often" in problem.json()["detail"]
    assert client.get(page % "other", REMOTE_ADDR="192.0.2.7").status_code == 404


@pytest.mark.django_db
def test_forms_count_and_reading_does_not():
    lead = make_person()
    opened = Invitation.invite(lead, make_corpus(lead))
    client = Client()
    for _ in range(9):
        assert client.get(f"/invitations/{opened.token}/").status_code == 200
    sent = [client.post(f"/invitations/{opened.token}/", {}).status_code for _ in range(6)]
    assert sent == 5 * [200] + [429]


def test_attempts_are_counted_exactly_whoever_counts():
    with ThreadPoolExecutor(8) as several:
        list(several.map(lambda _: Attempts("links", "192.0.2.1").add(), range(200)))
    assert Attempts("links", "192.0.2.1").count == 200
    assert Attempts("links", "192.0.2.2").count == 0
    later = Attempts("links", "192.0.2.1", time.time() + SPAN)
    assert later.count == 0
    later.add()
    assert [path.name for path in later.path.parent.iterdir()] == [later.path.name]
