from dataclasses import asdict

import numpy as np
import pytest

from corpus import media
from corpus.media_info import RATE, MediaError, Probe, Track
from tests.corpus.marked_films import X264, beeps, lights, make


def test_probe_says_what_is_inside(film):
    found = media.probe(film)
    assert found.duration == pytest.approx(10, abs=0.1)
    assert (found.width, found.height, found.has_audio) == (320, 180, True)


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("empty.mp4", b"", "empty"),
        ("program.mp4", b"MZ\x90\x00" + b"\x00" * 400, "not video or audio"),
        ("notes.mp4", "你好".encode() * 50, "not video or audio"),
        (
            "list.m3u8",
            b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
            "list of other files|not video",
        ),
        ("list.mp4", b"ffconcat version 1.0\nfile '/etc/passwd'\n", "list of other|not video"),
    ],
)
def test_what_is_not_media_is_refused(tmp_path, name, data, part):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MediaError, match=part):
        media.probe(path)


def test_peaks_follow_the_loudness(tmp_path):
    wave = np.concatenate([np.zeros(RATE), 0.5 * np.ones(media.RATE)]).astype(np.float32)
    found = media.peaks(wave)
    assert len(found) == 2 * media.PEAKS_PER_SECOND
    assert set(found[:50]) == {0.0} and set(found[50:]) == {0.5}
    assert media.peaks(np.zeros(0, np.float32)) == []


LENGTHS = {
    "live.webm": ["-c:v", "libvpx", "-c:a", "libopus", "-live", "1"],
    "live.mkv": [*X264, "-c:a", "aac", "-live", "1"],
    "stream.ts": [*X264, "-c:a", "mp2", "-output_ts_offset", "50"],
    "plain.mp3": ["-vn", "-c:a", "libmp3lame", "-q:a", "2", "-write_xing", "0"],
    "plain.aac": ["-vn", "-c:a", "aac"],
    "plain.ac3": ["-vn", "-c:a", "ac3"],
    "plain.m4a": ["-vn", "-c:a", "aac"],
    "plain.ogg": ["-vn", "-c:a", "libopus"],
}


@pytest.mark.parametrize("name", LENGTHS)
def test_lengths_are_those_of_the_packets(name, tmp_path):
    """Eight seconds, mostly silent, which headers leave out or guess from the bit rate."""
    film = make(tmp_path / name, *lights([1], 8), *beeps([1], 8), *LENGTHS[name])
    assert media.probe(film).duration == pytest.approx(8, abs=0.06)


def test_a_film_that_is_broken_off_is_as_long_as_what_is_left(film, tmp_path):
    whole = make(tmp_path / "whole.mkv", "-i", str(film), "-c", "copy").read_bytes()
    (tmp_path / "half.mkv").write_bytes(whole[: len(whole) // 2])
    assert 3 < media.probe(tmp_path / "half.mkv").duration < 7


def test_tracks_are_named_and_one_is_chosen(film, tmp_path):
    both = make(
        tmp_path / "both.mkv", "-i", str(film), "-map", "0:v", "-map", "0:a", "-map", "0:a",
        *("-map", "0:a", "-c", "copy", "-disposition:a:0", "default+comment"),
        *("-disposition:a:1", "0", "-disposition:a:2", "default"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:0", "title=Commentary"),
        *("-metadata:s:a:2", "language=chi"),
    )  # fmt: skip
    found = media.probe(both)
    assert found.audio == (
        Track(1, "aac", "eng", "Commentary", default=True, comment=True, channels=1),
        Track(2, "aac", channels=1),
        Track(3, "aac", "chi", default=True, channels=1),
    )
    assert (found.track, found.video) == (3, 0)
    assert Probe.from_json(asdict(found)) == found


def test_a_commentary_is_known_by_its_title(film, tmp_path):
    """MP4 flags nothing but what is enabled."""
    both = make(
        tmp_path / "both.mp4", "-i", str(film), "-map", "0:v", "-map", "0:a", "-map", "0:a",
        *("-c", "copy", "-metadata:s:a:0", "handler_name=Director's commentary"),
    )  # fmt: skip
    found = media.probe(both)
    assert [track.title for track in found.audio] == ["Director's commentary", ""]
    assert [track.comment for track in found.audio] == [True, False] and found.track == 2


def test_a_probe_of_an_earlier_version_can_be_read():
    old = {"duration": 10.0, "width": 320, "height": 180, "fps": 25.0, "has_audio": True}
    found = Probe.from_json(old | {"unknown": 1})
    assert found == Probe(10.0, 320, 180, 25.0, True) and found.track is None and found.has_video


@pytest.mark.parametrize("name", ["cover.mp3", "cover.m4a", "cover.flac"])
def test_cover_art_is_no_picture(name, tmp_path):
    card = ["-f", "lavfi", "-i", "testsrc=s=64x64:d=0.04", "-frames:v", "1"]
    art = make(tmp_path / "art.jpg", *card)
    inputs = [*beeps([1], 3), "-i", str(art), "-map", "0", "-map", "1", "-c:v", "copy"]
    found = media.probe(make(tmp_path / name, *inputs, "-disposition:v", "attached_pic"))
    assert not found.has_video and found.has_audio and found.video is None
    assert found.duration == pytest.approx(3, abs=0.06)


def test_the_size_is_that_of_square_pixels(tmp_path):
    wide = make(tmp_path / "wide.mkv", *lights([], 1, "720x576", ",setsar=64/45"), *X264)
    found = media.probe(wide)
    assert (found.width, found.height) == (1024, 576)


def test_pictures_without_any_times_are_refused(tmp_path):
    raw = make(tmp_path / "raw.h264", *lights([], 1), *X264)
    with pytest.raises(MediaError, match="does not say when its sound or picture comes"):
        media.probe(raw)
