"""Webhooks by the API."""

import pytest

from corpus.models import Webhook
from corpus.webhooks.delivery import deliver_due
from tests.corpus.api.test_corpus_api import script_of, send
from tests.corpus.webhooks.receivers import LOOPBACK, receiver
from tests.factories import make_member, make_person, make_token

pytestmark = pytest.mark.django_db
ADDRESS = "https://lab.example.org/hook"


@pytest.fixture
def script(lead, corpus):
    return script_of(lead)


@pytest.fixture
def made(script, corpus):
    body = {"address": ADDRESS, "kinds": ["job.failed", "release.frozen"]}
    answer = send(script, f"/api/corpora/{corpus.pk}/webhooks/", body)
    assert answer.status_code == 201, answer.content
    return answer


def test_one_is_made_read_changed_and_deleted(script, corpus, made, lead):
    webhook = Webhook.objects.get()
    found = made.json()
    assert found["secret"] == webhook.secret and found["person"]["username"] == lead.username
    where = made.headers["Location"]
    assert script.get(where).json() == {k: v for k, v in found.items() if k != "secret"}
    listed = script.get(f"/api/corpora/{corpus.pk}/webhooks/").json()["results"]
    assert [row["id"] for row in listed] == [webhook.pk] and "secret" not in listed[0]
    changed = send(script, where, {"active": False}, "patch").json()
    assert changed["active"] is False and changed["kinds"] == found["kinds"]
    old = webhook.secret
    secret = send(script, f"{where}secret/").json()
    webhook.refresh_from_db()
    assert secret == {"secret": webhook.secret} and webhook.secret != old
    assert script.delete(where).status_code == 204 and not Webhook.objects.exists()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"address": "http://lab.example.org/"}, "https://"),
        ({"address": "https://10.0.0.1/"}, "private or reserved"),
        ({"address": "nonsense"}, "no address"),
        ({"kinds": ["nothing"]}, "There is no event"),
        ({"kinds": []}, "at least one"),
        ({"kinds": ["agreement.low"]}, "from -1 to 1"),
        ({"kinds": ["agreement.low"], "agreement_bound": 2.0}, "agreement_bound"),
        ({"active": "yes"}, "true or false"),
    ],
)
def test_what_cannot_be_is_said(script, corpus, body, words):
    whole = {"address": ADDRESS, "kinds": ["job.failed"]} | body
    answer = send(script, f"/api/corpora/{corpus.pk}/webhooks/", whole)
    assert answer.status_code == 400 and words in answer.content.decode()


def test_a_request_that_is_sent_again_makes_one_and_tells_no_secret_twice(script, corpus):
    body = {"address": ADDRESS, "kinds": ["job.failed"]}
    for expected in (True, False):
        answer = script.post(
            f"/api/corpora/{corpus.pk}/webhooks/", body, format="json",
            headers={"Idempotency-Key": "once"},
        )  # fmt: skip
        assert bool(answer.json()["secret"]) == expected
    assert Webhook.objects.count() == 1


def test_messages_are_listed_filtered_and_sent_again(script, corpus, settings, made):
    settings.WEBHOOK_HTTP, settings.WEBHOOK_NETWORKS = True, LOOPBACK
    webhook = Webhook.objects.get()
    with receiver() as there:
        Webhook.objects.update(address=there.address)
        sent = send(script, f"/api/webhooks/{webhook.pk}/tests/")
        assert sent.status_code == 202 and sent.json()["status"] == "waiting"
        deliver_due(webhook)
        where = f"/api/webhook-deliveries/{sent.json()['id']}/"
        found = script.get(where).json()
        assert (found["status"], found["response_status"], found["kind"]) == (
            *("delivered", 204), "ping",
        )  # fmt: skip
        assert found["payload"]["type"] == "ping" and found["attempts"] == 1
        again = send(script, f"{where}attempts/")
        assert again.status_code == 202 and again.json()["webhook_id"] == found["webhook_id"]
        assert send(script, f"{where}attempts/").status_code == 409
        deliver_due(Webhook.objects.get())
    assert len(there.received) == 2
    log = f"/api/webhooks/{webhook.pk}/deliveries/"
    for query, count in (("", 1), ("?status=failed", 0), ("?kind=ping&status=delivered", 1)):
        assert len(script.get(f"{log}{query}").json()["results"]) == count


def test_who_does_not_lead_the_corpus_finds_nothing(made, corpus):
    webhook = Webhook.objects.get()
    sent = webhook.ping(corpus.owner)
    for person in (make_person(), make_member(corpus), make_member(corpus, "adjudicator")):
        script = script_of(person)
        for where in (
            f"/api/corpora/{corpus.pk}/webhooks/",
            f"/api/webhooks/{webhook.pk}/",
            f"/api/webhooks/{webhook.pk}/deliveries/",
            f"/api/webhook-deliveries/{sent.pk}/",
        ):
            assert script.get(where).status_code == 404
        assert send(script, f"/api/webhooks/{webhook.pk}/secret/").status_code == 404


def test_a_token_needs_the_scope(script, made, corpus, lead, client):
    headers = {"Authorization": f"Token {make_token(lead, ['read', 'write'])}"}
    webhook = Webhook.objects.get()
    assert client.get(f"/api/webhooks/{webhook.pk}/", headers=headers).status_code == 200
    for where in (f"/api/webhooks/{webhook.pk}/tests/", f"/api/corpora/{corpus.pk}/webhooks/"):
        sent = client.post(where, {}, content_type="application/json", headers=headers)
        assert sent.status_code == 403


def test_of_an_archived_corpus_none_is_changed(script, made, corpus, lead):
    webhook = Webhook.objects.get()
    sent = webhook.ping(lead)
    corpus.archive(lead)
    for where in (
        f"/api/webhooks/{webhook.pk}/tests/",
        f"/api/webhook-deliveries/{sent.pk}/attempts/",
        f"/api/webhooks/{webhook.pk}/secret/",
    ):
        assert send(script, where).status_code == 403
    assert script.get(f"/api/webhooks/{webhook.pk}/").status_code == 200
