"""Pages that a browser fetches ahead: which, and that a change makes it drop them."""

import pytest

from tests.factories import make_person

pytestmark = pytest.mark.django_db


def test_a_change_drops_what_was_fetched_ahead(client_of):
    client = client_of(make_person())
    page = client.get("/")
    assert "Clear-Site-Data" not in page.headers
    assert '<script type="speculationrules" nonce="' in page.content.decode()
    changed = client.post("/theme/", {"theme": "dark"})
    assert changed.headers["Clear-Site-Data"] == '"prefetchCache"'


def test_nothing_is_fetched_ahead_before_signing_in(client):
    assert "speculationrules" not in client.get("/sign-in/").content.decode()
