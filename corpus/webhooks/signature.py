"""Signatures of webhooks by the scheme of Standard Webhooks 1.0 (symmetric, `v1`)."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def new_message_id() -> str:
    """The id of a message; without a dot, which separates what is signed."""
    return f"msg_{secrets.token_hex(16)}"


def secret_of(key: bytes) -> str:
    """A key (24 to 64 bytes) as receivers are given it."""
    return PREFIX + base64.b64encode(key).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`.

    `timestamp` is that of the attempt, in seconds since 1970.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secrets_: list[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of an attempt, signed by each of the secrets: after an exchange there are two."""
    signed = (signature(secret, message_id, timestamp, body) for secret in secrets_)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signed),
    }
