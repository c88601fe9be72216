"""Drafts, other segmentation and other files of sources, by the API."""

import json

import pytest
from django.core.files import File

from corpus.models import Source
from tests.conftest import SRT
from tests.factories import make_dialogue, make_member, make_person, open_round
from tests.scripts import script_of, send, uploaded

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(lead, corpus):
    return script_of(lead)


@pytest.fixture
def source(corpus, film, srt):
    found = corpus.sources.create(title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        found.media.save("film.mp4", File(media))
        found.transcript.save("film.srt", File(words))
    return found.run()


def test_an_episode_is_divided_anew(script, corpus, source):
    here = f"/api/sources/{source.pk}/segmentation/"
    assert source.dialogues.count() == 2
    assert send(script, here, {"gap": 0}).status_code == 400
    job = send(script, here, {"gap": 0.1})
    assert job.status_code == 202 and job.json()["state"] == "queued"
    busy = send(script, here, {"gap": 0.1})
    assert busy.status_code == 409 and "imported" in busy.json()["detail"]
    Source.objects.get(pk=source.pk).run()
    assert source.dialogues.count() == 4
    assert send(script_of(make_member(corpus)), here, {"gap": 3.0}).status_code == 404


def test_a_source_has_other_words(script, corpus, source):
    here = f"/api/sources/{source.pk}/replacement/"
    nothing = send(script, here)
    assert nothing.status_code == 400 and "Choose a file" in nothing.json()["detail"]
    assert send(script, here, {"transcript": "none"}).status_code == 400
    token = uploaded(script, corpus, "other.srt", SRT.encode())
    replaced = send(script, here, {"transcript": token})
    assert replaced.status_code == 200 and replaced.json()["state"] == "draft", replaced.content
    assert not source.dialogues.exists()


def test_problems_of_a_transcript_are_read_unless_its_words_are_withheld(script, corpus):
    source = make_dialogue(corpus).source
    for line, outcome in ((3, "repaired"), (7, "rejected")):
        source.import_problems.create(
            line=line, column="text", value="??", outcome=outcome, reason="not a JSON object"
        )
    here = f"/api/sources/{source.pk}/problems.ndjson"

    def lines(script, query=""):
        answer = script.get(here + query)
        return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]

    [first, second] = lines(script)
    assert (first["line"], first["outcome"], second["line"]) == (3, "repaired", 7)
    assert second["reason"] == "not a JSON object" and second["value"] == "??"
    assert lines(script, "?outcome=rejected") == [second]
    assert script.get(f"{here}?outcome=x").status_code == 400
    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        assert script_of(person).get(here).status_code == 404
    blind = make_member(corpus, "lead")
    open_round(corpus, [blind], view="audio")
    answer = script_of(blind).get(here)
    assert answer.status_code == 403 and "Withheld from you" in answer.json()["detail"]


def test_streams_of_a_draft_are_chosen(script, corpus, source):
    here = f"/api/sources/{source.pk}/"
    [track] = script.get(here).json()["sound_tracks"]
    confirmed = send(script, here, {"sound_track": track["stream"]}, "patch")
    assert confirmed.status_code == 409 and "confirmed" in confirmed.json()["detail"]
    Source.objects.filter(pk=source.pk).update(status="draft")
    assert script.get(here).json()["subtitle_tracks"] == []
    wrong = send(script, here, {"sound_track": 77}, "patch")
    assert wrong.status_code == 400 and str(track["stream"]) in wrong.json()["detail"]
    assert send(script, here, {"subtitle_track": 0}, "patch").status_code == 400
    assert send(script, here, {"sound_track": track["stream"]}, "patch").status_code == 200
    assert Source.objects.get(pk=source.pk).track == track["stream"]
    assert send(script, here, {"subtitle_track": None}, "patch").status_code == 200


def test_a_draft_is_read_as_it_is_said(script, corpus):
    words = SRT.replace("你好", "- 甲：你好")
    token = uploaded(script, corpus, "talk.srt", words.encode())
    made = send(script, f"/api/corpora/{corpus.pk}/sources/", {"transcript": token})
    Source.objects.update(inspection={"shots": [], "heard": []})
    body = {"gap": 2.0, "prefixes": "listed", "names": ["甲"], "dashes": False, "rolling": True}
    here = f"{made.headers['Location']}reading/"
    read = send(script, here, body | {"names": ["张三"]}).json()
    assert read["speakers"] == [{"name": "张三", "utterances": 2}] and not read["obstacle"]
    assert sum(part["utterances"] for part in read["dialogues"]) == SRT.count("-->")
    assert send(script, here).json()["encoding"] == "utf-8"
    assert "60" in send(script, here, {"gap": 900}).json()["detail"]
    wrong = send(script, here, {"encoding": "klingon"})
    assert wrong.status_code == 400 or wrong.json()["obstacle"]
    assert Source.objects.get().status == "draft" and not Source.objects.get().read_options
    for person in (make_member(corpus), make_member(corpus, "adjudicator"), make_person()):
        assert send(script_of(person), here, body).status_code == 404
    job = send(script, f"{made.headers['Location']}confirmation/", body)
    assert job.status_code == 202, job.content
    options = Source.objects.get().read_options
    assert (options["prefixes"], options["names"]) == ("listed", ["甲"])
    assert (options["dashes"], options["rolling"]) == (False, True)
    assert "no draft" in send(script, here, body).json()["detail"]
