"""Messages through a real Redis and a real worker that is killed in mid-attempt."""

import datetime
import os
import signal
import threading

import pytest
from django.db import transaction
from django.utils import timezone

from config.celery import app
from corpus.models import Webhook, WebhookDelivery
from corpus.webhooks.announcement import announce
from tests.corpus.webhooks.receivers import LOOPBACK, receiver, respond
from tests.factories import make_corpus, make_source
from tests.waiting import LIMIT, wait_until
from tests.workers import end_of, pool_process, start_broker, worker_process

RECEIVER_HERE = {"WEBHOOK_NETWORKS": "127.0.0.0/8", "WEBHOOK_HTTP": "1", "WEBHOOK_TIMEOUT": "600"}


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_worker_was_sending_comes_again_under_the_same_id(settings, tmp_path):
    settings.WEBHOOK_HTTP, settings.WEBHOOK_NETWORKS = True, LOOPBACK
    server = start_broker(settings)
    log, dead = tmp_path / "worker.log", threading.Event()
    corpus = make_corpus()

    def answer(handler, number):
        if number == 1:
            dead.wait(LIMIT)
        respond(handler, 204)

    app.conf.task_always_eager = False
    try:
        with (
            receiver(answer) as there,
            worker_process(settings, log, **RECEIVER_HERE) as worker,
        ):
            Webhook.create(corpus.owner, corpus, address=there.address, kinds=["job.failed"])
            with transaction.atomic():
                for _ in range(3):
                    announce("job.failed", make_source(corpus), corpus.pk)
            wait_until(lambda: there.received, "the first attempt", state=lambda: end_of(log))
            os.kill(pool_process(worker), signal.SIGKILL)
            Webhook.objects.update(busy_until=timezone.now() - datetime.timedelta(seconds=1))
            wait_until(
                lambda: WebhookDelivery.objects.filter(status="delivered").count() == 3,
                "all messages", state=lambda: end_of(log),
            )  # fmt: skip
            dead.set()
    finally:
        dead.set()
        app.conf.task_always_eager = True
        if server:
            server.terminate()
            server.wait()
    ids = [headers["webhook-id"] for _path, headers, _body in there.received]
    rows = WebhookDelivery.objects.order_by("pk")
    first, *others = rows.values_list("message_id", flat=True)
    assert ids == [first, first, *others]
    assert [*rows.values_list("attempts", flat=True)] == [2, 1, 1]
