"""Label Studio's tasks through the API: out of a round or a release, and in again."""

import json

import pytest

from annotation.models import Assignment, Judgement, Round, Suggestion, TableImport
from people.models import Event
from tests.factories import make_corpus, make_judged_round, make_member, make_release, open_round
from tests.scripts import script_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(lead):
    return script_of(lead)


def exported(script, address):
    response = script.get(address)
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "application/json"
    return json.loads(b"".join(response))


def brought(script, corpus, tasks, labels="published"):
    """The import of tasks, which was read, confirmed and stored."""
    made = send(script, f"/api/corpora/{corpus.pk}/label-studio/", tasks)
    assert made.status_code == 201, made.content
    TableImport.objects.get(pk=made.json()["id"]).run()
    read = script.get(made.headers["Location"]).json()
    assert (read["state"], read["format"]) == ("draft", "labelstudio"), read
    send(script, f"{made.headers['Location']}confirmation/", {"labels": labels})
    TableImport.objects.get(pk=made.json()["id"]).run()
    stored = script.get(made.headers["Location"]).json()
    assert stored["stored"], stored
    return stored


def given(corpus):
    """What was answered in a corpus, by utterance, annotator's name and task."""
    rows = Judgement.objects.filter(utterance__corpus=corpus).submitted().current()
    names = ("utterance__uid", "assignment__person__name", "task", "value")
    return sorted(rows.values_list(*names))


def guessed(corpus):
    rows = Suggestion.objects.filter(utterance__corpus=corpus)
    return sorted(rows.values_list("utterance__uid", "origin", "task", "value", "probability"))


@pytest.fixture
def judged(corpus):
    found = make_judged_round(corpus, dialogues=2)
    for person in {work.person for work in found.assignments.all()}:
        type(person).objects.filter(pk=person.pk).update(name=person.username)
    for utterance in found.round_items.first().dialogue.utterances.all():
        for origin, value in (("net 1", "joy"), ("net 1", "anger"), ("net 2", "joy")):
            Suggestion.objects.create(
                utterance=utterance, task="emotion", value=value, probability=0.75, origin=origin
            )
    return found


def test_a_round_goes_out_and_comes_in_as_it_was(script, corpus, lead, judged):
    tasks = exported(script, f"/api/rounds/{judged.pk}/label-studio.json")
    first = tasks[0]
    utterance = judged.round_items.order_by("position").first().dialogue.utterances.first()
    assert first["data"]["utterance_id"] == utterance.uid and first["data"]["text"]
    assert len(tasks) == 4 and len(first["annotations"]) == 2
    assert first["annotations"][0]["result"][0]["type"] == "choices"
    assert {row["model_version"] for row in first["predictions"]} == {"net 1", "net 2"}
    assert Event.objects.filter(verb="download", noun="round", noun_id=judged.pk).count() == 1
    other = make_corpus(lead, name="another")
    stored = brought(script, other, tasks)
    assert stored["counts"]["suggestions"] == 4
    assert given(other) == given(corpus)
    newest = [row for row in guessed(corpus) if row[1:4] != ("net 1", "emotion", "joy")]
    assert guessed(other) == newest
    again = exported(script, f"/api/rounds/{Round.objects.get(corpus=other).pk}/label-studio.json")
    assert [task["data"] for task in again] == [task["data"] for task in tasks]
    results = [[a["result"] for a in task["annotations"]] for task in tasks]
    assert [[a["result"] for a in task["annotations"]] for task in again] == results
    assert [task["predictions"] for task in again] == [task["predictions"] for task in tasks]


def test_a_release_goes_out_and_comes_in_as_it_was(script, corpus, lead, judged):
    release = make_release(corpus, [judged], media="none")
    tasks = exported(script, f"/api/releases/{release.pk}/label-studio.json")
    names = {annotation["annotator"] for task in tasks for annotation in task["annotations"]}
    assert len(names) == 2 and len(tasks) == 4
    other = make_corpus(lead, name="another")
    brought(script, other, tasks)
    assert {row[1] for row in given(other)} == names
    values = [(row[0], row[2], row[3]) for row in given(corpus)]
    assert sorted((row[0], row[2], row[3]) for row in given(other)) == sorted(values)


