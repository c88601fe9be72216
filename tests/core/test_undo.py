"""Messages that say how they are undone."""

import pytest

from tests.factories import make_dialogue, make_member, make_round

pytestmark = pytest.mark.django_db


def test_a_message_has_the_button_that_undoes_it(client_of, corpus, lead):
    client = client_of(lead)
    make_dialogue(corpus)
    opened = make_round(corpus, [make_member(corpus)])
    page = client.post(f"/rounds/{opened.pk}/pause/", follow=True).content.decode()
    assert "The round is paused." in page
    assert f'action="/rounds/{opened.pk}/resumption/"' in page
    assert "Undo" in page[page.index("<toast-list") : page.index("</toast-list>")]
    client.post(f"/rounds/{opened.pk}/resumption/")
    assert not opened.is_paused
    assert "<toast-list" not in client.get(f"/rounds/{opened.pk}/").content.decode()


def test_other_messages_have_none(client_of, corpus, lead):
    client = client_of(lead)
    data = {"name": "A", "language": "", "theme": "dark", "time_zone": "UTC"}
    page = client.post("/account/", data, follow=True).content.decode()
    assert "undo" not in page[page.index("<toast-list") : page.index("</toast-list>")].lower()
