"""Leaving and reopening dialogues, extending and comparing rounds, mapping tables, and publishing
edits by the API.
"""

import json
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest

from annotation.models import Assignment, Judgement, Report, Round, TableImport
from corpus.models import Dialogue
from people.models import Event
from tests.factories import (
    judge,
    make_dialogue,
    make_judged_round,
    make_member,
    make_round,
    make_source,
    open_round,
)
from tests.scripts import rows, script_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(lead, corpus):
    return script_of(lead)


def test_a_dialogue_is_left_and_taken_up_again(script, corpus):
    make_dialogue(corpus)
    one, two = make_member(corpus), make_member(corpus)
    opened = open_round(corpus, [one, two], overlap=1)
    own = script_of(one)
    work = send(own, f"/api/rounds/{opened.pk}/assignments/").json()
    here = f"/api/assignments/{work['assignment']}/skip/"
    assert send(own, here, {"reason": "boring"}).status_code == 400
    assert send(script, here, {"reason": "other"}).status_code == 404  # it is the annotator's
    left = send(own, here, {"reason": "bad_clip", "words": "no sound"})
    assert left.json()["state"] == "skipped" and left.json()["round"] == opened.pk
    assert send(own, here, {"reason": "other"}).status_code == 409
    assert own.delete(here).status_code == 204
    assert Assignment.objects.get(person=one).state == "held"
    send(own, here, {"reason": "bad_clip"})
    assert send(script_of(two), f"/api/rounds/{opened.pk}/assignments/").json()["assignment"]
    taken = own.delete(here)
    assert taken.status_code == 409 and "other annotators" in taken.json()["detail"]
    assert Event.objects.filter(verb="skip").count() == 2


def test_a_submission_is_reopened_while_the_round_lets_one(corpus):
    make_dialogue(corpus)
    person = make_member(corpus)
    opened = make_round(corpus, [person])
    judge(opened.assignments.get())
    here = f"/api/assignments/{opened.assignments.get().pk}/reopening/"
    own = script_of(person)
    Round.objects.update(reopen_hours=0)
    refused = send(own, here)
    assert refused.status_code == 409 and "cannot be reopened" in refused.json()["detail"]
    Round.objects.update(reopen_hours=24)
    assert send(own, here).json()["state"] == "held" and Judgement.objects.exists()
    assert send(own, here).json()["state"] == "held"  # twice is as once


def test_a_round_is_extended(script, corpus):
    first = make_dialogue(corpus)
    people = [make_member(corpus), make_member(corpus)]
    opened = open_round(corpus, people, overlap=1, dialogues=corpus.dialogues.all())
    more = make_source(corpus)
    make_dialogue(corpus, source=more)
    here = f"/api/rounds/{opened.pk}/extension/"
    body = {"sources": [more.pk], "overlap": 2, "due": "2030-01-02"}
    found = send(script, here, body).json()
    assert (found["overlap"], found["due"], found["wanted"]) == (2, "2030-01-02", 4)
    again = send(script, here, {"sources": [first.source_id, more.pk]}).json()
    assert (again["wanted"], again["due"]) == (4, "2030-01-02")  # what is left out stays
    assert send(script, here, {"due": None}).json()["due"] is None
    fewer = send(script, here, {"overlap": 1, "due": "2031-01-01"})
    assert fewer.status_code == 409 and Round.objects.get().due is None  # all or nothing
    assert send(script, here, {"sources": [10**6]}).status_code == 400
    assert send(script_of(people[0]), here, {}).status_code == 404


def test_what_makes_gold_is_chosen(script, corpus):
    judged = make_judged_round(corpus, dialogues=1)
    here = f"/api/rounds/{judged.pk}/consensus/"
    chosen = send(script, here, {"consensus": "weighted"}).json()
    assert chosen["consensus"] == "weighted"
    assert Report.objects.filter(round=judged, kind="reliability").exists()
    assert send(script, here, {"consensus": "loudest"}).status_code == 400
    adjudicator = script_of(make_member(corpus, "adjudicator"))
    assert send(adjudicator, here, {"consensus": "majority"}).status_code == 404


