"""Messages on their way: signed, tried again, given up, sent by one worker at a time."""

import datetime
import time
from ipaddress import ip_network

import pytest
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook as Verifier

from core.errors import UserError, ValidationError
from corpus.models import Membership, Webhook, WebhookDelivery
from corpus.models.webhooks import AGAIN_AFTER
from corpus.webhooks import kinds
from corpus.webhooks.announcement import announce
from corpus.webhooks.corpus_events import JOB_FAILED
from corpus.webhooks.delivery import delete_old, deliver_due, wake_due
from jobs.models import JobStatus
from people.models import Event
from tests.corpus.webhooks.receivers import LOOPBACK, receiver, respond
from tests.factories import make_member, make_source

pytestmark = pytest.mark.django_db
Status = WebhookDelivery.Status


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.WEBHOOK_HTTP, settings.WEBHOOK_NETWORKS = True, LOOPBACK
    settings.WEBHOOK_TIMEOUT = 10.0


@pytest.fixture
def made(lead, corpus):
    """A function of an address: a webhook that is told of failed jobs."""

    def make(address, **fields):
        return Webhook.create(lead, corpus, address=address, kinds=[JOB_FAILED], **fields)

    return make


def failed_job(corpus):
    source = make_source(corpus)
    source.status = JobStatus.FAILED
    return source


def announced(webhook, corpus, count=1):
    """The deliveries of `count` jobs that have failed."""
    for _number in range(count):
        assert announce(JOB_FAILED, failed_job(corpus), corpus.pk) == 1
    return list(webhook.deliveries.order_by("pk"))


def run(webhook):
    """What a worker does; the webhook as it is then."""
    deliver_due(Webhook.objects.get(pk=webhook.pk))
    webhook.refresh_from_db()
    return webhook


def wait_over(webhook):
    """As if all waiting between two attempts were over."""
    now = timezone.now()
    Webhook.objects.filter(pk=webhook.pk).update(rests_until=None)
    webhook.deliveries.filter(status=Status.WAITING).update(due_at=now)


def fail(times, status=500):
    """Answer so many times with a status, then with 204."""
    return lambda handler, n: respond(handler, status if n <= times else 204, b"oh")


def test_a_message_is_signed_and_says_what_happened(made, corpus, settings):
    settings.SITE_URL = "https://annotate.example.org"
    with receiver() as there:
        webhook = made(there.address)
        (delivery,) = announced(webhook, corpus)
        run(webhook)
    _path, headers, body = there.received[0]
    message = Verifier(webhook.secret).verify(body, headers)
    source = corpus.sources.get()
    assert message["type"] == "job.failed" and message["timestamp"].endswith("Z")
    assert message["data"]["job"] == {
        "kind": "source",
        "id": source.pk,
        "url": f"https://annotate.example.org/api/jobs/source/{source.pk}/",
    }
    assert message["data"]["corpus"]["name"] == corpus.name and source.title not in body.decode()
    assert headers["webhook-id"] == delivery.message_id
    assert headers["Content-Type"] == "application/json"
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.response_status) == ("delivered", 1, 204)
    assert delivery.seconds is not None and delivery.finished_at and not delivery.failure


def test_the_receiver_of_the_documentation_checks_it(made, corpus, settings):
    text = (settings.ROOT / "docs/api.md").read_text("utf-8")
    code = text.split("## Webhooks")[1].split("```python\n")[1].split("```")[0]
    example = {"__name__": "example"}
    exec(code, example)  # noqa: S102
    with receiver() as there:
        webhook = made(there.address)
        announced(webhook, corpus)
        run(webhook)
    _path, headers, body = there.received[0]
    assert example["checked"](headers, body, webhook.secret)["type"] == "job.failed"
    old = str(int(headers["webhook-timestamp"]) - 301)
    for changed in (
        (headers, body + b" ", webhook.secret),
        (headers, body, "whsec_" + "A" * 32),
        (headers | {"webhook-timestamp": old}, body, webhook.secret),
    ):
        with pytest.raises(ValueError, match=r"too long ago|not signed"):
            example["checked"](*changed)


def test_nobody_is_announced_who_has_not_chosen_it_or_is_switched_off(lead, corpus, made):
    address = "https://example.org/hook"
    Webhook.create(lead, corpus, address=address, kinds=["release.frozen"])
    made(address, active=False)
    assert announce(JOB_FAILED, failed_job(corpus), corpus.pk) == 0
    assert not WebhookDelivery.objects.exists()


