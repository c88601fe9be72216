"""Rounds, assignments, judgements, gold: the verbs and what they refuse."""

import uuid

import pytest
from django.core.management import CommandError, call_command

from annotation.adjudication import adjudicate
from annotation.agreement.measures import measure
from annotation.answers import save_answer, submit_assignment
from annotation.models import Assignment, Judgement, Round, SchemeVersion, Suggestion  # fmt: skip
from annotation.scheme import DEFAULT, FULL, SchemeError
from core.errors import UserError
from people.models import Event
from tests.factories import (
    items_of,
    judge,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_round,
)  # fmt: skip


@pytest.fixture
def assignment(corpus):
    make_dialogue(corpus)
    return make_round(corpus, [make_member(corpus)]).assignments.get()


def test_a_round_gives_each_dialogue_to_exactly_k(corpus):
    for _ in range(5):
        make_dialogue(corpus)
    make_dialogue(corpus, published=False)
    opened = make_round(corpus, [make_member(corpus) for _ in range(3)], overlap=2)
    given = opened.assignments.values_list("dialogue", "person")
    assert len(given) == len(set(given)) == 10
    assert Event.objects.filter(verb="open", noun="round").count() == 1


def test_a_round_that_cannot_be_is_refused(corpus):
    with pytest.raises(UserError, match="Publish"):
        make_round(corpus, [make_member(corpus)])
    make_dialogue(corpus)
    with pytest.raises(UserError, match="Choose more"):
        make_round(corpus, [make_member(corpus)], overlap=2)
    with pytest.raises(UserError, match="Choose more"):
        make_round(corpus, [make_person()], overlap=1)
    assert not Round.objects.exists()


def test_a_scheme_is_kept_once_per_version(corpus):
    first = SchemeVersion.of(corpus)
    assert SchemeVersion.of(corpus, DEFAULT) == first
    assert SchemeVersion.of(corpus, FULL).number == 2
    assert SchemeVersion.of(corpus) == first


def test_answers_are_appended_and_the_newest_counts(assignment):
    utterance = assignment.dialogue.utterances.first()
    for value in ("joy", "anger", "joy"):
        save_answer(assignment, utterance, "emotion", value)
    assert assignment.answers() == {utterance.pk: {"emotion": "joy"}}
    assert Judgement.objects.count() == 3
    save_answer(assignment, utterance, "emotion", "")
    assert assignment.answers() == {} and Judgement.objects.count() == 4


def test_the_same_answer_sent_twice_is_stored_once(assignment):
    utterance, client_id = assignment.dialogue.utterances.first(), uuid.uuid4()
    first = save_answer(assignment, utterance, "emotion", "joy", client_id)
    assert save_answer(assignment, utterance, "emotion", "joy", client_id) == first
    assert Judgement.objects.count() == 1


def test_an_id_of_other_work_is_refused(assignment, corpus):
    other = make_round(corpus, [make_member(corpus)]).assignments.get()
    utterance, client_id = assignment.dialogue.utterances.first(), uuid.uuid4()
    save_answer(assignment, utterance, "emotion", "joy", client_id)
    with pytest.raises(UserError, match="another task"):
        save_answer(other, utterance, "emotion", "joy", client_id)


def test_what_cannot_be_an_answer_is_refused(assignment, corpus):
    utterance = assignment.dialogue.utterances.first()
    for task, value in (("emotion", "yes"), ("nothing", "joy"), ("nothing", "")):
        with pytest.raises(SchemeError):
            save_answer(assignment, utterance, task, value)
    with pytest.raises(UserError, match="not part"):
        save_answer(assignment, make_dialogue(corpus).utterances.first(), "emotion", "joy")
    assert not Judgement.objects.exists()


def test_handing_in_needs_every_answer_and_ends_the_work(assignment):
    utterance = assignment.dialogue.utterances.first()
    save_answer(assignment, utterance, "emotion", "joy")
    with pytest.raises(UserError, match="2 utterances.*number 1"):
        submit_assignment(assignment)
    judge(assignment)
    submit_assignment(assignment)
    assert Event.objects.filter(verb="submit").count() == 1
    with pytest.raises(UserError, match="is submitted"):
        save_answer(Assignment.objects.get(pk=assignment.pk), utterance, "emotion", "anger")


