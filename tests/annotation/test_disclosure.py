"""Who can see what is said before a round is opened, and after, as it is."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotation import disclosure
from annotation.adjudication import adjudicate
from annotation.disclosure import Plan
from annotation.models import ExpertLabel, Round
from corpus.models import Membership
from corpus.visibility import visible
from tests.factories import (
    judge,
    make_dialogue,
    make_judged_round,
    make_member,
    make_round,
    open_round,
)  # fmt: skip

LATER, ELSEWHERE = str(disclosure.LATER), str(disclosure.ELSEWHERE)
SEEN = {  # view -> picture, sound, words of whoever annotates blind
    "full": ["yes", "yes", "yes"],
    "text": [LATER, LATER, "yes"],
    "audio": [LATER, "yes", LATER],
    "silent": ["yes", LATER, LATER],
}


@pytest.fixture
def members(corpus):
    return {role: make_member(corpus, role) for role in Membership.Role.values}


def row_of(plan, who):
    return next(row for row in disclosure.rows(plan) if row.who == str(who))


@pytest.mark.parametrize("view", SEEN)
def test_the_table_says_what_the_server_does(corpus, members, view):
    make_dialogue(corpus)
    more = {"view": view, "openly": [members["adjudicator"]], "suggestions": "after"}
    opened = open_round(corpus, list(members.values()), **more)
    plan, dialogue = Plan.of(opened), corpus.dialogues.get()
    for role in ("lead", "annotator"):
        row, now = row_of(plan, members[role]), visible(members[role], dialogue)
        assert row.modalities == SEEN[view] and row.part == "blind"
        assert [cell == "yes" for cell in row.modalities] == [now.picture, now.sound, now.words]
        assert row.suggestions == "after annotation"
    openly = row_of(plan, members["adjudicator"])
    assert openly.part == "openly" and visible(members["adjudicator"], dialogue).all
    assert openly.modalities == [cell.replace(LATER, ELSEWHERE) for cell in SEEN[view]]
    assert openly.names == "letters" and "releases" in openly.answers
    assert row_of(plan, members["lead"]).answers == LATER
    assert row_of(plan, members["annotator"]).answers == "no"
    others = row_of(plan, "others: 1 lead")
    assert others.part == "" and others.answers == "yes" and others.modalities == SEEN["full"]
    burnt = "Burned-in subtitles remain visible in video without audio."
    assert (burnt in disclosure.notes(plan)) == (view == "silent")
    assert not any(row.known for row in disclosure.rows(plan))


def test_what_people_know_from_before_is_said(corpus, lead):
    earlier = make_judged_round(corpus, dialogues=2)
    old = earlier.participants.first().person
    judge_ = make_member(corpus, Membership.Role.ADJUDICATOR)
    utterance = corpus.dialogues.first().utterances.first()
    adjudicate(judge_, earlier, utterance, "emotion", "joy")
    ExpertLabel.write(lead, utterance.dialogue, [(utterance, "emotion", "joy", "")])
    fresh = make_member(corpus)
    opened = open_round(corpus, [old, judge_, lead, fresh], overlap=1, view="text")
    plan = Plan.of(opened)
    assert row_of(plan, old).known == [
        f"annotated 2 of these dialogues in {earlier} (video, audio and text)"
    ]
    assert row_of(plan, fresh).known == []
    assert row_of(plan, judge_).known == [
        f"as adjudicator, could see the answers of others in {earlier}",
        "adjudicated some of these utterances",
    ]
    assert "wrote expert labels for some of these utterances" in row_of(plan, lead).known


def test_what_was_withheld_all_the_time_is_no_knowledge(corpus, lead):
    make_dialogue(corpus)
    first = make_round(corpus, [make_member(corpus), lead])
    judge(first.assignments.exclude(person=lead).get())
    second = open_round(corpus, [lead, make_member(corpus)], overlap=1)
    first.close(None)  # the second has withheld it since
    (said,) = row_of(Plan.of(second), lead).known
    assert said.startswith("annotated 1 of these dialogues")
    second.close(None)
    third = open_round(corpus, [lead, make_member(corpus)], overlap=1)
    assert any("could see" in said for said in row_of(Plan.of(third), lead).known)


def form(corpus, people, **more):
    return {
        "name": "next",
        "sources": [source.pk for source in corpus.sources.all()],
        "annotators": [corpus.memberships.get(person=person).pk for person in people],
        "overlap": 1,
        "scheme_version": corpus.schemes.first().pk,
        **more,
    }


def test_before_a_round_is_opened_its_lead_sees_it(corpus, lead, members, client_of):
    make_dialogue(corpus)
    client, address = client_of(lead), reverse("new_round", args=[corpus.pk])
    shown = client.get(address).content.decode()
    assert "Who will be able to see what" in shown and str(members["annotator"]) in shown
    data = form(corpus, members.values(), view="silent", check="1")
    data["openly"] = [corpus.memberships.get(person=members["lead"]).pk]
    checked = client.post(address, data).content.decode()  # without scripts
    assert "annotates unblinded" in checked and "Burned-in" in checked and 'name="name"' in checked
    part = client.post(address, data, headers={"HX-Request": "true"}).content.decode()
    assert "annotates unblinded" in part and "<html" not in part and 'id="who-will-see"' in part
    unfinished = client.post(address, data | {"name": "", "overlap": "x"})
    assert "annotates unblinded" in unfinished.content.decode()
    assert Round.objects.count() == 0
    del data["check"]
    client.post(address, data)
    opened = Round.objects.get()
    assert opened.participants.filter(unblinded=True).get().person == members["lead"]
    page = client.get(reverse("round", args=[opened.pk])).content.decode()
    assert "Who can see what" in page and "annotates unblinded" in page


def test_only_those_who_annotate_can_do_so_openly(corpus, lead, members, client_of):
    make_dialogue(corpus)
    client, address = client_of(lead), reverse("new_round", args=[corpus.pk])
    client.get(address)
    stray = corpus.memberships.get(person=members["lead"]).pk
    page = client.post(address, form(corpus, [members["annotator"]], openly=[stray]))
    assert "Only annotators of the round" in page.content.decode()
    plain = corpus.memberships.get(person=members["annotator"]).pk
    page = client.post(address, form(corpus, [members["annotator"]], openly=[plain]))
    assert page.status_code == 200 and Round.objects.count() == 0  # no lead, no adjudicator


def test_whoever_sees_letters_is_reported_no_names(corpus, members, client_of):
    make_dialogue(corpus)
    opened = open_round(corpus, [members["annotator"], members["lead"]], openly=[members["lead"]])
    page = client_of(members["adjudicator"]).get(reverse("round", args=[opened.pk]))
    result = page.content.decode()
    assert "1 annotator" in result and "1 lead" in result and "annotates unblinded" in result
    assert str(members["annotator"]) not in result and str(members["lead"]) not in result
    assert 'class="chip look"' not in result  # beside a letter it would say whose it is


def test_a_round_by_command_may_have_people_who_take_part_openly(corpus, members):
    make_dialogue(corpus)
    names = [person.username for person in members.values()]
    result = {"corpus": corpus.name, "annotators": names, "overlap": 1}
    call_command("open_round", "by command", openly=[members["lead"].username], **result)
    opened = Round.objects.get()
    assert opened.participants.filter(unblinded=True).get().person == members["lead"]
    with pytest.raises(CommandError, match="unblinded"):
        call_command("open_round", "again", openly=[members["annotator"].username], **result)
    with pytest.raises(CommandError, match="nobody"):
        call_command("open_round", "again", openly=["nobody"], **result)