def test_two_rounds_are_compared(script, corpus):
    one, two = make_judged_round(corpus, dialogues=1), make_judged_round(corpus, dialogues=1)
    here = f"/api/rounds/{one.pk}/comparison/"
    assert script.get(here).status_code == 400
    assert script.get(f"{here}?round={two.pk}").status_code == 404
    assert send(script, here, {"round": one.pk}).status_code == 404
    job = send(script, here, {"round": two.pk})
    assert job.status_code == 202 and job.json()["kind"] == "report"
    Report.objects.get(kind="comparison").run()
    found = script.get(f"{here}?round={two.pk}").json()
    assert found["state"] == "done" and "emotion" in found["tasks"]
    person = make_member(corpus, "adjudicator")
    dialogue = Dialogue.objects.filter(pk=two.round_items.first().dialogue_id)
    open_round(corpus, [person], dialogues=dialogue)
    assert script_of(person).get(f"{here}?round={two.pk}").status_code == 403
    assert send(script_of(person), here, {"round": two.pk}).status_code == 403


def test_settings_of_new_rounds(script, corpus, lead):
    version = make_judged_round(corpus, dialogues=1).scheme_version
    here = f"/api/corpora/{corpus.pk}/settings/annotation/"
    assert script.get(here).json() == {"scheme": None}
    assert send(script, here, {"scheme": version.number}, "patch").json()["scheme"] == 1
    assert send(script, here, {"scheme": 9}, "patch").status_code == 404
    tag = script.get(here).headers["ETag"]
    for if_match, status in ((tag, 200), ('"other"', 412)):
        headers = {"if-match": if_match}
        body = {"scheme": None}
        assert script.patch(here, body, format="json", headers=headers).status_code == status
    assert script_of(make_member(corpus)).get(here).status_code == 404


def table_import(corpus, person, text):
    with NamedTemporaryFile("w", suffix=".csv", delete=False, encoding="utf-8") as table:
        table.write(text)
    return TableImport.begin(person, corpus, [("labels.csv", Path(table.name))]).run()


LABELS = "dialogue,utterance,text,mood\nd1,u1,好,happy\nd1,u2,不,sad\n"


def mapping(**more):
    values = [{"key": key, "names": {"en": key, "zh": key}} for key in ("joy", "sadness")]
    task = {"key": "mood", "names": {"en": "mood", "zh": "心情"}, "scale": "nominal"}
    tasks = [
        {"task": task | {"values": values}, "kind": "label", "columns": ["mood"],
         "values": {"happy": "joy", "sad": "sadness"}}
    ]  # fmt: skip
    columns = {"dialogue": "dialogue", "utterance": "utterance", "text": "text"}
    return {"columns": columns, "tasks": tasks} | more


def test_a_labelled_table_is_mapped_read_and_imported(script, corpus, lead):
    row = table_import(corpus, lead, LABELS)
    here = f"/api/imports/{row.pk}"
    asked = script.get(f"{here}/mapping/").json()
    assert asked["mapping"] is None and asked["remembered"] is None
    assert {column["name"]: column["use"] for column in asked["columns"]}["text"] == "text"
    moods = next(column for column in asked["columns"] if column["name"] == "mood")
    assert moods["values"] == {"happy": 1, "sad": 1}
    read = send(script, f"{here}/mapping/", mapping())
    assert read.status_code == 202 and read.json()["phase"] == "read", read.content
    again = send(script, f"{here}/mapping/", mapping())
    assert again.status_code == 409  # a worker is at it
    TableImport.objects.get(pk=row.pk).run()
    known = script.get(f"{here}/mapping/").json()["mapping"]
    assert known["tasks"][0]["values"] == {"happy": "joy", "sad": "sadness"}
    assert send(script, f"{here}/mapping/", known).status_code == 202  # as it is given back
    TableImport.objects.get(pk=row.pk).run()
    assert script.get(f"{here}/").json()["counts"]["labels"] == 2
    assert send(script, f"{here}/confirmation/", {"labels": "published"}).status_code == 202
    TableImport.objects.get(pk=row.pk).run()
    assert set(Judgement.objects.values_list("value", flat=True)) == {"joy", "sadness"}
    assert send(script, f"{here}/mapping/", mapping()).status_code == 409
    assert script.delete(f"{here}/").status_code == 409
    next_row = table_import(corpus, lead, LABELS.replace("d1", "d2"))
    kept = script.get(f"/api/imports/{next_row.pk}/mapping/").json()["remembered"]
    assert kept["tasks"] == known["tasks"]
    assert script.delete(f"/api/imports/{next_row.pk}/").status_code == 204
    assert not TableImport.objects.filter(pk=next_row.pk).exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"columns": {}}, "text"),
        ({"columns": {"txt": "text"}}, "txt"),
        ({"columns": {"text": 1}}, "columns"),
        ({"tasks": [{}]}, "cannot be read"),
        ({"tasks": [{**mapping()["tasks"][0], "task": {"values": []}}]}, "key"),
        ({"tasks": [{**mapping()["tasks"][0], "kind": "guess"}]}, "guess"),
        ({"tasks": [{**mapping()["tasks"][0], "values": {"happy": "rage"}}]}, "rage"),
        ({"times": "minutes"}, "minutes"),
        ({"version": 7}, "version"),
        ({"colums": {}}, "colums"),
    ],
)
def test_mappings_that_make_no_sense(script, corpus, lead, change, says):
    row = table_import(corpus, lead, LABELS)
    refused = send(script, f"/api/imports/{row.pk}/mapping/", mapping(**change))
    assert refused.status_code in (400, 409) and says in refused.json()["detail"], refused.content
    assert TableImport.objects.get().status == "draft"


