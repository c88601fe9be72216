import subprocess

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


def test_peaks_follow_the_loudness(tmp_path):
    wave = np.concatenate([np.zeros(media.RATE), 0.5 * np.ones(media.RATE)]).astype(np.float32)
    found = media.peaks(wave)
    assert len(found) == 2 * media.PEAKS_PER_SECOND
    assert set(found[:50]) == {0.0} and set(found[50:]) == {0.5}
    assert media.peaks(np.zeros(0, np.float32)) == []
