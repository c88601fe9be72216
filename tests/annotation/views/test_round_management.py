"""What a lead does: options of a round, people and dialogues midway, schemes and guidelines."""

import pytest
from django.urls import reverse

from annotation.models import Guideline, Round, RoundItem, SchemeVersion
from annotation.queue.dispatch import claim_next
from annotation.scheme import CANNOT_TELL, DEFAULT, Scheme, SchemeError, Task, Value
from annotation.scheme_form import fields_of
from tests.factories import judge, make_dialogue, make_member, open_round


@pytest.fixture
def opened(corpus):
    make_dialogue(corpus), make_dialogue(corpus)
    people = [make_member(corpus), make_member(corpus)]
    return open_round(corpus, people, overlap=1)


@pytest.fixture
def leader(client_of, lead):
    return client_of(lead)


def page(client, name, *args, query=""):
    return client.get(reverse(name, args=args) + query).content.decode()


def test_a_round_with_every_option(corpus, leader):
    source = make_dialogue(corpus).source
    for _ in range(3):
        make_dialogue(corpus, source=source)
    members = [corpus.memberships.get(person=make_member(corpus)).pk for _ in range(2)]
    guideline = Guideline.draw_up(None, corpus, "# A")
    version = SchemeVersion.of(corpus)
    form = {
        "name": "pilot", "sources": [source.pk], "most": 2, "annotators": members, "overlap": 2,
        "quota": 1, "view": "audio", "order": "shuffled", "lease_minutes": 5, "confidence": "on",
        "cannot_tell": "on", "suggestions": "after", "break_minutes": 30, "kind": "judging",
        "scheme_version": version.pk, "guideline": guideline.pk, "attention_every": 10,
        "below": "warn", "mark_emotion": 80, "gold_percent": 0,
    }  # fmt: skip
    assert leader.post(reverse("new_round", args=[corpus.pk]), form).status_code == 302
    made = Round.objects.get()
    assert made.round_items.count() == 2 and {p.quota for p in made.participants.all()} == {1}
    assert (made.view, made.order, made.lease_minutes) == ("audio", "shuffled", 5)
    assert made.confidence and made.cannot_tell and made.suggestions == "after"
    assert made.marks == {"emotion": 80} and made.guideline == guideline
    refused = leader.post(
        reverse("new_round", args=[corpus.pk]), form | {"name": "b", "gold_percent": 10}
    )
    assert "No dialogue has expert labels" in refused.content.decode()


def test_the_page_of_a_round_shows_who_is_on_what(opened, leader):
    first, second = opened.participants.all()
    judge(claim_next(first))
    claim_next(second)
    shown = page(leader, "round", opened.pk)
    assert "1 of 2 dialogues complete" in shown and "in progress" in shown
    for state, count in (("waiting", 0), ("begun", 1), ("complete", 1), ("stuck", 0)):
        listed = page(leader, "round_dialogues", opened.pk, query=f"?state={state}")
        assert listed.count('<tr id="p') == count, state


def test_pausing_closing_and_reopening_from_the_page(opened, leader, client_of):
    for name, word in (("pause", "paused"), ("resume", "open"), ("closure", "closed"),
                       ("reopening", "open")):  # fmt: skip
        assert leader.post(reverse(name, args=[opened.pk])).status_code == 302
        assert word in page(leader, "round", opened.pk)
    annotator = client_of(opened.participants.first().person)
    for name in ("pause", "resume", "closure", "reopening", "extension", "participants"):
        assert annotator.post(reverse(name, args=[opened.pk])).status_code == 404


def test_closing_is_undone_where_nobody_would_be_unblinded_by_it(opened, lead, leader):
    closure, undo = (reverse(name, args=[opened.pk]) for name in ("closure", "reopening"))
    closed = leader.post(closure, follow=True).content.decode()
    assert "The round is closed." in closed and 'kind="plain undo"' not in closed
    assert closed.count(f'action="{undo}"') == 2  # of the message, and of the page
    leader.post(undo)
    opened.participants.create(person=lead)
    assert leader.post(closure, follow=True).content.decode().count(f'action="{undo}"') == 1


def test_people_from_the_page(opened, leader, corpus):
    newcomer = make_member(corpus)
    member = corpus.memberships.get(person=newcomer).pk
    leader.post(reverse("participants", args=[opened.pk]), {"person": member, "quota": 3})
    seat = opened.participants.get(person=newcomer)
    assert seat.quota == 3
    held = claim_next(seat)
    one = reverse("participant", args=[seat.pk])
    for verb, state in (("release", "freed"), ("block", "freed"), ("unblock", "freed")):
        leader.post(one, {"verb": verb})
        held.refresh_from_db()
        assert held.state == state
    leader.post(one, {"verb": "dismiss"})
    assert opened.participants.get(person=newcomer).left_at
    assert leader.post(one, {"verb": "burn"}).status_code == 404
    wrong = leader.post(reverse("participants", args=[opened.pk]), {"person": 0}, follow=True)
    assert "Choose a member" in wrong.content.decode()


