"""Signing in through the pages: a lock-out and its end, a provider, a passkey."""

import pytest
import requests
from oidc_provider_mock import run_server_in_thread
from playwright.sync_api import expect

from people.models import Person
from tests.factories import make_person
from tests.waiting import LIMIT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NEW = "quite another one 7"


@pytest.fixture
def visitor(chromium, live_server):
    """A page of somebody who has not signed in, where passkeys work: by name, not by number."""
    context = chromium.new_context(
        locale="en-US", base_url=live_server.url.replace("127.0.0.1", "localhost")
    )
    context.set_default_timeout(LIMIT * 1000)
    yield context.new_page()
    context.close()


def test_a_lock_out_ends_with_a_reset_link(sign_in, visitor, settings):
    settings.SIGN_IN_FAILURES = 2
    make_person("wang", name="王小明")
    make_person("boss", is_superuser=True)
    for _ in range(2):
        visitor.goto("/sign-in/")
        visitor.fill("[name=username]", "wang")
        visitor.fill("[name=password]", "wrong")
        visitor.keyboard.press("Enter")
        expect(visitor.get_by_role("alert").first).to_be_visible()
    expect(visitor.get_by_role("alert").first).to_contain_text("Too many failed attempts")
    boss = sign_in("boss")
    boss.goto("/installation/people/?q=小明")
    expect(boss.get_by_role("row", name="wang")).to_contain_text("locked")
    boss.get_by_role("link", name="wang").click()
    boss.get_by_role("button", name="Make password reset link").click()
    link = boss.locator("copy-text code").inner_text()
    visitor.goto(link)
    visitor.fill("[name=password1]", NEW)
    visitor.fill("[name=password2]", NEW)
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("status")).to_contain_text("password was changed")
    visitor.fill("[name=username]", "wang")
    visitor.fill("[name=password]", NEW)
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("button", name="Account:")).to_be_visible()


def test_a_provider_lets_somebody_in(visitor, settings):
    with run_server_in_thread() as server:
        provider = f"http://localhost:{server.server_port}"
        app = {
            "provider_id": "oidc", "name": "University", "client_id": "us", "secret": "s",
            "settings": {"server_url": provider},
        }  # fmt: skip
        settings.OIDC_NAME = "University"
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}
        }
        claims = {"email": "wang@example.org", "email_verified": True, "name": "王小明"}
        requests.put(f"{provider}/users/wang", json=claims, timeout=10).raise_for_status()
        visitor.goto("/sign-in/")
        visitor.get_by_role("button", name="Sign in with University").click()
        visitor.fill("[name=sub]", "wang")
        visitor.keyboard.press("Enter")
        expect(visitor.get_by_role("button", name="Account:")).to_be_visible()
    assert Person.objects.get().name == "王小明"


def test_a_passkey_is_added_and_signs_in(visitor):
    make_person("wang")
    devices = visitor.context.new_cdp_session(visitor)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    visitor.goto("/sign-in/?next=/account/passkeys/new/")
    visitor.fill("[name=username]", "wang")
    visitor.fill("[name=password]", "secret-for-tests")
    visitor.keyboard.press("Enter")
    visitor.get_by_label("Password").fill("secret-for-tests")  # again, before a way in is added
    visitor.keyboard.press("Enter")
    visitor.get_by_label("Name of this passkey").fill("my phone")
    visitor.get_by_role("button", name="Add passkey").click()
    expect(visitor.get_by_role("heading", name="Recovery codes")).to_be_visible()
    visitor.get_by_role("link", name="I have kept them").click()
    expect(visitor.get_by_role("row", name="my phone")).to_be_visible()
    visitor.get_by_role("button", name="Account:").click()
    visitor.get_by_role("button", name="Sign out").click()
    visitor.get_by_role("button", name="Sign in with a passkey").click()
    expect(visitor.get_by_role("button", name="Account:")).to_be_visible()
