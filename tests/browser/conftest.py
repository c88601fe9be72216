"""Headless Chromium on pages that are really served; skips with the reason where there is none."""

import os
import shutil
import threading

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.waiting import LIMIT, wait_until

expect.set_options(timeout=LIMIT * 1000)
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--autoplay-policy=no-user-gesture-required",
]


def wait_for_elements(page):
    """Wait until the custom elements of the page are defined: before, their keys do nothing."""
    expect(page.locator(":not(:defined)")).to_have_count(0)


@pytest.fixture(scope="session")
def chromium():
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("no Chromium on this machine (bash tools/debian.sh browser)")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=FLAGS, timeout=LIMIT * 1000)
        yield browser
        browser.close()


@pytest.fixture
def sign_in(chromium, live_server):
    """Sign in through the page; every error in the browser's console fails the test."""
    contexts, errors = [], []

    def enter(username, password="secret-for-tests", locale="en-US", **options):
        context = chromium.new_context(locale=locale, base_url=live_server.url, **options)
        context.set_default_timeout(LIMIT * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto("/sign-in/")
        page.fill("[name=username]", username)
        page.fill("[name=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{live_server.url}/")
        page.shengqing_errors = errors
        return page

    yield enter
    for context in contexts:
        context.close()
    wait_until(lambda: not requests_in_flight(), "the live server to answer the last requests")
    assert errors == []


def requests_in_flight():
    """Threads of the live server that serve a connection: they could write into the next test."""
    return [each for each in threading.enumerate() if "process_request_thread" in each.name]
