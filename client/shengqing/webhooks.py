"""Webhooks: addresses that a corpus tells of its events, and the messages to them."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from shengqing.rows import Delivery, DeliveryStatus, NewWebhook, Webhook
from shengqing.transport import Transport


class Webhooks:
    """The webhooks of corpora that you lead."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(self, corpus: int) -> Iterator[Webhook]:
        """Those of a corpus."""
        return cast("Iterator[Webhook]", self.transport.pages(f"corpora/{corpus}/webhooks/"))

    def get(self, webhook: int) -> Webhook:
        """A webhook."""
        return cast(Webhook, self.transport.get(f"webhooks/{webhook}/"))

    def create(
        self, corpus: int, address: str, kinds: Sequence[str], **settings: Any
    ) -> NewWebhook:
        """Tell an address of these kinds of events, such as `round.completed`; `agreement_bound`.
        The answer alone has the secret, by which the receiver knows who has signed.
        """
        body = {"address": address, "kinds": [*kinds], **settings}
        return cast(NewWebhook, self.transport.post(f"corpora/{corpus}/webhooks/", body))

    def change(self, webhook: int, **settings: Any) -> Webhook:
        """Change its `address`, `kinds`, `agreement_bound`, or whether it is `active`; you answer
        for it from now on.
        """
        return cast(Webhook, self.transport.patch(f"webhooks/{webhook}/", settings))

    def exchange_secret(self, webhook: int) -> str:
        """A new secret; for a day messages are signed by both."""
        return str(self.transport.post(f"webhooks/{webhook}/secret/")["secret"])

    def delete(self, webhook: int) -> None:
        """Delete it with its messages."""
        self.transport.delete(f"webhooks/{webhook}/")

    def test(self, webhook: int) -> Delivery:
        """Send a message that says nothing; it is tried once, at once."""
        return cast(Delivery, self.transport.post(f"webhooks/{webhook}/tests/"))

    def deliveries(
        self, webhook: int, *, status: DeliveryStatus | None = None, kind: str | None = None
    ) -> Iterator[Delivery]:
        """The messages to it, the latest first, with what became of them."""
        path = f"webhooks/{webhook}/deliveries/"
        return cast("Iterator[Delivery]", self.transport.pages(path, status=status, kind=kind))

    def delivery(self, delivery: int) -> Delivery:
        """A message."""
        return cast(Delivery, self.transport.get(f"webhook-deliveries/{delivery}/"))

    def send_again(self, delivery: int) -> Delivery:
        """Send the same message again, under the same `webhook_id`."""
        return cast(Delivery, self.transport.post(f"webhook-deliveries/{delivery}/attempts/"))