def test_what_label_studio_writes_is_mapped_as_far_as_it_goes(script, corpus):
    def choice(name, value, **more):
        about = {"from_name": name, "to_name": "text", "type": "choices"}
        return about | {"value": {"choices": [value]}} | more

    def task(number, *annotations, predictions=()):
        data = {"text": f"第{number}句", "dialogue": "d1"}
        whole = {"id": number, "data": data, "annotations": list(annotations)}
        return whole | {"predictions": list(predictions)}

    by = [{"completed_by": {"id": 7, "email": "a@b.c"}, "result": [choice("emotion", "joy")]}]
    other = {"completed_by": 8, "result": [choice("emotion", "anger"), {"type": "textarea"}]}
    guess = {"model_version": "m", "score": 0.6, "result": [choice("emotion", "fear")]}
    own = {"score": None, "result": [choice("emotion", "joy", score=0.9)]}
    without = {"model_version": "x", "result": [choice("emotion", "joy")]}
    tasks = [task(1, *by, predictions=[guess, own]), task(2, other, predictions=[without])]
    brought(script, corpus, tasks)
    assert [row[2:] for row in given(corpus)] == [("emotion", "joy"), ("emotion", "anger")]
    assert [row[1:] for row in guessed(corpus)] == [
        ("Label Studio", "emotion", "joy", 0.9),
        ("m", "emotion", "fear", 0.6),
    ]
    row = TableImport.objects.get()
    lines = b"".join(script.get(f"/api/imports/{row.pk}/problems.ndjson")).decode().splitlines()
    reasons = " ".join(json.loads(line)["reason"] for line in lines)
    assert "without a score" in reasons and "not an answer" in reasons
    scheme = Round.objects.get().scheme
    assert set(scheme["emotion"].keys) >= {"joy", "anger", "fear"}


def test_labels_may_stay_out(script, corpus, judged, lead):
    tasks = exported(script, f"/api/rounds/{judged.pk}/label-studio.json")
    other = make_corpus(lead, name="another")
    brought(script, other, tasks, labels="none")
    assert given(other) == [] and guessed(other) == [] and other.dialogues.count() == 2


@pytest.mark.parametrize("body", [{}, [], {"tasks": []}])
def test_what_is_no_export_is_refused(script, corpus, body):
    refused = send(script, f"/api/corpora/{corpus.pk}/label-studio/", body)
    assert refused.status_code == 400 and "list of tasks" in refused.json()["detail"]
    assert not TableImport.objects.exists()


@pytest.mark.parametrize("body", [[1], ["a"], [{"data": 1}], [[]]])
def test_what_cannot_be_read_fails_with_a_reason(script, corpus, body):
    made = send(script, f"/api/corpora/{corpus.pk}/label-studio/", body)
    assert made.status_code == 201
    TableImport.objects.get().run()
    job = script.get(made.json()["job"]).json()
    assert job["state"] == "failed" and job["failure"]


def test_answers_of_a_round_are_for_leads_who_do_not_annotate_it_blind(corpus, judged):
    address = f"/api/rounds/{judged.pk}/label-studio.json"
    for role in ("annotator", "adjudicator"):
        assert script_of(make_member(corpus, role)).get(address).status_code == 404
    person = make_member(corpus, "lead")
    dialogues = corpus.dialogues.filter(pk=judged.round_items.first().dialogue_id)
    open_round(corpus, [person, make_member(corpus)], dialogues=dialogues)
    assert script_of(person).get(address).status_code == 403
    opened = Assignment.objects.filter(person=person).first()
    own = opened.round_id if opened else Round.objects.latest("pk").pk
    assert script_of(person).get(f"/api/rounds/{own}/label-studio.json").status_code == 403
    annotator = script_of(make_member(corpus))
    body = [{"data": {"text": "a"}}]
    assert send(annotator, f"/api/corpora/{corpus.pk}/label-studio/", body).status_code == 404
