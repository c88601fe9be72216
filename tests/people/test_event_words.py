"""Every verb that is recorded has a sentence, in both languages."""

import ast
from pathlib import Path

import pytest
from django.utils import translation

from people import event_words
from people.audit_log import Event
from tests.factories import make_dialogue, make_person, make_source

ROOT = Path(__file__).resolve().parents[2]
APPS = [
    "jobs",
    "people",
    "corpus",
    "annotation",
    "releases",
    "modeling",
    "backups",
    "demo",
    "config",
]
PROMISED = """sign in, sign in failure, sign out, lock, unlock, change password, make reset link,
set up second factor, remove second factor, add passkey, remove passkey, end session, grant
administrator, remove administrator, deactivate, reactivate, create token, revoke token, change
profile, delete account, invite, revoke invitation, renew invitation, accept invitation, request to
join, approve, decline, archive, unarchive, transfer, delete corpus, delete source, replace source,
download original, set quota, change settings, load demo, remove demo, set up installation, import
table, undo import"""


def verbs_recorded(root=ROOT):
    """The verbs in calls of `record`, `record_once` and `note` and of functions that pass theirs on
    to these, and the `verb` of jobs.
    """
    files = [path for app in APPS for path in (root / app).rglob("*.py")]
    trees = [ast.parse(path.read_text("utf-8")) for path in files if "migrations" not in path.parts]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    passing = {node.name for node in nodes if isinstance(node, ast.FunctionDef) and _passes(node)}
    found = set()
    for call in calls:
        if _records(call):
            found |= _texts(_verb(call))
        elif getattr(call.func, "attr", getattr(call.func, "id", "")) in passing:
            found |= {text for argument in call.args for text in _texts(argument)}
    for node in nodes:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "verb":
            found |= _texts(node.value)
    return found - {""}


def _passes(function):
    """Whether a function records a verb that it was given."""
    names = [argument.arg for argument in function.args.args]
    inner = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    verbs = [_verb(call) for call in inner if _records(call)]
    return any(isinstance(verb, ast.Name) and verb.id in names for verb in verbs)


def _records(call):
    return isinstance(call.func, ast.Attribute) and (
        call.func.attr in ("record", "record_once", "note") and _verb(call) is not None
    )


def _verb(call):
    """What stands where the verb does: first for a person, second for Event."""
    whose = ast.unparse(call.func.value)
    place = 1 if whose in ("Event", "audit_log.Event") else 0
    if whose not in ("Event", "audit_log.Event") and "person" not in whose and "user" not in whose:
        return None
    return call.args[place] if len(call.args) > place else None


def _texts(node):
    if isinstance(node, ast.IfExp):
        return _texts(node.body) | _texts(node.orelse)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return {node.value} if is_text else set()


def without_sentence(verbs):
    """Verbs that no sentence is for, and sentences without their Chinese."""
    said = {key if isinstance(key, str) else key[0] for key in event_words.sentences}
    missing = sorted(set(verbs) - said)
    for key, sentence in event_words.sentences.items():
        with translation.override("en"):
            english = str(sentence.words)
        with translation.override("zh-hans"):
            chinese = str(sentence.words)
        if english == chinese:
            missing.append(f"{key}: no Chinese")
    return missing


def test_every_verb_has_a_sentence_in_both_languages():
    verbs = verbs_recorded()
    assert {"submit", "supersede", "undo", "restore", "appoint", "train", "dismiss"} <= verbs
    assert without_sentence(verbs) == []
    assert without_sentence({" ".join(verb.split()) for verb in PROMISED.split(",")}) == []


def test_a_verb_without_a_sentence_is_found(tmp_path):
    for app in APPS:
        (tmp_path / app).mkdir()
    (tmp_path / "corpus/a.py").write_text(
        "def do(person, verb):\n    Event.record(person, verb, 1)\n\n"
        'do(1, "burn")\nrequest.user.record("boil", 2)\nEvent.note(1, "x" if y else "z", 2)\n'
    )
    assert verbs_recorded(tmp_path) == {"burn", "boil", "x", "z"}
    assert without_sentence({"burn"}) == ["burn"]


def test_details_and_labels_have_their_chinese():
    words = [*event_words.DETAILS.values(), *(noun.label for noun in event_words.nouns.values())]
    with translation.override("zh-hans"):
        chinese = {str(word) for word in words}
    assert [word for word in chinese if word.isascii()] == []


@pytest.mark.django_db
def test_things_are_named_linked_and_kept_by_name(corpus, lead):
    source, dialogue = make_source(corpus, title="<b>第一集</b>"), make_dialogue(corpus)
    events = [
        Event.record(lead, "confirm", source, title=source.title),
        Event.record(None, "edit", dialogue, revision=2),
        Event.record(lead, "change password", lead),
        Event.record(lead, "deactivate", make_person("wang", name="王")),
        Event.record(lead, "brew", corpus, name=corpus.name),
    ]
    things = event_words.things_of(events)
    html = [event_words.as_html(event, things[event.pk], event.detail) for event in events]
    assert html[0] == (
        "<strong>lead</strong> confirmed the import of source"
        f' <a href="/sources/{source.pk}/">&lt;b&gt;第一集&lt;/b&gt;</a>'
    )
    assert html[1].startswith("<strong>The system</strong> edited dialogue <a href=")
    assert html[2] == "<strong>lead</strong> changed the password of their own account"
    assert html[3] == "<strong>lead</strong> deactivated account 王"
    assert "brew" in html[4]  # a verb that nobody knows is shown as it is
    source.delete()
    gone = event_words.things_of(events)[events[0].pk]
    assert event_words.as_text(events[0], gone, events[0].detail) == (
        "lead confirmed the import of source <b>第一集</b> (deleted)"
    )
    nameless = event_words.things_of(events, {events[1].pk})[events[1].pk]
    assert str(nameless) == f"dialogue #{dialogue.pk}" and nameless.url is None
    with translation.override("zh-hans"):
        things = event_words.things_of(events)
        assert event_words.as_text(events[1], things[events[1].pk], {}) == (
            f"系统 编辑了对话 {dialogue.uid}"
        )


def test_details_are_read_by_people():
    detail = {"was": "lead", "again": True, "dialogues": ["D1", "D2"], "odd_key": None}
    assert event_words.details_of(detail) == [
        ("role before", "lead"),
        ("again", "yes"),
        ("dialogues", "D1, D2"),
        ("odd key", "–"),
    ]
