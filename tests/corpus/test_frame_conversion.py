"""Frames upright, in square pixels, without combs, whatever changes on the way."""

import struct

import av
import numpy as np
import pytest

from tests.corpus.marked_films import X264, beeps, lights, make, seen
from tests.corpus.test_clip_writer import cut_all

UNIT = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
TURNS = [(a, 0, 0, d) for a in (1, -1) for d in (1, -1)]
TURNS += [(0, b, c, 0) for b in (1, -1) for c in (1, -1)]


def first(path):
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="gray").astype(int)


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    path = tmp_path_factory.mktemp("flat") / "flat.mp4"
    return make(path, "-f", "lavfi", "-i", "testsrc=s=192x108:r=25:d=1", *X264)


@pytest.mark.parametrize("matrix", TURNS)
def test_every_turn_and_mirror_is_as_ffmpeg_has_it(matrix, flat, tmp_path):
    data = flat.read_bytes()
    at = data.rindex(UNIT)  # of the track, after that of the film
    a, b, c, d = (part * 65536 for part in matrix)
    turned = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    (tmp_path / "turned.mp4").write_bytes(data[:at] + turned + data[at + 36 :])
    cut_all(tmp_path / "turned.mp4", [(0.0, 0.9)], tmp_path / "clips")
    theirs = first(make(tmp_path / "theirs.mp4", "-i", str(tmp_path / "turned.mp4"), *X264))
    ours = first(tmp_path / "clips/000.mp4")
    assert ours.shape == theirs.shape and np.abs(ours - theirs).mean() < 2


@pytest.mark.parametrize(
    ("size", "pixel", "shown"),
    [
        ("720x576", "64/45", (1024, 576)),
        ("720x480", "8/9", (640, 480)),
        ("1440x1080", "4/3", (1280, 720)),
    ],
)
def test_pixels_become_square(size, pixel, shown, tmp_path):
    film = make(tmp_path / "wide.mp4", *lights([0.4], 1, size, f",setsar={pixel}"), *X264)
    cut_all(film, [(0.0, 0.9)], tmp_path / "clips")
    assert seen(tmp_path / "clips/000.mp4").size == shown
    with av.open(str(tmp_path / "clips/000.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio in (None, 0, 1)


def combs(path):
    """How much the lines between differ from their neighbours, grey levels."""
    with av.open(str(path)) as container:
        frames = [f.to_ndarray(format="gray").astype(int) for f in container.decode(video=0)]
    return np.mean([np.abs(2 * f[1:-1] - f[:-2] - f[2:]).mean() for f in frames])


def test_interlaced_pictures_lose_their_combs_and_keep_their_times(tmp_path):
    film = make(
        tmp_path / "fields.mpg", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=50:d=2",
        *("-vf", "interlace", "-c:v", "mpeg2video", "-b:v", "3M", "-flags", "+ildct+ilme"),
    )  # fmt: skip
    (clip,) = cut_all(film, [(0.4, 1.6)], tmp_path / "clips")
    assert combs(tmp_path / "clips/000.mp4") < combs(film) / 2
    with av.open(str(tmp_path / "clips/000.mp4")) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([n / 25 for n in range(30)], abs=1e-3) and clip.frames == 30


def test_a_change_of_size_on_the_way_keeps_the_shape(tmp_path):
    """A 4:3 picture goes between black bars into the 16:9 clip that it turns up in."""
    parts = []
    for number, (size, pixel) in enumerate(
        [("320x180", "1"), ("320x240", "1"), ("360x288", "64/45")]
    ):
        offset = ["-output_ts_offset", str(3 * number)]
        card = lights([1], 3, size, f",setsar={pixel}")
        parts.append(make(tmp_path / f"{number}.ts", *card, *beeps([1], 3), *X264, *offset))
    (tmp_path / "all.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    (clip,) = cut_all(tmp_path / "all.ts", [(0.5, 8.5)], tmp_path / "clips")
    found = seen(tmp_path / "clips/000.mp4")
    assert found.size == (320, 180)
    assert found.flashes == pytest.approx([n - clip.start for n in (1, 4, 7)], abs=0.05)
    assert found.beeps == pytest.approx(found.flashes, abs=0.03)
    with av.open(str(tmp_path / "clips/000.mp4")) as container:
        lines = [(f.time, f.to_ndarray(format="gray")[90]) for f in container.decode(video=0)]
    bars = {round(time): int((line < 25).sum()) for time, line in lines}
    assert (bars[2], bars[7]) == (0, 0) and bars[4] == pytest.approx(80, abs=4)
