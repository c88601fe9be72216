"""What webhooks hear of rounds, and what is kept from whoever annotates one blind."""

import datetime
import json

import pytest
from django.utils import timezone

from annotation.models import Round
from annotation.queue.dispatch import assign
from annotation.rounds import extend_round
from annotation.webhook_events import announce_complete_rounds
from corpus.models import Membership, Webhook, WebhookDelivery
from corpus.webhooks.delivery import WITHHELD_FOR, deliver_due
from tests.corpus.webhooks.receivers import LOOPBACK, receiver
from tests.factories import (
    judge,
    make_corpus,
    make_dialogue,
    make_member,
    make_person,
    make_round,
    open_round,
)

pytestmark = pytest.mark.django_db
EVENTS = ["submission.created", "round.completed", "round.closed", "agreement.low"]
Status = WebhookDelivery.Status


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.WEBHOOK_HTTP, settings.WEBHOOK_NETWORKS = True, LOOPBACK


@pytest.fixture
def there():
    with receiver() as server:
        yield server


@pytest.fixture
def webhook(lead, corpus, there):
    return Webhook.create(lead, corpus, address=there.address, kinds=EVENTS, agreement_bound=0.8)


@pytest.fixture
def opened(corpus, webhook):
    """Two dialogues that two people annotate, nothing of them yet."""
    for _ in range(2):
        make_dialogue(corpus)
    return make_round(corpus, [make_member(corpus), make_member(corpus)])


def run(webhook):
    deliver_due(Webhook.objects.get(pk=webhook.pk))


def heard(there):
    return [json.loads(body) for _path, _headers, body in there.received]


def submit_all(opened, differ=True):
    people = list(opened.participants.values_list("person", flat=True))
    for work in opened.assignments.all():
        same = not differ or work.person_id == people[0]
        judge(work, emotion="joy" if same else "anger")


def test_a_submission_is_announced_without_who_submitted(webhook, opened, there):
    work = opened.assignments.first()
    judge(work)
    run(webhook)
    (message,) = heard(there)
    assert message["type"] == "submission.created"
    assert message["data"]["round"]["name"] == opened.name
    assert message["data"]["dialogue"] == {
        "id": work.dialogue_id,
        "name": work.dialogue.uid,
        "url": f"/api/dialogues/{work.dialogue_id}/",
    }
    text = json.dumps(message)
    assert work.person.username not in text and "joy" not in text and "第1句" not in text


def test_a_round_is_complete_once_all_is_submitted_and_announced_once(webhook, opened, there):
    first, *others = opened.assignments.all()
    judge(first)
    assert announce_complete_rounds() == 0
    for work in others:
        judge(work)
    assert announce_complete_rounds() == 2  # that it is complete, and how far people agree
    assert announce_complete_rounds() == 0
    opened.close(None)
    run(webhook)
    found = [message["type"] for message in heard(there)]
    assert found.count("round.completed") == 1 and found.count("round.closed") == 1


def test_a_round_that_was_extended_is_announced_again_when_it_is_complete_again(webhook, opened):
    submit_all(opened)
    announce_complete_rounds()
    make_dialogue(opened.corpus)
    extend_round(opened, None, opened.corpus.dialogues.published())
    assert announce_complete_rounds() == 0
    new = opened.round_items.latest("position")
    for seat in opened.participants.all():
        judge(assign(seat, None, new))
    assert announce_complete_rounds() == 2
    assert webhook.deliveries.filter(kind="round.completed").count() == 2


def test_who_comes_later_hears_of_no_earlier_round(lead, corpus, opened, webhook):
    submit_all(opened)
    later = Webhook.create(lead, corpus, address=webhook.address, kinds=EVENTS, agreement_bound=0.8)
    announce_complete_rounds()
    assert webhook.deliveries.filter(kind="round.completed").exists()
    assert not later.deliveries.exists()


def test_low_agreement_is_announced_by_task_with_its_bound(webhook, opened, there):
    submit_all(opened)
    announce_complete_rounds()
    run(webhook)
    (message,) = [each for each in heard(there) if each["type"] == "agreement.low"]
    assert message["data"]["bound"] == 0.8
    (low,) = message["data"]["tasks"]  # nobody differed in the others
    assert low["task"] == "emotion" and low["alpha"] < 0.1
    assert message["data"]["round"]["id"] == opened.pk


def test_high_agreement_is_not_announced(webhook, opened, there):
    submit_all(opened, differ=False)
    announce_complete_rounds()
    run(webhook)
    assert "agreement.low" not in [each["type"] for each in heard(there)]
    (delivery,) = webhook.deliveries.filter(kind="agreement.low")
    assert delivery.status == Status.NOT_SENT and "below the bound" in delivery.failure_text
    assert announce_complete_rounds() == 0


