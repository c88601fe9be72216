"""Adjudication is blind if the corpus says so: letters everywhere, which tell of no account."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from annotation.adjudication import adjudicate
from annotation.agreement import item_counts
from annotation.annotator_names import letters_of, names_for
from annotation.answers import skip_assignment
from annotation.models import Comment, Skip
from annotation.queue.dispatch import assign
from corpus.models import Membership
from people.models import Event, Person
from tests.annotation.test_blinding import NOISE
from tests.factories import (
    judge,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    open_round,
)  # fmt: skip

NAMES = {"anna_q": "Anna Quill", "bert_q": "Bert Quarz", "cora_q": "Cora Quist"}


@pytest.fixture
def scene(db):
    """A round of three people, one of whom skips, comments, and holds a dialogue; and a judge."""
    corpus = make_corpus(make_person("boss_q", name="Boss Quant"))
    people = []
    for n, (username, name) in enumerate(NAMES.items()):
        person = make_person(username, name=name, pk=771_001 + n)
        corpus.memberships.create(person=person, role="annotator")
        people.append(person)
    for _ in range(3):
        make_dialogue(corpus)
    opened = open_round(corpus, people)
    places = list(opened.round_items.all())
    for value, seat in zip(("joy", "anger", "fear"), opened.participants.all(), strict=True):
        judge(assign(seat, None, places[0]), emotion=value)
    first = opened.participants.first()
    judge(assign(first, None, places[1]), emotion="joy")
    skip_assignment(assign(first, None, places[2]), Skip.Reason.OTHER, "unclear")
    assign(opened.participants.last(), None, places[2])
    work = opened.assignments.filter(person=people[0]).first()
    comment = Comment.make(work, work.dialogue.utterances.first(), "comment", "sure?")
    comment.reply(people[1], "not at all")  # somebody who led the corpus then
    comment.reply(opened.corpus.people("lead").get().person, "thank you")
    comment.resolve(people[2])
    item_counts.catch_up(opened)
    return opened


@pytest.fixture
def adjudicator(scene, client_of):
    return client_of(make_member(scene.corpus, Membership.Role.ADJUDICATOR, "judge_q"))


def addresses(opened):
    """Whatever an adjudicator can read of a round."""
    pk, corpus = opened.pk, opened.corpus_id
    for name in ("round", "agreement", "comparison", "items", "adjudication", "round_dialogues"):
        yield reverse(name, args=[pk])
    yield reverse("round_comments", args=[pk]) + "?state=all"
    for kind in ("csv", "json", "tex", "svg"):
        yield reverse("agreement_file", args=[pk, kind])
    for task in ("emotion", "sentiment"):
        yield f"{reverse('agreement_file', args=[pk, 'svg'])}?pairs={task}"
        yield f"{reverse('agreement', args=[pk])}?task={task}&a=A&b=B"
        yield f"{reverse('items', args=[pk])}?task={task}&a=B&b=C&apart=1"
        yield f"{reverse('items', args=[pk])}?task={task}&kind=differ"
    yield f"/api/rounds/{pk}/agreement/"
    yield reverse("rounds", args=[corpus])
    yield reverse("expert_labels", args=[corpus])
    yield reverse("schemes", args=[corpus])
    yield reverse("utterance_search", args=[corpus]) + "?label=emotion:joy"
    yield reverse("corpus", args=[corpus])
    for dialogue in opened.corpus.dialogues.all():
        yield reverse("dialogue", args=[dialogue.pk])


def read(client, opened):
    found = {}
    for address in addresses(opened):
        response = client.get(address)
        assert response.status_code == 200, address
        found[address] = NOISE.sub("", response.content.decode())
    return found


def test_an_adjudicator_meets_no_name_and_no_id(scene, adjudicator):
    for address, content in read(adjudicator, scene).items():
        for result in (*NAMES, *NAMES.values(), "771001", "771002", "771003"):
            assert result not in content, (address, result)
    inbox = adjudicator.get(reverse("round_comments", args=[scene.pk]) + "?state=all")
    assert "Boss Quant" in inbox.content.decode()  # a lead who does not annotate it
    assert adjudicator.get(reverse("quality", args=[scene.pk])).status_code == 404
    assert adjudicator.get(reverse("audit_log", args=[scene.corpus_id])).status_code == 404


def test_nothing_on_the_pages_depends_on_who_bears_which_name(scene, adjudicator):
    before = read(adjudicator, scene)
    for n, person in enumerate(Person.objects.filter(username__in=NAMES)):
        person.username, person.name = f"zz{9 - n}", f"Zz {9 - n}"
        person.save()
    after = read(adjudicator, scene)
    assert [address for address in before if before[address] != after[address]] == []


def test_names_where_the_corpus_says_so_and_letters_while_deciding(scene, adjudicator, client_of):
    boss = client_of(Person.objects.get(username="boss_q"))
    address = reverse("corpus_settings", args=[scene.corpus_id])
    sent = {"name": scene.corpus.name, "language": "zh", "media_policy": "leads"}
    assert adjudicator.post(address, sent).status_code == 404
    boss.post(address, sent)
    boss.post(address, sent)
    assert Event.objects.filter(verb="set", noun="corpus").count() == 1
    shown = "Anna Quill"
    for client in (adjudicator, boss):
        for name in ("round", "items", "agreement", "round_dialogues"):
            assert shown in client.get(reverse(name, args=[scene.pk])).content.decode(), name
        decide = client.get(reverse("adjudication", args=[scene.pk])).content.decode()
        assert not any(name in decide for name in NAMES.values())
    boss.post(address, sent | {"blind_adjudication": "on"})
    for name in ("round", "items", "agreement", "round_dialogues"):
        page = reverse(name, args=[scene.pk])
        assert shown not in adjudicator.get(page).content.decode(), name
        assert shown in boss.get(page).content.decode(), name


def test_addresses_know_letters_for_those_who_see_letters_alone(scene, adjudicator, client_of):
    items = reverse("items", args=[scene.pk]) + "?task=emotion"
    everything = adjudicator.get(items).content.decode()
    count = everything.count('class="item-row"')
    by_id = adjudicator.get(f"{items}&a=771001&b=771002&va=joy&vb=anger").content.decode()
    assert by_id.count('class="item-row"') == count  # ignored, as a letter is by a lead
    by_letter = adjudicator.get(f"{items}&a=A&b=B&apart=1").content.decode()
    assert by_letter.count('class="item-row"') == 2 and "A – B" in " ".join(by_letter.split())
    boss = client_of(Person.objects.get(username="boss_q"))
    ids = boss.get(f"{items}&a=771001&b=771002&va=joy&vb=anger").content.decode()
    assert ids.count('class="item-row"') == 2 and "Anna Quill" in ids
    assert boss.get(f"{items}&a=A&b=B").content.decode().count('class="item-row"') == count
    for pair in ("a=771001&b=771002", "a=A&b=A", "a=Z&b=A"):
        page = adjudicator.get(f"{reverse('agreement', args=[scene.pk])}?task=emotion&{pair}")
        assert page.status_code == 200 and 'id="pair"' not in page.content.decode()


def test_the_side_of_a_table_tells_nothing_and_holds_the_right_numbers(scene, adjudicator):
    letters = letters_of(scene)
    said = dict(zip(sorted(letters), ("joy", "anger", "fear"), strict=True))
    by_letter = {letter: said[who] for who, letter in letters.items()}
    address = reverse("agreement", args=[scene.pk])
    for pair in ("a=A&b=C", "a=C&b=A"):
        page = adjudicator.get(f"{address}?task=emotion&{pair}").content.decode()
        assert "A (rows), C (columns)" in page
        assert f"va={by_letter['A']}&amp;vb={by_letter['C']}" in page
        assert f"va={by_letter['C']}&amp;vb={by_letter['A']}" not in page


def test_letters_are_the_same_on_every_page_and_do_not_follow_accounts(corpus):
    rounds = [make_judged_round(corpus, dialogues=1, annotators=5) for _ in range(8)]
    orders = set()
    for opened in rounds:
        letters = letters_of(opened)
        assert sorted(letters.values()) == list("ABCDE") and letters_of(opened) == letters
        orders.add(tuple(letters[who] for who in sorted(letters)))
    assert len(orders) > 4  # eight rounds of five people: hardly ever two alike


def test_another_key_of_the_installation_draws_other_letters(scene, settings):
    drawn = set()
    for n in range(12):
        settings.SECRET_KEY = f"key {n}"
        drawn.add(tuple(letters_of(scene)[who] for who in sorted(letters_of(scene))))
    assert len(drawn) > 2


def test_many_annotators_have_letters_with_numbers_in_order(corpus):
    make_dialogue(corpus)
    opened = open_round(corpus, [make_member(corpus) for _ in range(30)], overlap=1)
    names = names_for(opened, Membership.Role.ADJUDICATOR)
    listed = [names[who] for who in names.in_order(names.letters)]
    assert listed[:2] == ["A", "B"] and listed[25:] == ["Z", "A1", "B1", "C1", "D1"]
    assert all(names[names.find(letter)] == letter for letter in listed)


def test_who_decided_is_named_and_comments_on_the_page_have_letters(scene, adjudicator):
    utterance = scene.items.filter(task="emotion", open=True).first().utterance
    judge_q = Person.objects.get(username="judge_q")
    adjudicate(judge_q, scene, utterance, "emotion", "joy")
    page = Client()
    page.force_login(judge_q)
    address = f"{reverse('adjudication', args=[scene.pk])}?utterance={utterance.pk}&of=emotion"
    shown = page.get(address).content.decode()
    assert "judge_q: <b>" in " ".join(shown.split())
    assert re.search(
        r'<span class="letter">[ABC]</span>\s*<span><span class="quiet">comment', shown
    )
