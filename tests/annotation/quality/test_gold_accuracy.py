"""Known answers: practice, tests with marks, silent gold with a running score, attention checks."""

import uuid

import pytest
from django.urls import reverse

from annotation.agreement.measures import measure
from annotation.models import Assignment, ExpertLabel, Judgement, Participant, Qualification
from annotation.models.expert_labels import with_gold
from annotation.quality.gold_accuracy import below, gold_scores
from annotation.queue.dispatch import claim_next, claim_next_of
from core.errors import UserError
from tests.factories import ANSWERS, items_of, judge, make_dialogue, make_member, open_round


def make_gold(corpus, size=2, why="because", **changed):
    dialogue = make_dialogue(corpus, size=size)
    rows = [
        (utterance, task, value, why)
        for utterance in dialogue.utterances.all()
        for task, value in (ANSWERS | changed).items()
    ]
    ExpertLabel.write(None, dialogue, rows)
    return dialogue


@pytest.fixture
def people(corpus):
    return [make_member(corpus), make_member(corpus)]


def test_gold_answers_are_kept_and_the_newest_counts(corpus):
    dialogue = make_gold(corpus, emotion="joy")
    first = dialogue.utterances.first()
    assert ExpertLabel.write(None, dialogue, [(first, "emotion", "joy", "because")]) == 0
    assert ExpertLabel.write(None, dialogue, [(first, "emotion", "", "")]) == 1
    known = ExpertLabel.known([dialogue])
    assert "emotion" not in known[first.pk] and known[first.pk]["humor"].why == "because"
    assert list(with_gold(corpus)) == [dialogue]


def test_silent_gold_is_mixed_in_scored_and_left_out_of_agreement(corpus, people):
    gold = [make_gold(corpus, size=6, emotion="joy") for _ in range(3)]
    for _ in range(20):
        make_dialogue(corpus, size=1)
    plain = corpus.dialogues.exclude(pk__in=[d.pk for d in gold])
    opened = open_round(
        corpus, people, dialogues=plain, gold=gold, gold_percent=40,
        marks={"emotion": 70, "humor": 70}, below="pause",
    )  # fmt: skip
    seat = opened.participants.first()
    seen = 0
    with pytest.raises(UserError, match="has blocked you"):
        while assignment := claim_next(seat):
            seen += assignment.gold
            judge(assignment, emotion="anger")
    assert seen == 2  # twelve wrong answers are enough to tell
    assert gold_scores(opened)[seat.person_id]["emotion"] == (0, 12)
    assert gold_scores(opened)[seat.person_id]["humor"] == (12, 12)
    assert not Judgement.objects.submitted().filter(utterance__dialogue__in=gold).exists()
    judged = {item.utterance_id for item in items_of(opened)}
    assert not judged & set(gold[0].utterances.values_list("pk", flat=True))
    assert measure([opened], opened.scheme)[0].units == 0
    seat.unblock(None)
    assert claim_next(Participant.objects.get(pk=seat.pk))


def test_marks():
    marks = {"emotion": 70, "humor": 50}
    assert below(marks, {"emotion": (7, 10), "humor": (4, 10)}) == ["humor"]
    assert below(marks, {"emotion": (0, 9)}) == []  # too few to tell
    assert below(marks, {"emotion": (0, 1)}, enough=1) == ["emotion"]


def test_a_test_opens_the_round_to_those_who_pass(corpus, people, lead):
    gold = [make_gold(corpus, emotion="joy"), make_gold(corpus, emotion="anger")]
    make_dialogue(corpus)
    marks = {"emotion": 75}
    test = open_round(corpus, people, dialogues=gold, kind="test", marks=marks, overlap=1)
    work = open_round(
        corpus, people, overlap=1, dialogues=corpus.dialogues.exclude(pk__in=[d.pk for d in gold]),
        qualification=test,
    )  # fmt: skip
    good, bad = people
    for person, right in ((good, True), (bad, False)):
        with pytest.raises(UserError, match="pass its test"):
            claim_next_of(work.pk, person.pk)
        for answer in ("joy", "anger") if right else ("joy", "joy"):
            judge(claim_next_of(test.pk, person.pk), emotion=answer)
        assert claim_next_of(test.pk, person.pk) is None
    results = {q.person: q for q in Qualification.objects.all()}
    assert results[good].passed and results[good].scores["emotion"] == [4, 4]
    assert not results[bad].passed and results[bad].scores["emotion"] == [2, 4]
    assert claim_next_of(work.pk, good.pk)
    with pytest.raises(UserError):
        claim_next_of(work.pk, bad.pk)
    assert test.round_items.filter(open=True).count() == 2  # a test is never full