def test_dialogues_from_the_page(opened, leader):
    place = opened.round_items.first()
    one = reverse("round_dialogue", args=[opened.pk, place.pk])
    seat = opened.participants.last()
    leader.post(one, {"verb": "assign", "seat": seat.pk})
    assert claim_next(seat).dialogue == place.dialogue
    again = leader.post(one, {"verb": "assign", "seat": seat.pk}, follow=True)
    assert "already" in again.content.decode()
    silent = leader.post(one, {"verb": "withdraw"}, follow=True).content.decode()
    assert "Enter the reason" in silent and not RoundItem.objects.get(pk=place.pk).withdrawn
    leader.post(one, {"verb": "withdraw", "reason": "wrong film"})
    assert "wrong film" in page(leader, "round_dialogues", opened.pk, query="?state=withdrawn")
    leader.post(one, {"verb": "reinstate"})
    assert not RoundItem.objects.get(pk=place.pk).withdrawn


def test_extending_from_the_page(opened, leader, corpus):
    more = make_dialogue(corpus)
    address = reverse("extension", args=[opened.pk])
    too_many = leader.post(address, {"overlap": 9}).content.decode()
    assert "at most 2, the annotators" in too_many
    leader.post(address, {"sources": [more.source_id], "overlap": 2})
    opened.refresh_from_db()
    assert opened.overlap == 2 and opened.round_items.count() == 3


def scheme_form(**changes):
    """What the form of the default scheme sends, with some fields changed."""
    data = dict(fields_of(DEFAULT).lists())
    return data | {name.replace("__", "-"): value for name, value in changes.items()}


def test_a_scheme_is_drawn_up_previewed_and_never_changes_the_old(opened, leader, corpus):
    before = opened.scheme
    preview = reverse("scheme_preview", args=[corpus.pk])
    changed = {"task": ["2", "3", "4", "5", "6", "1"], "t1__value": ["1", "3"], "t1__v1__zh": "坏"}
    changed["r1__c1__values"] = ["3"]
    shown = leader.post(preview, scheme_form(**changed), HTTP_ACCEPT_LANGUAGE="zh")
    assert "坏" in shown.content.decode()
    leader.post(reverse("new_scheme", args=[corpus.pk]), scheme_form(**changed, note="two values"))
    newest = corpus.schemes.first()
    assert newest.number == 2 and newest.note == "two values"
    assert newest.scheme.keys[-1] == "sentiment"
    assert newest.scheme["sentiment"].keys == ("negative", "positive")
    assert Round.objects.get(pk=opened.pk).scheme == before
    assert "two values" in page(leader, "schemes", corpus.pk)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"t1__value": ["1"]}, "two to nine values"),
        ({"t1__v1__key": CANNOT_TELL}, "cannot tell"),
        ({"t2__key": "sentiment"}, "Another task has this key"),
        ({"t5__source": "nothing"}, "Choose a task"),
        ({"r1__c1__values": ["99"]}, "99"),
        ({"task": ["x/y"]}, "at least one task"),
    ],
)
def test_a_scheme_that_makes_no_sense_is_refused_with_the_reason(corpus, leader, changes, said):
    address = reverse("scheme_preview", args=[corpus.pk])
    assert said in leader.post(address, scheme_form(**changes)).content.decode()
    leader.post(reverse("new_scheme", args=[corpus.pk]), scheme_form(**changes))
    assert not corpus.schemes.exists()


def test_adding_a_task_keeps_what_was_typed(corpus, leader):
    added = leader.post(
        reverse("new_scheme", args=[corpus.pk]), scheme_form(do="add task correlation", note="mine")
    ).content.decode()
    assert 'id="task-7"' in added and 'value="mine"' in added and not corpus.schemes.exists()


def test_rules_warn_where_all_conditions_hold():
    broken = DEFAULT.broken({"sentiment": "positive", "emotion": "anger", "sarcasm": "no"})
    assert [rule.key for rule in broken] == ["angry_but_positive"]
    assert DEFAULT.broken({"sentiment": "positive", "emotion": "anger"}) == []
    with pytest.raises(SchemeError):
        yes = Value("yes", {"en": "yes"})
        Scheme.from_json(Scheme((Task("t", {"en": "t"}, "nominal", (yes,)),)).to_json())


def test_guidelines_have_versions(corpus, leader):
    address = reverse("new_guideline", args=[corpus.pk])
    first = leader.post(address, {"text": "# One", "note": "first"}).url
    assert leader.post(address, {"text": "# One", "note": "same"}).url == first
    assert leader.post(address, {"text": "# Two", "note": ""}).url != first
    assert "<h1>One</h1>" in leader.get(first).content.decode()
    assert corpus.guidelines.count() == 2
