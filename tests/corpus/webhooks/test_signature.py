"""Signatures as the libraries of Standard Webhooks check them."""

import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from corpus.webhooks.signature import headers, new_message_id, secret_of, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_published_example():
    signed = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_another_implementation_accepts_it_and_nothing_else():
    body = '{"type":"ping","data":{"name":"第一轮"}}'.encode()
    sent = headers([SECRET], new_message_id(), int(time.time()), body)
    assert Webhook(SECRET).verify(body, sent)["data"] == {"name": "第一轮"}
    for changed in (body.replace(b"ping", b"pong"), body + b" "):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(changed, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(bytes(32))).verify(body, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, sent | {"webhook-id": new_message_id()})
    old = headers([SECRET], new_message_id(), int(time.time()) - 3600, body)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, old)


def test_two_secrets_make_two_signatures_either_of_which_is_good():
    both = [SECRET, secret_of(b"k" * 32)]
    sent = headers(both, new_message_id(), int(time.time()), b"{}")
    assert sent["webhook-signature"].count("v1,") == 2
    for secret in both:
        assert Webhook(secret).verify(b"{}", sent) == {}


def test_a_secret_is_the_base64_of_its_key():
    assert secret_of(b"k" * 32) == "whsec_" + base64.b64encode(b"k" * 32).decode()
    assert "." not in new_message_id() and new_message_id() != new_message_id()
