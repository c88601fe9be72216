"""Rounds, schemes, guidelines, answers, comments, decisions and expert labels by the API."""

import json

import pytest

from annotation.models import Comment, ExpertLabel, QualityFlag, Report, Round, TableImport
from people.models import Event
from tests.factories import make_dialogue, make_judged_round, make_member, make_person, make_round
from tests.scripts import rows, script_of, send, uploaded

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(lead, corpus):
    return script_of(lead)


@pytest.fixture
def judged(corpus):
    return make_judged_round(corpus, dialogues=2)


def test_a_round_from_its_scheme_to_its_end(script, corpus):
    make_dialogue(corpus)
    one, two, later = (make_member(corpus) for _ in range(3))
    base = f"/api/corpora/{corpus.pk}"
    task = {
        "key": "emotion", "names": {"en": "emotion", "zh": "情绪"}, "scale": "nominal",
        "values": [{"key": k, "names": {"en": k, "zh": k}} for k in ("joy", "anger")],
    }  # fmt: skip
    version = send(script, f"{base}/schemes/", {"tasks": [task], "note": "one"})
    assert version.status_code == 201, version.content
    assert send(script, f"{base}/schemes/", {"tasks": [{"key": 1}]}).status_code in (400, 409)
    guideline = send(script, f"{base}/guidelines/", {"text": "# Joy", "note": "first"}).json()
    assert guideline["text"] == "# Joy" and guideline["left_out"] == 0
    body = {
        "name": "R", "annotators": [one.pk, two.pk], "overlap": 2, "due": "2030-01-01",
        "scheme": version.json()["number"], "guideline": guideline["id"], "view": "text",
    }  # fmt: skip
    made = send(script, f"{base}/rounds/", body)
    assert made.status_code == 201, made.content
    opened = Round.objects.get()
    assert (opened.overlap, opened.view, opened.guideline_id) == (2, "text", guideline["id"])
    assert made.json()["state"] == "open" and made.json()["wanted"] == 2
    again = send(script, f"{base}/rounds/", body)
    assert again.status_code == 400 and "name" in again.json()["detail"]
    stranger = body | {"name": "S", "annotators": [make_person().pk]}
    assert send(script, f"{base}/rounds/", stranger).status_code == 400
    few = send(script, f"{base}/rounds/", body | {"name": "S", "overlap": 3})
    assert few.status_code == 400 and "overlap" in few.json()["detail"]
    here = f"/api/rounds/{opened.pk}"
    seat = send(script, f"{here}/participants/", {"person": later.pk, "quota": 3}).json()
    assert (seat["quota"], seat["blocked"]) == (3, False)
    address = f"/api/participants/{seat['id']}/"
    assert send(script, address, {"blocked": True}, "patch").json()["blocked"]
    assert script.delete(address).status_code == 204
    assert [row["left"] for row in rows(script, f"{here}/participants/")] == [False, False, True]
    [place] = rows(script, f"{here}/dialogues/")
    withdrawal = f"{here}/dialogues/{place['id']}/withdrawal/"
    assert send(script, withdrawal, {"reason": "cut"}).json()["withdrawn"]
    assert script.delete(withdrawal).status_code == 204
    assert send(script, f"{here}/pause/").json()["state"] == "paused"
    assert script.delete(f"{here}/pause/").status_code == 204
    [mine] = rows(script_of(one), "/api/tasks/")
    assert mine["name"] == "R" and not mine["paused"] and mine["scheme"][0]["key"] == "emotion"
    assert send(script_of(one), mine["next"]).json()["dialogue"] == place["dialogue"]
    assert send(script, f"{here}/closure/").json()["state"] == "closed"
    assert script.delete(f"{here}/closure/").status_code == 204
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"open", "admit", "block", "dismiss", "pause", "close", "reopen"} <= verbs


def test_answers_and_decisions(script, judged):
    here = f"/api/rounds/{judged.pk}"
    answers = rows(script, f"{here}/judgements/?task=emotion")
    assert {row["value"] for row in answers} == {"joy", "anger"} and len(answers) == 8
    lines = b"".join(script.get(f"{here}/judgements.ndjson?task=emotion")).decode().splitlines()
    line = [json.loads(each) for each in lines]
    assert [row["id"] for row in line] == [row["id"] for row in answers]
    assert line[0].keys() == answers[0].keys()
    contested = rows(script, f"{here}/items/?task=emotion&open=true")
    assert contested and contested[0]["gold"] is None and len(contested[0]["answers"]) == 2
    item = contested[0]
    decision = {"utterance": item["utterance"], "task": "emotion", "value": "joy", "reason": "x"}
    assert send(script, f"{here}/adjudications/", decision).status_code == 201
    wrong = send(script, f"{here}/adjudications/", decision | {"value": "purple"})
    assert wrong.status_code == 409 and "purple" in wrong.json()["detail"]
    [decided] = rows(script, f"{here}/items/?task=emotion&utterance={item['utterance']}")
    assert (decided["gold"], decided["provenance"]) == ("joy", "adjudicated")
    assert rows(script, f"{here}/adjudications/")[0]["value"] == "joy"
    assert script.get(f"{here}/reports/reliability/").status_code == 404
    job = send(script, f"{here}/reports/", {"kind": "reliability"})
    assert job.status_code == 202 and job.json()["kind"] == "report"
    assert script.get(job.headers["Location"]).json()["state"] in ("queued", "done")
    Report.objects.get().run()
    report = script.get(f"{here}/reports/reliability/").json()
    assert report["state"] == "done" and report["computed_at"] and not report["outdated"]
    assert {*report["result"]["tasks"]} >= {"emotion"} and report["submissions"]
    assert script.get(f"{here}/reports/nonsense/").status_code == 404