def test_a_lead_qualifies_by_hand(corpus, people, lead, client_of):
    gold = [make_gold(corpus)]
    make_dialogue(corpus)
    test = open_round(corpus, people, dialogues=gold, kind="test")
    rest = corpus.dialogues.exclude(pk__in=[d.pk for d in gold])
    work = open_round(corpus, people, overlap=1, dialogues=rest, qualification=test)
    seat = work.participants.first()
    client_of(lead).post(reverse("participant", args=[seat.pk]), {"verb": "qualify"})
    assert claim_next(seat)
    assert Qualification.objects.get().decided_by == lead


def test_practice_explains_once_an_utterance_is_answered(corpus, people, client_of):
    gold = make_gold(corpus, why="she smiles")
    practice = open_round(corpus, people, dialogues=[gold], kind="practice")
    seat = practice.participants.first()
    client, held = client_of(seat.person), claim_next(seat)
    address = reverse("assignment", args=[held.pk])
    assert "she smiles" not in client.get(address).content.decode()
    assert 'class="explained"' not in client.get(address).content.decode()
    first = held.dialogue.utterances.first()
    for task, value in ANSWERS.items():
        sent = {"utterance": first.pk, "task": task, "value": value, "client_id": uuid.uuid4()}
        answer = client.post(reverse("judgements", args=[held.pk]), sent).json()
        assert ("revealed" in answer) == (task == list(ANSWERS)[-1])
    assert answer["revealed"]["explained"].count("she smiles") == 6
    assert client.get(address).content.decode().count("she smiles") == 6
    judge(held)
    assert client.get(address).content.decode().count("she smiles") == 12


def test_a_check_of_attention_comes_every_so_often(corpus, people, client_of):
    for _ in range(4):
        make_dialogue(corpus, size=1)
    opened = open_round(corpus, people[:1], attention_every=2)
    seat, checked = opened.participants.first(), []
    client = client_of(seat.person)
    while assignment := claim_next(seat):
        judge(assignment, submit=False)
        assignment = Assignment.objects.get(pk=assignment.pk)
        page = client.get(reverse("assignment", args=[assignment.pk])).content.decode()
        assert ("Attention check" in page) == bool(assignment.attention)
        value = assignment.attention.get("value", "")
        client.post(reverse("submission", args=[assignment.pk]), {"attention": value})
        checked.append(bool(assignment.attention))
    assert checked == [False, True, False, True]
    given = [a.attention for a in Assignment.objects.all() if a.attention]
    assert all(check["given"] == check["value"] for check in given)


def test_the_page_of_gold_answers(corpus, lead, client_of, people):
    dialogue = make_dialogue(corpus)
    opened = open_round(corpus, people)
    for seat in opened.participants.all():
        judge(claim_next(seat), emotion="joy")
    client = client_of(lead)
    address = reverse("dialogue_expert_labels", args=[dialogue.pk])
    page = client.get(f"{address}?round={opened.pk}").content.decode()
    joys = [part.split(">")[0] for part in page.split('value="joy"')[1:]]
    assert ["checked" in part for part in joys] == [True, True]
    first = dialogue.utterances.first()
    form = {f"{first.pk}-emotion": "joy", f"{first.pk}-emotion-why": "laughs"}
    assert "1 expert label saved" in client.post(address, form, follow=True).content.decode()
    wrong = client.post(address, {f"{first.pk}-emotion": "purple"}).content.decode()
    assert "purple" in wrong and ExpertLabel.objects.count() == 1
    assert str(dialogue) in client.get(reverse("expert_labels", args=[corpus.pk])).content.decode()
    for person in people:
        assert client_of(person).get(address).status_code == 404


def test_exercises_are_not_offered_for_a_release(corpus, people, lead, client_of):
    gold = [make_gold(corpus)]
    for kind in ("practice", "test"):
        open_round(corpus, people, dialogues=gold, kind=kind, name=f"only {kind}")
    open_round(corpus, people, name="the real one")
    page = client_of(lead).get(reverse("new_release", args=[corpus.pk])).content.decode()
    assert "the real one" in page and "only practice" not in page and "only test" not in page