def test_a_message_is_of_the_transaction_of_what_happened(made, corpus, transactional_db):
    webhook = made("https://example.org/hook")
    with pytest.raises(RuntimeError), transaction.atomic():
        announced(webhook, corpus)
        raise RuntimeError
    assert not webhook.deliveries.exists()


def test_a_refused_message_is_tried_again_later_with_the_same_id(made, corpus):
    with receiver(fail(2)) as there:
        webhook = made(there.address)
        (delivery,) = announced(webhook, corpus)
        waits = []
        for attempt in (1, 2):
            run(webhook)
            delivery.refresh_from_db()
            assert (delivery.status, delivery.attempts) == (Status.WAITING, attempt)
            assert (delivery.response_status, delivery.response_body) == (500, "oh")
            assert "answered 500" in delivery.failure_text and webhook.failing_since
            waits.append(delivery.due_at - timezone.now())
            run(webhook)  # too early
            assert len(there.received) == attempt
            long_ago = timezone.now() - datetime.timedelta(minutes=10)
            webhook.deliveries.update(asked_at=long_ago)
            wait_over(webhook)
        run(webhook)
        delivery.refresh_from_db()
    assert waits[0] < 2 * AGAIN_AFTER and waits[1] > datetime.timedelta(minutes=10)
    assert (delivery.status, delivery.attempts) == (Status.DELIVERED, 3)
    assert run(webhook).failing_since is None
    assert len({headers["webhook-id"] for _path, headers, _body in there.received}) == 1
    for _path, headers, body in there.received:  # each attempt is signed for its own time
        Verifier(webhook.secret).verify(body, headers)


def test_a_receiver_that_hangs_is_a_failure_like_others(made, corpus, settings):
    settings.WEBHOOK_TIMEOUT = 0.3
    with receiver(lambda handler, _number: time.sleep(1)) as there:
        webhook = made(there.address)
        (delivery,) = announced(webhook, corpus)
        run(webhook)
        delivery.refresh_from_db()
    assert delivery.is_waiting and delivery.response_status is None
    assert "within 0.3 seconds" in delivery.failure_text and 0.3 <= delivery.seconds < 2


def test_a_redirect_is_not_followed_and_says_so(made, corpus):
    def redirect(handler, _number):
        respond(handler, 301, Location=elsewhere.address)

    with receiver() as elsewhere, receiver(redirect) as there:
        webhook = made(there.address)
        (delivery,) = announced(webhook, corpus)
        run(webhook)
        delivery.refresh_from_db()
    assert elsewhere.received == [] and "not followed" in delivery.failure_text


def test_after_a_day_a_message_is_given_up_and_can_be_sent_again(made, corpus, lead):
    with receiver(fail(1)) as there:
        webhook = made(there.address)
        (delivery,) = announced(webhook, corpus)
        webhook.deliveries.update(asked_at=timezone.now() - datetime.timedelta(hours=23))
        run(webhook)
        delivery.refresh_from_db()
        assert delivery.status == Status.FAILED and delivery.finished_at
        delivery.send_again(lead)
        assert delivery.is_waiting
        with pytest.raises(UserError, match="waits already"):
            delivery.send_again(lead)
        run(webhook)
        delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (Status.DELIVERED, 2)
    assert len({headers["webhook-id"] for _path, headers, _body in there.received}) == 1
    assert Event.objects.get(verb="send again").detail == {"host": "127.0.0.1"}


def test_a_receiver_says_when_to_come_back(made, corpus):
    with receiver(lambda handler, _n: respond(handler, 429, Retry_After="7200")) as there:
        webhook = made(there.address)
        (delivery,) = announced(webhook, corpus)
        run(webhook)
        delivery.refresh_from_db()
    assert delivery.due_at > timezone.now() + datetime.timedelta(minutes=110)


def test_one_failure_ends_the_pass_and_the_webhook_rests(made, corpus):
    with receiver(fail(1)) as there:
        webhook = made(there.address)
        announced(webhook, corpus, 5)
        run(webhook)
        assert len(there.received) == 1 and webhook.rests_until > timezone.now()
        assert webhook.busy_until is None
        assert wake_due() == 0
        wait_over(webhook)
        run(webhook)
        assert len(there.received) == 6
    ids = [headers["webhook-id"] for _path, headers, _body in there.received]
    assert ids[1:] == [each.message_id for each in webhook.deliveries.order_by("due_at", "pk")]