def test_a_closed_round_takes_no_answers(assignment, lead):
    assignment.round.close(lead)
    assignment.round.close(lead)
    assert Event.objects.filter(verb="close").count() == 1
    with pytest.raises(UserError, match="closed"):
        save_answer(assignment, assignment.dialogue.utterances.first(), "emotion", "joy")


def test_agreement_counts_only_what_is_submitted(corpus):
    opened = make_judged_round(corpus, dialogues=4, annotators=2)
    found = {m.task.key: m for m in measure([opened], opened.scheme)}
    assert (found["emotion"].units, found["emotion"].judgements) == (8, 16)
    assert found["emotion"].alpha["value"] < 1
    assert found["sentiment"].alpha["undefined"] == "one_value"
    late = make_round(corpus, [make_member(corpus)], name="late")
    for assignment in late.assignments.all():
        judge(assignment, submit=False)
    assert measure([late], late.scheme)[0].alpha["undefined"] == "no_pairs"


def test_gold_is_the_consensus_until_somebody_rules(corpus, lead):
    opened = make_judged_round(corpus, dialogues=2, annotators=2)
    contested = [item for item in items_of(opened, "emotion") if item.open]
    assert len(contested) == 2 and {item.gold for item in contested} == {None}
    utterance = opened.corpus.dialogues.first().utterances.model.objects.get(
        pk=contested[0].utterance_id
    )
    adjudicate(lead, opened, utterance, "emotion", "fear")
    adjudicate(lead, opened, utterance, "emotion", "joy")
    ruled = {item.utterance_id: item for item in items_of(opened, "emotion")}[utterance.pk]
    assert (ruled.gold, ruled.provenance, ruled.open) == ("joy", "adjudicated", False)
    with pytest.raises(SchemeError):
        adjudicate(lead, opened, utterance, "emotion", "purple")
    assert Event.objects.filter(verb="adjudicate").count() == 2


def test_as_commands(corpus, tmp_path, capsys):
    make_dialogue(corpus, size=1, uid="D")
    make_member(corpus, username="a")
    make_member(corpus, username="b")
    call_command("open_round", "one", corpus=corpus.name, annotators=["a", "b"], overlap=2)
    opened = Round.objects.get()
    rows = ["annotator,utterance,task,value"]
    for person in "ab":
        for task in DEFAULT.tasks:
            rows.append(f"{person},D_U_1,{task.key},{task.keys[person == 'a']}")
    path = tmp_path / "labels.csv"
    path.write_text("\n".join([*rows, "a,D_U_1,emotion,purple"]))
    with pytest.raises(CommandError, match="line 14.*in line 3 as well.*Nothing was saved"):
        call_command("label", str(opened.pk), str(path))
    assert not Judgement.objects.exists()
    path.write_text("\n".join(rows))
    call_command("label", str(opened.pk), str(path))
    assert "12 answers saved, 2 dialogues handed in" in capsys.readouterr().out
    call_command("agreement", str(opened.pk))
    assert "1 units, 2 judgements" in capsys.readouterr().out
    path.write_text("who,what\n")
    with pytest.raises(CommandError, match="line 1: expected the columns"):
        call_command("label", str(opened.pk), str(path))
    with pytest.raises(CommandError, match="nobody called"):
        call_command("open_round", "two", corpus=corpus.name, annotators=["zz"])


def test_rounds_of_one_corpus_are_not_those_of_another(corpus, lead):
    opened = make_judged_round(corpus)
    other = make_corpus()
    assert opened in Round.objects.of(lead)
    assert not Round.objects.of(other.memberships.get().person).exists()


def test_suggestions_as_a_command(corpus, tmp_path, capsys):
    make_dialogue(corpus, size=1, uid="D")
    path = tmp_path / "machine.csv"
    good = "utterance,task,value,probability\nD_U_1,emotion,joy,0.7\n"
    for bad, said in (
        ("nobody,emotion,joy,0.7", "line 3: no utterance"),
        ("D_U_1,emotion,purple,0.7", "line 3: 'purple' is no answer"),
        ("D_U_1,emotion,fear,nan", "line 3: expected a probability"),
    ):
        path.write_text(f"{good}{bad}\n")
        with pytest.raises(CommandError, match=f"{said}.*Nothing was saved"):
            call_command("suggest", str(path), corpus=corpus.name, origin="m 1")
    assert not Suggestion.objects.exists()
    path.write_text(good)
    call_command("suggest", str(path), corpus=corpus.name, origin="m 1")
    assert Suggestion.objects.get().probability == 0.7