def test_a_round_that_is_closed_before_it_is_complete_is_looked_at_then(webhook, opened, there):
    for work in opened.assignments.filter(dialogue=opened.round_items.first().dialogue):
        judge(work, emotion="joy" if work.person == opened.participants.first().person else "fear")
    opened.close(None)
    run(webhook)
    found = [message["type"] for message in heard(there)]
    assert found.count("agreement.low") == 1 and "round.completed" not in found


@pytest.fixture
def blind(there):
    """A corpus with a webhook of a lead who annotates its round blind, whose answers differ from
    those of the other.
    """
    corpus = make_corpus()
    lead, other = make_member(corpus, Membership.Role.LEAD), make_member(corpus)
    for _ in range(2):
        make_dialogue(corpus)
    webhook = Webhook.create(lead, corpus, address=there.address, kinds=EVENTS, agreement_bound=0.8)
    opened = make_round(corpus, [lead, other])
    submit_all(opened)
    announce_complete_rounds()
    return webhook, opened


def test_a_blind_lead_hears_nothing_of_the_agreement_until_the_round_is_closed(blind, there):
    webhook, opened = blind
    run(webhook)
    assert "agreement.low" not in [message["type"] for message in heard(there)]
    assert "alpha" not in json.dumps(heard(there))
    (held,) = webhook.deliveries.filter(kind="agreement.low")
    assert held.is_waiting and held.attempts == 0 and held.data.get("tasks") is None
    assert held.due_at > timezone.now() + WITHHELD_FOR - datetime.timedelta(minutes=1)
    opened.close(opened.corpus.owner)
    assert webhook.deliveries.filter(kind="agreement.low").count() == 1  # the same submissions
    webhook.deliveries.filter(status=Status.WAITING).update(due_at=timezone.now())
    run(webhook)
    assert "agreement.low" in [message["type"] for message in heard(there)]


def test_a_lead_who_became_blind_after_the_first_attempt_is_not_announced_by_the_second(
    lead, corpus, webhook, opened, there
):
    submit_all(opened)
    announce_complete_rounds()
    (held,) = webhook.deliveries.filter(kind="agreement.low")
    held.change(attempts=1, data={"tasks": ["as the first attempt had it"]})
    again = open_round(corpus, [lead, make_member(corpus)], overlap=2)  # of the same dialogues
    run(webhook)
    held.refresh_from_db()
    assert held.is_waiting and held.attempts == 1
    again.close(None)
    held.change(due_at=timezone.now())
    run(webhook)
    held.refresh_from_db()
    assert held.status == Status.DELIVERED


def test_what_is_withheld_stands_in_no_log_that_a_blind_lead_reads(blind, client_of, there):
    """Another lead, who annotates nothing, answers for it and was told."""
    webhook, opened = blind
    blind_lead, owner = webhook.person, opened.corpus.owner
    webhook.set(owner)
    webhook.deliveries.filter(kind="agreement.low").update(due_at=timezone.now())
    run(webhook)
    (delivery,) = webhook.deliveries.filter(kind="agreement.low")
    assert delivery.status == Status.DELIVERED
    pages = [
        f"/webhooks/{webhook.pk}/",
        f"/webhook-deliveries/{delivery.pk}/",
    ]
    for person, seen in ((owner, True), (blind_lead, False)):
        log, page = (client_of(person).get(each) for each in pages)
        assert log.status_code == 200 and page.status_code == (200 if seen else 404)
        assert (f"/webhook-deliveries/{delivery.pk}/" in log.content.decode()) == seen
    again = client_of(blind_lead).post(f"/webhook-deliveries/{delivery.pk}/attempts/")
    assert again.status_code == 404


def test_a_blind_lead_who_saves_the_webhook_of_another_answers_for_it(blind, there):
    webhook, opened = blind
    blind_lead = webhook.person
    webhook.set(opened.corpus.owner)
    webhook.set(blind_lead, address=there.address + "?mine")
    webhook.deliveries.filter(kind="agreement.low").update(due_at=timezone.now())
    run(webhook)
    assert "agreement.low" not in [message["type"] for message in heard(there)]


def test_practice_and_imported_rounds_are_not_complete(webhook, opened):
    submit_all(opened)
    Round.objects.update(published=True)
    assert announce_complete_rounds() == 0
    Round.objects.update(published=False, kind=Round.Kind.PRACTICE)
    assert announce_complete_rounds() == 0


def test_strangers_hear_nothing(opened, there):
    other = make_corpus(make_person())
    Webhook.create(other.owner, other, address=there.address, kinds=EVENTS, agreement_bound=0.8)
    submit_all(opened)
    announce_complete_rounds()
    assert not WebhookDelivery.objects.filter(webhook__corpus=other).exists()