def test_after_days_of_failures_it_is_switched_off_and_leads_are_announced(
    made, corpus, lead, settings, mailoutbox, django_capture_on_commit_callbacks
):
    settings.EMAIL_ENABLED = True
    type(lead).objects.filter(pk=lead.pk).update(email="lead@example.org")
    with receiver(fail(99)) as there:
        webhook = made(there.address)
        deliveries = announced(webhook, corpus, 2)
        webhook.deliveries.update(asked_at=timezone.now())
        Webhook.objects.update(failing_since=timezone.now() - datetime.timedelta(days=3.1))
        with django_capture_on_commit_callbacks(execute=True):
            run(webhook)
        assert not webhook.active and "answered 500" in webhook.failure_text
        assert len(there.received) == 1
        wait_over(webhook)
        run(webhook)
        assert len(there.received) == 1
    assert [mail.to for mail in mailoutbox] == [["lead@example.org"]]
    assert "127.0.0.1" in mailoutbox[0].body and "answered 500" in mailoutbox[0].body
    for delivery in deliveries:
        delivery.refresh_from_db()
        assert delivery.status == Status.NOT_SENT and "switched off" in delivery.failure_text
        with pytest.raises(UserError, match="Switch it on"):
            delivery.send_again(lead)
    assert Event.objects.get(verb="switch off webhook").person is None
    webhook.set(lead, active=True)
    assert webhook.active and not webhook.failure and webhook.failing_since is None


def test_a_receiver_that_is_gone_is_switched_off_at_once(made, corpus):
    with receiver(fail(9, 410)) as there:
        webhook = made(there.address)
        announced(webhook, corpus)
        run(webhook)
    assert not webhook.active and "410" in webhook.failure_text


def test_a_worker_at_it_keeps_others_away_until_it_is_dead(made, corpus):
    """What a dead worker had sent without writing that down comes again under the same id."""
    with receiver() as there:
        webhook = made(there.address)
        (delivery,) = announced(webhook, corpus)
        dead = Webhook.objects.get(pk=webhook.pk)
        assert dead.claim() and not Webhook.objects.get(pk=webhook.pk).claim()
        delivery.change(attempts=1)  # it was just about to send
        run(webhook)
        assert there.received == [] and wake_due() == 0
        Webhook.objects.update(busy_until=timezone.now() - datetime.timedelta(seconds=1))
        assert Webhook.objects.to_be_woken().get() == webhook and wake_due() == 1
        assert wake_due() == 0  # one message for a worker is enough for a while
        run(webhook)
        assert not dead.renew()  # it notices that it was overtaken, and ends
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == (Status.DELIVERED, 2)
    assert [headers["webhook-id"] for _p, headers, _b in there.received] == [delivery.message_id]


def test_a_clock_that_was_set_back_holds_nothing_up(made, corpus):
    ahead = timezone.now() + datetime.timedelta(days=300)
    with receiver() as there:
        webhook = made(there.address)
        announced(webhook, corpus)
        Webhook.objects.update(busy_until=ahead, rests_until=ahead, woken_until=ahead)
        webhook.deliveries.update(due_at=ahead)
        assert wake_due() == 1
        run(webhook)
    assert len(there.received) == 1


def test_the_result_of_an_overtaken_worker_does_not_count(made, corpus):
    webhook = made("https://example.org/hook")
    (delivery,) = announced(webhook, corpus)
    slow = WebhookDelivery.objects.get(pk=delivery.pk)
    slow.change(attempts=1)
    other = WebhookDelivery.objects.get(pk=delivery.pk)
    other.change(attempts=2)
    other.end(Status.DELIVERED)
    slow.attempts = 1
    slow.end(Status.FAILED, UserError("too late"))
    delivery.refresh_from_db()
    assert delivery.status == Status.DELIVERED


def test_a_key_is_announced_once(made, corpus):
    webhook, job = made("https://example.org/hook"), failed_job(corpus)
    assert announce(JOB_FAILED, job, corpus.pk, key="a") == 1
    assert announce(JOB_FAILED, job, corpus.pk, key="a") == 0
    assert announce(JOB_FAILED, job, corpus.pk, key="b") == 1
    before = webhook.created_at - datetime.timedelta(seconds=1)
    assert announce(JOB_FAILED, job, corpus.pk, key="c", since=before) == 0


@pytest.mark.parametrize("role", [Membership.Role.ANNOTATOR, None])
def test_who_leads_the_corpus_no_more_is_announced_nothing(made, corpus, lead, role):
    other = make_member(corpus, Membership.Role.LEAD)
    with receiver() as there:
        webhook = made(there.address)
        webhook.set(other, active=True)
        (delivery,) = announced(webhook, corpus)
        member = corpus.memberships.get(person=other)
        if role:
            member.appoint(lead, role)
        else:
            member.dismiss(lead)
        run(webhook)
        delivery.refresh_from_db()
        assert there.received == [] and delivery.status == Status.NOT_SENT
        assert str(other) in delivery.failure_text
        webhook.set(lead)  # who saves it answers for it
        delivery.send_again(lead)
        run(webhook)
    assert len(there.received) == 1


