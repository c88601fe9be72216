import json
import subprocess

import av
import numpy as np
import pytest

from corpus import media


def make(path, *arguments):
    subprocess.run([media.ffmpeg_path(), "-loglevel", "error", *arguments, str(path)], check=True)
    return path


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
    with pytest.raises(media.MediaError, match=part):
        media.probe(path)


def test_a_cut_clip_plays_in_browsers_and_has_its_length(film, tmp_path):
    clip = tmp_path / "clip.mp4"
    media.cut(film, media.probe(film), 2.0, 5.0, clip)
    with av.open(str(clip)) as container:
        names = {stream.type: stream.codec_context.name for stream in container.streams}
        assert names == {"video": "h264", "audio": "aac"}
        assert container.duration / av.time_base == pytest.approx(3.0, abs=0.1)
        keys = [float(p.pts * p.time_base) for p in container.demux(video=0) if p.is_keyframe]
    assert max(np.diff(keys)) <= 0.55
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert not list(tmp_path.glob("*.partial"))


def test_the_cut_shows_the_right_moment(tmp_path):
    """Brightness rises with time; the first frame of a cut at 3 s is as bright as at 3 s."""
    source = make(
        tmp_path / "ramp.mp4",
        *("-f", "lavfi", "-i", "color=black:s=64x64:r=25:d=6"),
        *("-vf", "geq=lum='20+T*35':cb=128:cr=128", "-pix_fmt", "yuv420p"),
    )
    clip = tmp_path / "clip.mp4"
    media.cut(source, media.probe(source), 3.0, 4.0, clip)
    with av.open(str(clip)) as container:
        first = next(container.decode(video=0)).to_ndarray(format="gray")
    assert first.mean() == pytest.approx((20 + 3 * 35 - 16) * 255 / 219, abs=4)


def test_sound_without_picture_becomes_a_clip_with_a_poster(tmp_path):
    source = make(tmp_path / "tone.wav", "-f", "lavfi", "-i", "sine=frequency=300:duration=2")
    found = media.probe(source)
    clip = tmp_path / "clip.mp4"
    media.cut(source, found, 0, 2, clip)
    media.poster(clip, found, tmp_path / "poster.jpg")
    media.audio(clip, tmp_path / "sound.flac")
    assert not found.has_video and (tmp_path / "poster.jpg").stat().st_size > 500
    assert len(media.samples(tmp_path / "sound.flac")) == pytest.approx(2 * media.RATE, rel=0.05)


def test_peaks_follow_the_loudness(tmp_path):
    wave = np.concatenate([np.zeros(media.RATE), 0.5 * np.ones(media.RATE)]).astype(np.float32)
    found = media.peaks(wave)
    assert len(found) == 2 * media.PEAKS_PER_SECOND
    assert set(found[:50]) == {0.0} and set(found[50:]) == {0.5}
    assert media.peaks(np.zeros(0, np.float32)) == []


def test_written_peaks_are_those_of_the_sound(film, tmp_path):
    clip = tmp_path / "c.mp4"
    media.cut(film, media.probe(film), 0, 1, clip)
    media.audio(clip, tmp_path / "s.flac")
    media.write_peaks(tmp_path / "s.flac", tmp_path / "p.json")
    assert max(json.loads((tmp_path / "p.json").read_text())) == pytest.approx(0.12, abs=0.03)
