"""Telling the webhooks of a corpus that something has happened."""

from core.statements import Prepared
from corpus.models import Webhook
from corpus.webhooks.kinds import kinds

LISTENING = Prepared(
    lambda corpus: (
        Webhook.objects.filter(corpus=corpus, active=True).order_by("pk").values_list("pk", "kinds")
    )
)


def announce(kind, thing, corpus_id=None, key=None, since=None):
    """Make a delivery to each active webhook of the corpus that has chosen this kind of events;
    how many. To be called in the transaction of what has happened, which the messages are part of.

    `thing` is a row with `corpus_id`, unless that is given. With a `key`, which names what has
    happened, a webhook is told once, however often it is announced. With `since`, when it happened,
    webhooks that were made later are not told.
    """
    corpus_id = thing.corpus_id if corpus_id is None else corpus_id
    listening = [pk for pk, chosen in LISTENING.rows(corpus_id) if kind in chosen.split()]
    if not listening:
        return 0
    rows = Webhook.objects.filter(pk__in=listening)
    if since is not None:
        rows = rows.filter(created_at__lt=since)
    if key is not None:
        rows = rows.exclude(deliveries__key=key)
    webhooks = list(rows)
    data = kinds[kind].describe(thing) if webhooks else {}
    made = [webhook for webhook in webhooks if webhook.tell(kind, thing, data, key)]
    for webhook in made:
        webhook.wake()
    return len(made)
