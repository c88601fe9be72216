"""Keys of one's own: bound, refused, reset, switched off; the pages show what holds."""

import json

import pytest

from core.errors import UserError
from people.models import Event
from people.shortcuts import bind, key_for, listed, switch
from tests.factories import make_dialogue, make_member, make_person, make_round


@pytest.fixture
def person(db):
    return make_person()


def test_every_shortcut_of_the_scripts_is_listed(person, settings):
    """What annotation-form.js, dialogue-player.js and dialogue-editor.js register, but digits."""
    elements = settings.ROOT / "static/js/elements"
    files = {
        "workbench": "annotation-form.js",
        "player": "dialogue-player.js",
        "editor": "dialogue-editor.js",
    }
    for group in listed(person):
        scope = group.shortcuts[0].scope
        code = (elements / files[scope]).read_text("utf-8")
        assert f'scope: "{scope}"' in code
        for shortcut in group.shortcuts:
            key = shortcut.default
            assert f'"{key}": ' in code or f" {key}: " in code, (scope, key)
    assert {group.shortcuts[0].scope for group in listed(person)} == set(files)


def test_a_key_is_bound_and_bound_back(person):
    bind(person, "workbench", "u", "Z")
    person.refresh_from_db()
    assert person.shortcuts == {"keys": {"workbench": {"u": "z"}}}
    assert key_for(person, "workbench", "u") == "Z" and key_for(person, "workbench", "c") == "C"
    assert Event.objects.get(verb="change profile").detail == {"changed": ["shortcuts"]}
    bind(person, "workbench", "c", "u")  # which is free now
    bind(person, "workbench", "c", "C")
    bind(person, "workbench", "u", "u")
    assert person.shortcuts == {}
    bind(person, "editor", "Shift+BracketLeft", "ArrowLeft")
    assert key_for(person, "editor", "Shift+BracketLeft") == "←"


def test_a_new_shortcut_leaves_a_key_to_who_had_bound_it(person):
    person.shortcuts = {"keys": {"workbench": {"u": "x"}}}
    assert json.loads(person.own_keys) == {
        "workbench": {"u": "x"},
        "player": {"x": ""},
    }
    assert key_for(person, "player", "x") == "" and key_for(person, "player", "t") == "T"
    bind(person, "player", "x", "z")
    assert json.loads(person.own_keys)["player"] == {"x": "z"}


@pytest.mark.parametrize(
    ("scope", "default", "key", "sentence"),
    [
        ("workbench", "u", "c", "“C” is already the key for “comment”"),
        ("workbench", "u", "r", "“R” is already the key for “replay the utterance”"),
        ("player", "r", "u", "“U” is already the key for “undo the last answer”"),
        ("editor", "s", "{", "already the key for “end 10 ms earlier”"),
        ("workbench", "u", "7", "Digits choose answers"),
        ("workbench", "u", "Escape", "“Escape” cannot be a shortcut"),
        ("workbench", "u", "F5", "cannot be a shortcut"),
        ("workbench", "u", "", "cannot be a shortcut"),
        ("workbench", "z", "x", "no such shortcut"),
        ("nowhere", "u", "x", "no such shortcut"),
    ],
)
def test_what_cannot_be_a_key_is_refused_with_a_sentence(person, scope, default, key, sentence):
    with pytest.raises(UserError, match=sentence.replace("{", "\\{")):
        bind(person, scope, default, key)
    assert person.shortcuts == {}


def test_single_keys_are_switched_off(person):
    switch(person, on=False)
    assert key_for(person, "workbench", "u") == "" == key_for(person, "editor", "BracketLeft")
    assert key_for(person, "workbench", "Enter") == "Enter"
    switch(person, on=True)
    assert key_for(person, "workbench", "u") == "U" and person.shortcuts == {}


def test_the_pages_show_what_holds(client_of, corpus):
    make_dialogue(corpus)
    person = make_member(corpus)
    work = make_round(corpus, [person]).assignments.first()
    client = client_of(person)
    page = client.get(f"/assignments/{work.pk}/").content.decode()
    assert "<kbd>U</kbd>" in page and "data-shortcuts" not in page
    answer = client.post(
        "/account/shortcuts/", {"scope": "workbench", "default": "u", "key": "z"}, follow=True
    )
    assert "Shortcut saved: Z" in answer.content.decode()
    page = client.get(f"/assignments/{work.pk}/").content.decode()
    assert "<kbd>Z</kbd>" in page and "<kbd>U</kbd>" not in page
    bound = json.dumps({"workbench": {"u": "z"}}).replace('"', "&quot;")
    assert f'data-shortcuts="{bound}"' in page
    refused = client.post(
        "/account/shortcuts/", {"scope": "workbench", "default": "c", "key": "z"}, follow=True
    )
    assert "is already the key for" in refused.content.decode()
    client.post("/account/shortcuts/", {"single_keys": "off"})
    page = client.get(f"/assignments/{work.pk}/").content.decode()
    assert "<kbd>Z</kbd>" not in page and 'data-single-keys="off"' in page
    client.post("/account/shortcuts/", {"reset": "all"})
    person.refresh_from_db()
    assert person.shortcuts == {"off": True}
