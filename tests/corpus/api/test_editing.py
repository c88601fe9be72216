"""Editing dialogues, and where they begin, by the API."""

import uuid

import pytest
from django.core.files import File

from annotation.models import Round
from corpus.models import Revision, Source
from people.models import Event
from tests.factories import make_dialogue, make_member, make_person, open_round
from tests.scripts import script_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(lead, corpus):
    return script_of(lead)


@pytest.fixture
def dialogue(corpus):
    return make_dialogue(corpus, published=False)


def test_turns_are_edited_undone_and_gone_back_to(script, corpus, dialogue):
    here = f"/api/dialogues/{dialogue.pk}"
    document = script.get(f"{here}/head/").json()
    assert (document["head"], document["draft"], document["can_undo"]) == (0, False, False)
    first, *others = document["turns"]
    halves = [
        first | {"text": "one", "end": first["start"] + 0.2},
        {"text": "two", "speaker": first["speaker"], "start": first["start"] + 0.2,
         "end": first["end"]},
    ]  # fmt: skip
    body = {"base": 0, "turns": [*halves, *others], "client_id": str(uuid.uuid4())}
    split = send(script, f"{here}/revisions/", body)
    assert split.status_code == 201 and split.json()["head"] == 1
    assert [turn["text"] for turn in split.json()["turns"]][:2] == ["one", "two"]
    assert split.json()["turns"][0]["uid"] == first["uid"]
    again = send(script, f"{here}/revisions/", body)
    assert again.status_code == 201 and Revision.objects.filter(number__gt=1).count() == 0
    undone = send(script, f"{here}/head/", {"base": 1, "to": "undo"}).json()
    assert undone["turns"] == document["turns"] and undone["can_redo"]
    assert send(script, f"{here}/head/", {"base": 0, "to": "redo"}).json()["head"] == 1
    back = send(script, f"{here}/head/", {"base": 1, "revision": 0}).json()
    assert back["turns"] == document["turns"]
    history = script.get(f"{here}/revisions/").json()["results"]
    assert [row["number"] for row in history] == [1, 0] and history[0]["summary"]
    assert history[0]["person"] == corpus.owner_id
    rows = script.get(f"/api/corpora/{corpus.pk}/utterances/?dialogue={dialogue.pk}").json()
    assert len(rows["results"]) == len(document["turns"])
    verbs = set(Event.objects.filter(noun_id=dialogue.pk).values_list("verb", flat=True))
    assert {"edit", "undo", "redo", "restore"} <= verbs


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"base": 7}, 409, "meanwhile"),
        ({"turns": []}, 400, "turns"),
        ({"turns": [{"text": "a", "speaker": 10**6, "start": 0.0, "end": 0.5}]}, 409, "speaker"),
        ({"turns": [{"text": "a", "uid": "x", "start": 0.0, "end": 0.5}]}, 409, "not known"),
        ({"turns": [{"text": 1}]}, 400, "turns.0.text"),
        ({"turns": [{"text": "a", "start": "0"}]}, 400, "turns.0.start"),
        ({"turn": []}, 400, "turn"),
    ],
)
def test_edits_that_cannot_be(script, dialogue, change, status, says):
    here = f"/api/dialogues/{dialogue.pk}"
    turns = script.get(f"{here}/head/").json()["turns"]
    refused = send(script, f"{here}/revisions/", {"base": 0, "turns": turns} | change)
    assert refused.status_code == status and says in refused.json()["detail"], refused.content
    assert script.get(f"{here}/head/").json()["turns"] == turns


@pytest.mark.parametrize("move", [{}, {"to": "undo", "revision": 0}, {"to": "sideways"}])
def test_moves_that_cannot_be(script, dialogue, move):
    refused = send(script, f"/api/dialogues/{dialogue.pk}/head/", {"base": 0} | move)
    assert refused.status_code == 400
    nothing = send(script, f"/api/dialogues/{dialogue.pk}/head/", {"base": 0, "to": "undo"})
    assert nothing.status_code == 409 and "nothing to undo" in nothing.json()["detail"]


def test_only_leads_edit_and_not_what_is_withheld_from_them(corpus, lead):
    dialogue = make_dialogue(corpus)
    head = f"/api/dialogues/{dialogue.pk}/head/"
    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        assert script_of(person).get(head).status_code == 404
    other = make_member(corpus, "lead")
    open_round(corpus, [other], dialogues=corpus.dialogues.all(), view=Round.View.AUDIO)
    for address in (head, f"/api/dialogues/{dialogue.pk}/revisions/"):
        assert script_of(other).get(address).status_code == 403
    assert script_of(lead).get(head).status_code == 200


def test_dialogues_are_split_and_joined(script, corpus, film, srt):
    source = corpus.sources.create(title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        source.media.save("film.mp4", File(media))
        source.transcript.save("film.srt", File(words))
    source.run()
    first, second = source.dialogues.all()
    address = f"/api/dialogues/{second.pk}/split/"
    job = send(script, address, {"utterance": second.utterances.last().pk})
    assert job.status_code == 202 and job.json()["kind"] == "source", job.content
    busy = send(script, address, {"utterance": second.utterances.last().pk})
    assert busy.status_code == 409
    Source.objects.get(pk=source.pk).run()
    assert [d.utterances.count() for d in source.dialogues.all()] == [2, 1, 1]
    assert send(script, f"/api/dialogues/{first.pk}/join/").status_code == 202
    Source.objects.get(pk=source.pk).run()
    assert [d.utterances.count() for d in source.dialogues.all()] == [3, 1]
    last = source.dialogues.last()
    refused = send(script, f"/api/dialogues/{last.pk}/join/")
    assert refused.status_code == 409 and "no next dialogue" in refused.json()["detail"]
    last.publish(corpus.owner)
    whole = {"utterance": last.utterances.first().pk}
    published = send(script, f"/api/dialogues/{last.pk}/split/", whole)
    assert published.status_code == 409 and "published" in published.json()["detail"]
    other = {"utterance": source.dialogues.first().utterances.first().pk}
    assert send(script, f"/api/dialogues/{last.pk}/split/", other).status_code == 404


def test_a_dialogue_without_times_is_not_split(script, corpus):
    dialogue = make_dialogue(corpus, published=False)
    dialogue.utterances.update(start=None, end=None)
    body = {"utterance": dialogue.utterances.last().pk}
    refused = send(script, f"/api/dialogues/{dialogue.pk}/split/", body)
    assert refused.status_code == 409 and "no times" in refused.json()["detail"]