def test_adjudicators_meet_letters(corpus, judged):
    script = script_of(make_member(corpus, "adjudicator"))
    here = f"/api/rounds/{judged.pk}"
    names = {row["annotator"] for item in rows(script, f"{here}/items/") for row in item["answers"]}
    assert names == {"A", "B"}
    work = judged.assignments.first()
    Comment.make(work, work.dialogue.utterances.first(), "comment", "what?")
    [comment] = rows(script, f"{here}/comments/")
    assert comment["annotator"] in ("A", "B") and not comment["resolved"]
    Report.request(corpus.owner, judged, "reliability")
    for place in (
        *("judgements/", "judgements.ndjson", "participants/", "quality-flags/"),
        "reports/reliability/",
    ):
        assert script.get(f"{here}/{place}").status_code == 404


def test_comments(script, corpus):
    make_dialogue(corpus)
    annotator = make_member(corpus)
    opened = make_round(corpus, [annotator])
    work = opened.assignments.get()
    own, utterance = script_of(annotator), work.dialogue.utterances.first()
    address = f"/api/assignments/{work.pk}/comments/"
    body = {"utterance": utterance.pk, "kind": "comment", "words": "what?"}
    made = send(own, address, body)
    assert made.status_code == 201 and rows(own, address)[0]["words"] == "what?"
    assert send(own, address, body | {"words": " "}).status_code in (400, 409)
    assert script.get(address).status_code == 404  # it is the annotator's own
    here = f"/api/comments/{made.json()['id']}"
    answered = send(script, f"{here}/replies/", {"words": "so"}).json()
    assert answered["replies"][0]["words"] == "so"
    assert send(script, f"{here}/resolution/").json()["resolved"]
    assert rows(script, f"/api/rounds/{opened.pk}/comments/?resolved=false") == []
    assert script.delete(f"{here}/resolution/").status_code == 204
    assert send(own, f"{here}/resolution/").status_code == 404


def test_a_published_corpus_comes_in_and_goes(script, corpus):
    data = [{"data": {"text": "a"}, "annotations": []}]
    token = uploaded(script, corpus, "table.json", json.dumps(data).encode())
    wrong = send(script, f"/api/corpora/{corpus.pk}/imports/", {"uploads": ["none"]})
    assert wrong.status_code == 400 and "not complete" in wrong.json()["detail"]
    made = send(script, f"/api/corpora/{corpus.pk}/imports/", {"uploads": [token]})
    assert made.status_code == 201 and made.json()["files"] == ["table.json"]
    address = made.headers["Location"]
    row = TableImport.objects.get()
    TableImport.objects.update(status="draft", report={"counts": {"utterances": 1}})
    read = script.get(address).json()
    assert (read["phase"], read["state"], read["counts"]) == ("read", "draft", {"utterances": 1})
    unnamed = send(script, f"{address}confirmation/", {"labels": "annotator"})
    assert unnamed.status_code == 400 and "annotator" in unnamed.json()["detail"]
    stored = send(script, f"{address}confirmation/", {"labels": "none"})
    assert stored.status_code == 202 and stored.json()["phase"] == "store"
    assert script.get(stored.json()["job"]).json()["kind"] == "tableimport"
    assert send(script, f"{address}undo/").status_code == 202
    assert Event.objects.filter(noun="tableimport", noun_id=row.pk, verb="confirm").exists()


def test_expert_labels_and_quality_flags(script, corpus, judged):
    dialogue = corpus.dialogues.first()
    utterance = dialogue.utterances.first()
    address = f"/api/dialogues/{dialogue.pk}/expert-labels/"
    label = {"utterance": utterance.pk, "task": "emotion", "value": "joy", "why": "laughs"}
    saved = send(script, address, {"labels": [label]}).json()["labels"]
    assert saved == script.get(address).json()["labels"] and saved[0]["why"] == "laughs"
    for wrong in ({"value": "purple"}, {"utterance": 10**6}, {"task": "nothing"}):
        assert send(script, address, {"labels": [label | wrong]}).status_code in (400, 409)
    assert ExpertLabel.objects.count() == 1
    flag = QualityFlag.objects.create(round=judged, kind="fast", key="f", neg_log10_p=4.0)
    review = {"outcome": "talked", "words": "so"}
    assert send(script, f"/api/quality-flags/{flag.pk}/reviews/", review).status_code == 200
    [found] = rows(script, f"/api/rounds/{judged.pk}/quality-flags/")
    assert found["reviews"][0]["outcome"] == "talked"


@pytest.mark.parametrize(
    ("place", "most"),
    [
        ("corpora/{corpus}/rounds", 5),
        ("rounds/{round}/participants", 5),
        ("rounds/{round}/judgements", 6),
        ("rounds/{round}/items", 12),
        ("rounds/{round}/comments", 10),
        ("rounds/{round}/dialogues", 5),
    ],
)
def test_lists_cost_the_same_however_long(
    script, corpus, judged, place, most, django_assert_max_num_queries
):
    address = f"/api/{place.format(corpus=corpus.pk, round=judged.pk)}/"
    script.get(address)  # counts what is new
    for work in judged.assignments.all():
        comment = Comment.make(work, work.dialogue.utterances.first(), "comment", "what?")
        comment.reply(corpus.owner, "so")
    with django_assert_max_num_queries(most):
        assert script.get(address).json()["results"]
