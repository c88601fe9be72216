"""Media of dialogues and utterances by the API, in parts, under the policy of the corpus."""

import io
import wave

import pytest
from django.core.files import File

from annotation.models import Round
from corpus.models import Corpus, Dialogue, Utterance
from people.models import Event
from tests.factories import make_dialogue, make_member, make_person, open_round
from tests.scripts import script_of

pytestmark = pytest.mark.django_db
PARTS = ("clip", "silent", "sound", "audio", "poster", "peaks")


@pytest.fixture
def dialogue(corpus, film, srt):
    source = corpus.sources.create(title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        source.media.save("film.mp4", File(media))
        source.transcript.save("film.srt", File(words))
    source.run()
    source.publish(corpus.owner)
    return source.dialogues.first()


def content(response):
    assert response.status_code in (200, 206), response.content
    return b"".join(response)


def statuses(script, dialogue):
    here = f"/api/dialogues/{dialogue.pk}/media"
    found = {name: script.get(f"{here}/{name}/").status_code for name in PARTS}
    sound = f"/api/utterances/{dialogue.utterances.first().pk}/sound.wav"
    return found | {"utterance": script.get(sound).status_code}


def test_files_of_a_dialogue_whole_and_in_parts(lead, dialogue):
    script, here = script_of(lead), f"/api/dialogues/{dialogue.pk}/media"
    assert set(statuses(script, dialogue).values()) == {200}
    whole = content(script.get(f"{here}/clip/"))
    with dialogue.clip.open("rb") as clip:
        assert whole == clip.read()
    part = script.get(f"{here}/clip/", headers={"range": "bytes=10-19"})
    assert part.status_code == 206 and content(part) == whole[10:20]
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"
    beyond = script.get(f"{here}/clip/", headers={"range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416
    for name in ("transcript", "clip.mp4"):
        assert script.get(f"{here}/{name}/").status_code == 404
    events = Event.objects.filter(verb="download", noun="dialogue", noun_id=dialogue.pk)
    files = [event.detail["file"] for event in events.order_by("pk")]
    assert files == [*PARTS, "sound", "clip"]  # what goes on with a download is not another one


def test_the_sound_of_an_utterance(lead, dialogue):
    utterance = dialogue.utterances.last()
    address = f"/api/utterances/{utterance.pk}/sound.wav"
    answer = script_of(lead).get(address)
    sound = content(answer)
    with wave.open(io.BytesIO(sound)) as read:
        assert (read.getframerate(), read.getnchannels(), read.getsampwidth()) == (16_000, 1, 2)
        assert read.getnframes() / 16_000 == pytest.approx(
            utterance.end - utterance.start, abs=0.01
        )
    part = script_of(lead).get(address, headers={"range": "bytes=-7"})
    assert part.status_code == 206 and content(part) == sound[-7:]
    Utterance.objects.filter(pk=utterance.pk).update(start=None)
    assert script_of(lead).get(address).status_code == 404
    Dialogue.objects.filter(pk=dialogue.pk).update(audio="gone.flac")
    first = f"/api/utterances/{dialogue.utterances.first().pk}/sound.wav"
    assert script_of(lead).get(first).status_code == 404


def test_who_may_not_download_clips_gets_none(corpus, dialogue):
    annotator = script_of(make_member(corpus))
    assert set(statuses(annotator, dialogue).values()) == {404}
    Corpus.objects.update(media_policy=Corpus.MediaPolicy.MEMBERS)
    assert set(statuses(annotator, dialogue).values()) == {200}
    assert set(statuses(script_of(make_person()), dialogue).values()) == {404}
    dialogue.publication.delete()
    assert set(statuses(annotator, dialogue).values()) == {404}


@pytest.mark.parametrize(
    ("view", "given"),
    [
        (Round.View.AUDIO, {"sound", "audio", "peaks", "utterance"}),
        (Round.View.SILENT, {"silent"}),
        (Round.View.TEXT, set()),
        (Round.View.FULL, {*PARTS, "utterance"}),
    ],
)
@pytest.mark.parametrize("role", ["annotator", "lead"])
def test_the_view_of_a_round_holds_for_who_annotates_it(corpus, dialogue, role, view, given):
    Corpus.objects.update(media_policy=Corpus.MediaPolicy.MEMBERS)
    person = make_member(corpus, role)
    open_round(corpus, [person], view=view)
    found = statuses(script_of(person), dialogue)
    assert {name for name, status in found.items() if status == 200} == given
    assert set(found.values()) <= {200, 403}


def test_a_clip_without_sound_says_so(lead, corpus, dialogue):
    silent = content(script_of(lead).get(f"/api/dialogues/{dialogue.pk}/media/silent/"))
    dialogue.clip.save("silent.mp4", File(io.BytesIO(silent)))
    Dialogue.objects.filter(pk=dialogue.pk).update(audio="", clip_sha256="")
    refused = script_of(lead).get(f"/api/dialogues/{dialogue.pk}/media/sound/")
    assert refused.status_code == 409 and "sound" in refused.json()["detail"]


def test_what_was_uploaded_is_for_leads(lead, corpus, dialogue, srt):
    here = f"/api/sources/{dialogue.source_id}/files"
    words = script_of(lead).get(f"{here}/transcript/")
    assert content(words) == srt.read_bytes()
    assert script_of(lead).get(f"{here}/media/").status_code == 200
    assert script_of(lead).get(f"{here}/poster/").status_code == 404
    assert script_of(make_member(corpus)).get(f"{here}/media/").status_code == 404
    annotates = make_member(corpus, "lead")
    open_round(corpus, [annotates], view=Round.View.AUDIO)
    assert script_of(annotates).get(f"{here}/media/").status_code == 403


def test_a_dialogue_of_words_alone_has_no_media(lead, corpus):
    dialogue = make_dialogue(corpus)
    assert set(statuses(script_of(lead), dialogue).values()) == {404}