def test_of_an_archived_corpus_nothing_is_announced(made, corpus, lead):
    with receiver() as there:
        webhook = made(there.address)
        (delivery,) = announced(webhook, corpus)
        corpus.archive(lead)
        run(webhook)
        delivery.refresh_from_db()
    assert there.received == [] and delivery.status == Status.NOT_SENT


def test_a_test_is_sent_at_once_and_once(made, corpus, lead):
    with receiver(fail(2)) as there:
        webhook = made(there.address)
        announced(webhook, corpus)
        run(webhook)
        sent = webhook.ping(lead)
        run(webhook)  # although it rests
        sent.refresh_from_db()
        assert sent.status == Status.FAILED and sent.attempts == 1
        webhook.set(lead, active=False)
        again = webhook.ping(lead)
        run(webhook)
        again.refresh_from_db()
    assert again.status == Status.DELIVERED
    assert [b'"type":"ping"' in body for _path, _headers, body in there.received] == [
        *(False, True, True)
    ]


def test_an_address_inside_the_own_network_is_refused_also_when_it_was_allowed_before(
    made, corpus, settings
):
    with receiver() as there:
        webhook = made(there.address)
        (delivery,) = announced(webhook, corpus)
        settings.WEBHOOK_NETWORKS = [ip_network("10.0.0.0/8")]
        run(webhook)
        delivery.refresh_from_db()
    assert there.received == [] and "private or reserved network" in delivery.failure_text


def test_after_an_exchange_both_secrets_are_good_for_a_day(made, corpus, lead):
    with receiver() as there:
        webhook = made(there.address)
        old = webhook.secret
        webhook.exchange_secret(lead)
        assert webhook.secret != old
        announced(webhook, corpus)
        run(webhook)
        _path, headers, body = there.received[0]
        for secret in (old, webhook.secret):
            Verifier(secret).verify(body, headers)
        Webhook.objects.update(old_nonce_until=timezone.now())
        webhook.refresh_from_db()
    assert webhook.secrets == [webhook.secret]


def test_another_secret_key_of_the_installation_is_noticed(made, corpus, settings):
    with receiver() as there:
        webhook = made(there.address)
        (delivery,) = announced(webhook, corpus)
        settings.SECRET_KEY = "another"
        run(webhook)
        delivery.refresh_from_db()
    assert there.received == [] and "Exchange the secret" in delivery.failure_text


def test_what_can_be_chosen(lead, corpus):
    address = "https://example.org/hook"
    for chosen, words in (([], "at least one"), (["ping"], "no event"), (["x"], "no event")):
        with pytest.raises(ValidationError, match=words):
            Webhook.create(lead, corpus, address=address, kinds=chosen)
    with pytest.raises(ValidationError, match="from -1 to 1"):
        Webhook.create(lead, corpus, address=address, kinds=[kinds.AGREEMENT])
    webhook = Webhook.create(
        lead, corpus, address=address, kinds=[kinds.AGREEMENT], agreement_bound=0.5
    )
    webhook.set(lead, kinds=[JOB_FAILED])
    assert webhook.agreement_bound is None and webhook.kind_names == [JOB_FAILED]


def test_old_deliveries_are_deleted_and_waiting_ones_stay(made, corpus, settings):
    webhook = made("https://example.org/hook")
    old, fresh, waiting = announced(webhook, corpus, 3)
    for delivery in (old, fresh):
        delivery.end(Status.DELIVERED)
    long_ago = timezone.now() - datetime.timedelta(days=settings.WEBHOOK_KEEP_DAYS + 1)
    WebhookDelivery.objects.filter(pk=old.pk).update(finished_at=long_ago)
    WebhookDelivery.objects.filter(pk=waiting.pk).update(happened_at=long_ago)
    assert delete_old() == 1 and delete_old() == 0
    assert {*webhook.deliveries.all()} == {fresh, waiting}


def test_a_job_that_fails_is_announced_and_one_that_ends_well_is_not(made, corpus):
    webhook = made("https://example.org/hook")
    source = corpus.sources.create(title="x", status=JobStatus.QUEUED)
    source.run()
    assert source.status == JobStatus.FAILED
    (delivery,) = webhook.deliveries.all()
    assert delivery.thing_id == source.pk and source.failure_text not in delivery.body.decode()