def test_files_are_read_in_another_format_and_problems_listed(script, corpus, lead):
    row = table_import(corpus, lead, LABELS)
    here = f"/api/imports/{row.pk}"
    assert send(script, f"{here}/reading/", {"format": "labelstudio"}).status_code == 202
    TableImport.objects.get().run()
    assert script.get(f"{here}/").json()["state"] == "failed"
    send(script, f"{here}/reading/", {"format": "mapped"})
    TableImport.objects.get().run()
    send(script, f"{here}/mapping/", mapping(columns={"text": "text", "dialogue": "dialogue"}))
    TableImport.objects.get().run()
    lines = b"".join(script.get(f"{here}/problems.ndjson")).decode().splitlines()
    assert all({"file", "line", "reason", "outcome"} <= json.loads(line).keys() for line in lines)
    assert script_of(make_member(corpus)).get(f"{here}/problems.ndjson").status_code == 404


def test_edits_of_a_published_dialogue_are_published(script, corpus, lead):
    judged = make_judged_round(corpus, dialogues=1)
    dialogue = judged.round_items.get().dialogue
    here = f"/api/dialogues/{dialogue.pk}/republication/"
    assert script.get(here).json() == {"changes": []}
    nothing = send(script, here)
    assert nothing.status_code == 409 and "not edited since" in nothing.json()["detail"]
    turns = [turn.to_json() for turn in dialogue.turns()]
    turns[0]["text"], turns[1]["text"] = "另外的话", "别的话"
    dialogue.edit(lead, 0, turns)
    one, two = script.get(here).json()["changes"]
    assert one["kind"] == "material" and one["judgements"] > 0 and one["people"] == 2
    assert one["before"]["text"] != one["after"]["text"] == "另外的话"
    done = send(script, here, {"keep": [one["uid"]]}).json()
    assert done["anew"] == 1
    kept = dialogue.utterances.get(uid=one["uid"])
    assert Judgement.objects.filter(utterance=kept).exists()
    assert not dialogue.utterances.filter(uid=two["uid"]).exists()
    assert script_of(make_member(corpus)).get(here).status_code == 404


def test_who_annotates_blind_hears_no_number_of_judgements(corpus, lead):
    dialogue = make_dialogue(corpus)
    person = make_member(corpus, "lead")
    open_round(corpus, [person, make_member(corpus)])
    dialogue.edit(lead, 0, [turn.to_json() | {"text": "别的"} for turn in dialogue.turns()])
    found = script_of(person).get(f"/api/dialogues/{dialogue.pk}/republication/").json()
    assert {row["judgements"] for row in found["changes"]} == {None}
    assert {row["people"] for row in found["changes"]} == {None}
    assert rows(script_of(lead), f"/api/corpora/{corpus.pk}/dialogues/")
