"""Pages of webhooks: made, changed, tested; the log of their messages."""

import pytest

from corpus.models import Webhook, WebhookDelivery
from corpus.webhooks.announcement import announce
from corpus.webhooks.delivery import deliver_due
from people.models import Event
from tests.corpus.webhooks.receivers import LOOPBACK, receiver, respond
from tests.factories import make_member, make_person, make_source

pytestmark = pytest.mark.django_db
ADDRESS = "https://lab.example.org/hook"


@pytest.fixture
def page(client_of, lead):
    return client_of(lead)


@pytest.fixture
def webhook(lead, corpus):
    return Webhook.create(lead, corpus, address=ADDRESS, kinds=["job.failed"])


def text_of(response):
    assert response.status_code == 200
    return response.content.decode()


def test_a_lead_adds_one_and_is_shown_its_secret_once(page, corpus):
    where = f"/corpora/{corpus.pk}/settings/webhooks/"
    assert "New webhook" in text_of(page.get(where))
    sent = {"address": ADDRESS, "kinds": ["job.failed", "release.frozen"], "active": "on"}
    shown = page.post(where, sent)
    webhook = Webhook.objects.get()
    assert webhook.secret in text_of(shown) and "no-store" in shown.headers["Cache-Control"]
    for address in (where, f"/webhooks/{webhook.pk}/"):
        later = text_of(page.get(address))
        assert "whsec_" not in later and "lab.example.org" in later
    assert "release frozen" in text_of(page.get(where))
    assert Event.objects.get(verb="add webhook").detail["host"] == "lab.example.org"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"address": "http://lab.example.org/"}, "https://"),
        ({"address": "https://127.0.0.1/"}, "private or reserved"),
        ({"kinds": []}, "required"),
        ({"kinds": ["agreement.low"]}, "from -1 to 1"),
        ({"kinds": ["agreement.low"], "agreement_bound": "7"}, "less than or equal to 1"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(page, corpus, more, words):
    sent = {"address": ADDRESS, "kinds": ["job.failed"], "active": "on"} | more
    shown = text_of(page.post(f"/corpora/{corpus.pk}/settings/webhooks/", sent))
    assert words in shown and not Webhook.objects.exists()


def test_it_is_changed_switched_off_and_deleted(page, webhook, corpus):
    where = f"/webhooks/{webhook.pk}/"
    sent = {"address": ADDRESS + "2", "kinds": ["agreement.low"], "agreement_bound": "0.6"}
    assert page.post(where, sent).status_code == 302
    webhook.refresh_from_db()
    assert (webhook.address, webhook.kinds) == (ADDRESS + "2", "agreement.low")
    assert webhook.agreement_bound == 0.6 and not webhook.active
    assert "switched off" in text_of(page.get(where))
    changed = Event.objects.get(verb="set webhook").detail["changed"]
    assert changed == ["address", "kinds", "agreement_bound", "active"]
    old = webhook.secret
    shown = text_of(page.post(f"{where}secret/"))
    webhook.refresh_from_db()
    assert webhook.secret in shown and webhook.secret != old
    page.post(f"{where}deletion/")
    assert not Webhook.objects.exists() and Event.objects.filter(verb="delete webhook").exists()


def test_a_test_and_what_came_of_it(page, webhook, settings):
    settings.WEBHOOK_HTTP, settings.WEBHOOK_NETWORKS = True, LOOPBACK
    with receiver(lambda handler, _n: respond(handler, 418, b"<b>short</b> and stout")) as there:
        Webhook.objects.update(address=there.address)
        shown = page.post(f"/webhooks/{webhook.pk}/tests/")
        assert 'hx-trigger="every 2s"' in text_of(page.get(shown.url))
        deliver_due(Webhook.objects.get())
    result = text_of(page.get(shown.url))
    assert "418" in result and "hx-trigger" not in result.split('id="delivery"')[1].split(">")[0]
    assert "&lt;b&gt;short&lt;/b&gt; and stout" in result
    part = text_of(page.get(shown.url, headers={"HX-Request": "true"}))
    assert "<html" not in part and "418" in part


def test_the_log_is_filtered_and_messages_are_sent_again(page, webhook, corpus, lead):
    job = make_source(corpus)
    for _ in range(3):
        announce("job.failed", job, corpus.pk)
    first = webhook.deliveries.earliest("pk")
    first.end(WebhookDelivery.Status.DELIVERED, response_status=204, seconds=0.1)
    where = f"/webhooks/{webhook.pk}/"
    for query, count in (
        ("", 3), ("?status=delivered", 1), ("?status=waiting", 2), ("?kind=ping", 0),
        ("?kind=job.failed&status=delivered", 1), ("?status=nonsense", 0),
    ):  # fmt: skip
        assert text_of(page.get(where + query)).count('href="/webhook-deliveries/') == count
    again = f"/webhook-deliveries/{first.pk}/attempts/"
    assert page.post(again).status_code == 302
    first.refresh_from_db()
    assert first.is_waiting
    shown = page.post(again, follow=True)
    assert "waits already" in text_of(shown)


def test_many_messages_come_in_pages(page, webhook, corpus):
    for _ in range(31):
        announce("job.failed", make_source(corpus), corpus.pk)
    first = text_of(page.get(f"/webhooks/{webhook.pk}/"))
    assert first.count('href="/webhook-deliveries/') == 30 and "cursor=" in first


def test_the_page_says_who_answers_for_it_and_that_nobody_does(page, webhook, corpus, lead):
    other = make_member(corpus, "lead", "gone")
    webhook.set(other)
    assert "nothing is sent" not in text_of(page.get(f"/webhooks/{webhook.pk}/"))
    corpus.memberships.get(person=other).dismiss(lead)
    assert "gone answers for this webhook" in text_of(page.get(f"/webhooks/{webhook.pk}/"))


@pytest.mark.parametrize("role", ["annotator", "adjudicator", None])
def test_nobody_else_finds_any_of_it(client_of, webhook, corpus, role):
    sent = webhook.ping(corpus.owner)
    someone = client_of(make_member(corpus, role) if role else make_person())
    mine, theirs = f"/webhooks/{webhook.pk}/", f"/webhook-deliveries/{sent.pk}/"
    for address in (f"/corpora/{corpus.pk}/settings/webhooks/", mine, theirs):
        assert someone.get(address).status_code == 404
    for address in (f"{mine}secret/", f"{mine}tests/", f"{mine}deletion/", f"{theirs}attempts/"):
        assert someone.post(address).status_code == 404
    assert Webhook.objects.exists()


def test_of_an_archived_corpus_none_is_changed(page, webhook, corpus, lead):
    corpus.archive(lead)
    assert page.get(f"/webhooks/{webhook.pk}/").status_code == 200
    for part in ("", "secret/", "tests/", "deletion/"):
        assert page.post(f"/webhooks/{webhook.pk}/{part}").status_code == 403
