"""Sending the messages that wait for a webhook, one after another; a worker does it.

A webhook is claimed by one worker at a time, for the time of one attempt, which it renews before
each. So receivers get one message at a time, a receiver that hangs holds up one worker, and a
worker that dies leaves its webhook to the next one. What it had sent without having written that
down is sent again, under the same id.
"""

import datetime
import random
import time

from django.conf import settings
from django.utils import timezone

from core.errors import UserError, gettext_noop
from corpus.models import Webhook, WebhookDelivery
from corpus.models.webhooks import AGAIN_AT_LEAST, WOKEN_FOR, backed_off
from corpus.webhooks.kinds import PING, kinds
from corpus.webhooks.receiver import post
from corpus.webhooks.signature import headers

MOST_AT_ONCE = 50  # messages, before other work of the queue has its turn
MOST_DELETED = 1000  # old deliveries, in one look
WITHHELD_FOR = datetime.timedelta(minutes=10)  # then it is looked again whether it may be told
GONE = 410  # the receiver wants no more messages
REFUSED = gettext_noop("The receiver answered %(status)s.")
REDIRECTED = gettext_noop(
    "The receiver answered %(status)s, which leads to another address. That is not followed: enter"
    " the other address."
)
GONE_MORE = gettext_noop("The receiver answered 410: it wants no more messages.")
FAILED_LONG = gettext_noop("Nothing could be delivered for days. The last reason: %(why)s")
INACTIVE = gettext_noop("The webhook is switched off.")
ARCHIVED = gettext_noop("The corpus is archived.")
NOT_ANSWERED_FOR = gettext_noop(
    "%(name)s, who answers for the webhook, does not lead the corpus any more. Another lead who"
    " saves it answers for it then."
)
WITHHELD = gettext_noop(
    "Held back while %(name)s, who answers for the webhook, annotates these dialogues blind."
)
NOTHING_TO_TELL = gettext_noop("The agreement of no task is below the bound.")
UNKNOWN = gettext_noop("This version knows no event “%(kind)s”.")

Status = WebhookDelivery.Status


def deliver_due(webhook):
    """Send what is due, the oldest first, until nothing is or a message was not taken."""
    if not webhook.claim():
        return
    for _number in range(MOST_AT_ONCE):
        delivery = webhook.deliveries.due().first()
        if delivery is None:
            return webhook.let_go()
        if not webhook.renew():
            return
        delivery.webhook = webhook
        if not _is_held_up(delivery) and not _attempt(delivery):
            return
    webhook.let_go()
    webhook.wake()


def _is_held_up(delivery):
    """Whether it cannot be sent now; it then waits, or ends with the reason."""
    webhook, kind = delivery.webhook, kinds.get(delivery.kind)
    if kind is None:
        delivery.end(Status.NOT_SENT, UserError(UNKNOWN, kind=delivery.kind))
    elif not webhook.active and kind.name != PING:
        delivery.end(Status.NOT_SENT, UserError(INACTIVE))
    elif webhook.corpus.is_archived:
        delivery.end(Status.NOT_SENT, UserError(ARCHIVED))
    elif not webhook.is_answered_for:
        delivery.end(Status.NOT_SENT, UserError(NOT_ANSWERED_FOR, name=str(webhook.person)))
    elif kind.withheld and kind.withheld(webhook.person).filter(pk=delivery.thing_id).exists():
        now, why = timezone.now(), UserError(WITHHELD, name=str(webhook.person))
        delivery.change(due_at=now + WITHHELD_FOR, asked_at=now, failure=why.to_json())
    elif kind.assess:
        return not _is_worth_telling(delivery, kind)
    else:
        return False
    return True


def _is_worth_telling(delivery, kind):
    """Put into the delivery what it says, and keep its webhook meanwhile; whether there is
    something to say.
    """
    data = kind.assess(delivery, delivery.webhook.renew)
    if data is None:
        delivery.end(Status.NOT_SENT, UserError(NOTHING_TO_TELL))
        return False
    delivery.change(data=data)
    return delivery.is_waiting and delivery.webhook.renew()


def _attempt(delivery):
    """Send it once and keep what came of it; whether the receiver took it."""
    webhook = delivery.webhook
    delivery.change(attempts=delivery.attempts + 1)
    if not delivery.is_waiting:
        return True
    answer, error, began = None, None, time.monotonic()
    try:
        answer = _post(delivery)
        error = _refusal(answer)
    except UserError as failed:
        error = failed
    result = {
        "seconds": round(time.monotonic() - began, 3),
        "response_status": answer.status if answer else None,
        "response_body": answer.body if answer else "",
    }
    if error is None:
        delivery.end(Status.DELIVERED, **result)
        if webhook.failing_since:
            Webhook.objects.filter(pk=webhook.pk).update(failing_since=None)
        return True
    _keep_failure(delivery, error, answer, result)
    return False


def _post(delivery):
    body = delivery.body
    signed = headers(delivery.webhook.secrets, delivery.message_id, int(time.time()), body)
    return post(
        delivery.webhook.address,
        body,
        {"Content-Type": "application/json", "User-Agent": f"Shengqing/{settings.VERSION}"}
        | signed,
        seconds=settings.WEBHOOK_TIMEOUT,
        http=settings.WEBHOOK_HTTP,
        networks=settings.WEBHOOK_NETWORKS,
    )


def _refusal(answer):
    """What is wrong with an answer, None if nothing is."""
    if 200 <= answer.status < 300:
        return None
    if answer.status == GONE:
        return UserError(GONE_MORE)
    template = REDIRECTED if 300 <= answer.status < 400 else REFUSED
    return UserError(template, status=answer.status)


def _keep_failure(delivery, error, answer, result):
    """Try it again later, or give it up; the webhook rests, or is switched off."""
    webhook, now = delivery.webhook, timezone.now()
    if delivery.kind == PING:  # somebody looks at it: nothing follows of it
        delivery.end(Status.FAILED, error, **result)
        return webhook.let_go()
    wait = backed_off(delivery.asked_at, AGAIN_AT_LEAST) * random.uniform(0.8, 1.2)  # noqa: S311
    if answer and answer.retry_after:
        wait = max(wait, datetime.timedelta(seconds=answer.retry_after))
    until = delivery.asked_at + datetime.timedelta(hours=settings.WEBHOOK_RETRY_HOURS)
    if now + wait > until:
        delivery.end(Status.FAILED, error, **result)
    else:
        delivery.change(due_at=now + wait, failure=error.to_json(), **result)
    webhook.let_go(**webhook.rest_values())
    if answer and answer.status == GONE:
        webhook.switch_off(error)
    elif webhook.has_failed_too_long:
        webhook.switch_off(UserError(FAILED_LONG, why=error.to_json()))


def wake_due():
    """Ask for a worker for each webhook with a message that is due; how many."""
    count = 0
    for webhook in Webhook.objects.to_be_woken():
        same = Webhook.objects.filter(pk=webhook.pk, woken_until=webhook.woken_until)
        if same.update(woken_until=timezone.now() + WOKEN_FOR):
            webhook.wake()
            count += 1
    return count


def delete_old():
    """Delete deliveries that need not stay in the log any longer; how many."""
    old = list(WebhookDelivery.objects.old().order_by().values_list("pk", flat=True)[:MOST_DELETED])
    return WebhookDelivery.objects.filter(pk__in=old).delete()[0] if old else 0
