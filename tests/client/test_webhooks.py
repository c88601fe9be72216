"""Webhooks by the client."""

import pytest

import shengqing
from corpus.models import Webhook
from corpus.webhooks.delivery import deliver_due
from tests.corpus.webhooks.receivers import LOOPBACK, receiver
from tests.factories import make_corpus, make_person

pytestmark = pytest.mark.django_db


def test_a_webhook_is_made_tried_changed_and_deleted(client_for, settings):
    settings.WEBHOOK_HTTP, settings.WEBHOOK_NETWORKS = True, LOOPBACK
    lead = make_person("lead")
    corpus, webhooks = make_corpus(lead), client_for(lead).webhooks
    with receiver() as hook:
        made = webhooks.create(corpus.pk, hook.address, ["job.failed"])
        assert made["secret"].startswith("whsec_") and webhooks.get(made["id"])["active"]
        assert webhooks.exchange_secret(made["id"]) != made["secret"]
        tried = webhooks.test(made["id"])
        deliver_due(Webhook.objects.get())
        arrived = webhooks.delivery(tried["id"])
        assert arrived["status"] == "delivered" and len(hook.received) == 1
        webhooks.send_again(tried["id"])
        deliver_due(Webhook.objects.get())
        assert len(hook.received) == 2
    assert [each["id"] for each in webhooks.deliveries(made["id"], status="delivered")] == [
        tried["id"]
    ]
    assert not webhooks.change(made["id"], active=False)["active"]
    webhooks.delete(made["id"])
    assert [*webhooks.list(corpus.pk)] == []
    with pytest.raises(shengqing.NotFound):
        webhooks.get(made["id"])
