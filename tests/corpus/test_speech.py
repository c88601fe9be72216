"""Speech is found; a recogniser from a directory gives words; nothing is fetched."""

import wave

import numpy as np
import pytest

from corpus.recognisers import SpeechError
from corpus.speech import LONGEST, Listening, recognise_speech
from tests.corpus.recogniser_factories import make_ctc
from tests.corpus.test_clip_writer import make


@pytest.fixture(scope="module")
def speech(pytestconfig):
    """The demo's own synthetic speech: an episode with its subtitles."""
    film = pytestconfig.rootpath / "demo/media/flat.mp4"
    return film if film.exists() else next((pytestconfig.rootpath / "demo").rglob("*.mp4"))


def test_a_tone_is_no_speech(tmp_path):
    assert (
        recognise_speech(make(tmp_path / "tone.wav", "-f", "lavfi", "-i", "sine=duration=3")) == []
    )


def test_speech_lies_where_the_subtitles_are(speech):
    from corpus.transcripts.reader import read

    srt = speech.with_suffix(".srt")
    cues = read(srt.name, srt.read_bytes()).cues
    shares = []
    found = recognise_speech(speech, report_progress=shares.append)
    assert shares[-1] == 1.0 and all(cue.machine and not cue.text for cue in found)
    assert all(0 < cue.end - cue.start <= LONGEST + 1 for cue in found)
    grid = np.arange(0, cues[-1].end, 0.01)

    def inside(spans):
        return np.any([(grid >= s.start) & (grid < s.end) for s in spans], axis=0)

    said, heard = inside(cues), inside(found)
    assert (said & heard).sum() / said.sum() > 0.7
    assert (said & heard).sum() / heard.sum() > 0.9


def test_a_recogniser_in_a_directory_is_used(speech, tmp_path):
    """A tiny one made on the spot: its words mean nothing, but they come from it."""
    make_ctc(tmp_path / "model")
    short = make(tmp_path / "short.wav", "-i", str(speech), "-t", "6", "-vn")
    found = recognise_speech(short, Listening(str(tmp_path / "model")))
    assert found and {cue.text for cue in found} == {"你"}


@pytest.mark.parametrize("content", [None, "{}"])
def test_a_directory_without_a_recogniser_is_said(tmp_path, content):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\0\0" * 1600)
    folder = tmp_path / "model"
    if content is not None:
        folder.mkdir()
        (folder / "config.json").write_text(content)
    with pytest.raises(SpeechError, match="cannot be used"):
        recognise_speech(tmp_path / "a.wav", Listening(str(folder)))


def test_speech_is_found_where_players_have_it(speech, tmp_path):
    """A picture that begins two seconds before the sound; another track that is silent."""
    inputs = ["-f", "lavfi", "-i", "color=black:s=64x64:r=25:d=9", "-t", "6", "-i", str(speech)]
    mapped = ["-map", "0:v", "-map", "1:a", "-filter:a:0", "asetpts=PTS+2/TB"]
    late = make(tmp_path / "late.mp4", *inputs, *mapped)
    plain = make(tmp_path / "plain.wav", "-t", "6", "-i", str(speech), "-vn")
    starts = [cue.start for cue in recognise_speech(plain)]
    assert starts and [cue.start for cue in recognise_speech(late)] == [
        pytest.approx(start + 2, abs=0.1) for start in starts
    ]
    two = make(
        tmp_path / "two.mkv", "-f", "lavfi", "-i", "anullsrc=d=6", "-i", str(plain), "-map", "0",
        "-map", "1", "-disposition:a:0", "default",
    )  # fmt: skip
    assert recognise_speech(two) == [] and [
        cue.start for cue in recognise_speech(two, track=1)
    ] == [pytest.approx(start, abs=0.1) for start in starts]


def test_a_damaged_packet_costs_itself_alone(speech, tmp_path):
    plain = make(tmp_path / "plain.mkv", "-t", "8", "-i", str(speech), "-vn", "-c:a", "aac")
    spoilt = ["-c", "copy", "-bsf:a", "noise=amount='eq(n,20)'"]
    broken = make(tmp_path / "broken.mkv", "-i", str(plain), *spoilt)
    whole, found = recognise_speech(plain), recognise_speech(broken)
    assert found and found[-1].end == pytest.approx(whole[-1].end, abs=0.2)
