"""The tokens of your account. New ones are made on its page alone."""

from collections.abc import Iterator
from typing import cast

from shengqing.rows import AccessToken
from shengqing.transport import Transport


class Tokens:
    """Your tokens, the one that this client sends among them."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def list(self) -> Iterator[AccessToken]:
        """All of them, the newest first."""
        return cast("Iterator[AccessToken]", self.transport.pages("account/tokens/"))

    def get(self, token: int) -> AccessToken:
        """One of them."""
        return cast(AccessToken, self.transport.get(f"account/tokens/{token}/"))

    def own(self) -> AccessToken:
        """The one that this client sends."""
        return cast(AccessToken, self.transport.get("account/token/"))

    def revoke(self, token: int) -> None:
        """End one at once; needs the scope `manage`."""
        self.transport.delete(f"account/tokens/{token}/")

    def revoke_own(self) -> None:
        """End the one that this client sends, which is refused from then on."""
        self.transport.delete("account/token/")
