"""Speakers are proposed by their voices, marked as a machine's, and confirmed by a person."""

import numpy as np
import pytest
from django.core.files import File
from django.urls import reverse

from corpus.models import Speaker
from corpus.recognisers import SpeechError
from corpus.source_inspection import listening
from corpus.speaker_vectors import SIMILARITY, SpeakerEncoder, cluster
from corpus.speech import Listening, recognise_speech
from tests.corpus.recogniser_factories import make_ctc, make_speaker_encoder
from tests.corpus.test_clip_writer import make


def voices(*numbers):
    draw = np.random.default_rng(0)
    rows = np.eye(4, 16)[list(numbers)] + draw.normal(0, 0.05, (len(numbers), 16))
    return list((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))


def test_voices_that_are_alike_are_one_speaker():
    rows = voices(2, 0, 2, 1, 0)
    assert cluster(rows, SIMILARITY) == [1, 2, 1, 3, 2]
    assert cluster([None, *rows[:2], None], SIMILARITY) == [None, 1, 2, None]
    assert cluster(rows, -1.0) == [1] * 5
    assert cluster(rows[:1], SIMILARITY) == [1] and cluster([None], SIMILARITY) == [None]


def test_more_voices_than_are_clustered_go_to_the_nearest(monkeypatch):
    monkeypatch.setattr("corpus.speaker_vectors.MOST", 3)
    assert cluster(voices(0, 1, 0, 1, 0), SIMILARITY) == [1, 2, 1, 2, 1]


def test_an_encoder_of_voices_gives_vectors_and_another_network_is_refused(tmp_path):
    make_speaker_encoder(tmp_path / "xvector")
    encoder = SpeakerEncoder(str(tmp_path / "xvector"))
    wave = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    assert np.linalg.norm(encoder.vector(wave)) == pytest.approx(1, abs=1e-5)
    assert encoder.vector(wave[:4000]) is None
    make_speaker_encoder(tmp_path / "plain", head=False)
    with pytest.raises(SpeechError, match="no x-vector head"):
        SpeakerEncoder(str(tmp_path / "plain"))
    with pytest.raises(SpeechError, match="no such directory"):
        SpeakerEncoder(str(tmp_path / "none"))


def test_what_is_heard_has_words_and_speakers(tmp_path, pytestconfig, settings):
    speech = next((pytestconfig.rootpath / "demo").rglob("*.mp4"))
    make_ctc(tmp_path / "ctc")
    make_speaker_encoder(tmp_path / "xvector")
    settings.ASR_MODEL_DIR, settings.SPEAKER_MODEL_DIR = (
        str(tmp_path / name) for name in ("ctc", "xvector")
    )
    settings.SPEAKER_SIMILARITY = -1.0
    short = make(tmp_path / "short.wav", "-i", str(speech), "-t", "6", "-vn")
    found = recognise_speech(short, listening())
    assert found and {(cue.text, cue.speaker, cue.machine) for cue in found} == {("你", "1", True)}
    assert {cue.speaker for cue in recognise_speech(short, Listening())} == {""}


def test_proposed_speakers_are_a_machines_until_somebody_saves_them(corpus, film, lead, client_of):
    source = corpus.sources.create(title="七号窗口")
    with film.open("rb") as stream:
        source.media.save("film.mp4", File(stream))
    rows = [[1.0, 2.0, "你好", "1"], [2.5, 3.0, "", ""], [3.2, 4.5, "再见", "2"]]
    source.inspection = {"shots": [], "heard": rows}
    source.save()
    source.run()
    names = dict(corpus.speakers.values_list("name", "machine"))
    assert names == {"Speaker 1 (七号窗口)": True, "Speaker 2 (七号窗口)": True}
    first = Speaker.objects.get(name__startswith="Speaker 1")
    client = client_of(lead)
    assert (
        "proposed by a machine"
        in client.get(reverse("speakers", args=[corpus.pk])).content.decode()
    )
    page = reverse("speaker", args=[first.pk])
    assert "A machine proposed this speaker" in client.get(page).content.decode()
    client.post(page, {"name": "老郑", "pseudonym": ""})
    first.refresh_from_db()
    assert (first.name, first.machine) == ("老郑", False)
    assert first.utterances.get().machine  # its words are still to be confirmed
