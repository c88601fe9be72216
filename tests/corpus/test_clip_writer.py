"""Clips on the frame grid, in one pass, from every odd file that teams have."""

import json
import random

import av
import numpy as np
import pytest

from corpus import media
from corpus.clip_format import estimated_bytes
from corpus.clip_writer import cut
from corpus.media_info import Clip, MediaError
from tests.corpus.marked_films import X264, beeps, lights, make, seen

CARD = 64  # pixels a side of a picture whose brightness is the number of its frame


def cut_all(path, spans, folder, **how):
    folder.mkdir(exist_ok=True)
    found = media.probe(path)
    done = []
    clips = cut(path, found, spans, lambda i: folder / f"{i:03d}", done.append, **how)
    assert done == list(range(len(spans))) and not list(folder.glob("*.partial"))
    return clips


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """250 frames at 25 a second; frame n is grey of level 16 + (n mod 50) * 4, losslessly."""
    return make(
        tmp_path_factory.mktemp("counted") / "counted.mkv",
        *("-f", "lavfi", "-i", f"color=black:s={CARD}x{CARD}:r=25:d=10"),
        *("-vf", "geq=lum='16+mod(N,50)*4':cb=128:cr=128,format=yuv420p"),
        *("-c:v", "libx264", "-qp", "0", "-g", "60"),
    )


def numbers(clip):
    """The number (mod 50) of each frame of a clip, and its time."""
    with av.open(str(clip)) as container:
        frames = list(container.decode(video=0))
    levels = [float(frame.to_ndarray()[:CARD, :CARD].mean()) for frame in frames]
    return [round((level - 16) / 4) for level in levels], [frame.time for frame in frames]


def test_first_and_last_frame_are_right_in_every_clip(counted, tmp_path):
    rng, spans, at = random.Random(1), [], 0.0
    while at < 8.5:
        start = at + rng.uniform(0, 0.4)
        at = start + rng.uniform(0.2, 1.3)
        spans.append((start, min(at, 9.9)))
    clips = cut_all(counted, spans, tmp_path / "clips")
    for index, ((start, end), clip) in enumerate(zip(spans, clips, strict=True)):
        first = int(start * 25 + 1e-6)
        last = int(np.ceil(end * 25 - 1e-6)) - 1
        found, times = numbers(tmp_path / f"clips/{index:03d}.mp4")
        assert found == [n % 50 for n in range(first, last + 1)], (start, end)
        assert clip.start == pytest.approx(first / 25, abs=1e-6)
        assert times == pytest.approx([n / 25 for n in range(last - first + 1)], abs=1e-3)


def test_far_spans_are_reached_by_seeking(counted, tmp_path):
    longer = make(tmp_path / "long.mkv", "-stream_loop", "5", "-i", str(counted), "-c", "copy")
    clips = cut_all(longer, [(0.5, 1.0), (40.02, 40.5), (55.0, 55.4)], tmp_path / "clips")
    assert [round(clip.start * 25) for clip in clips] == [12, 1000, 1375]
    for index, first in enumerate((12, 1000, 1375)):
        assert numbers(tmp_path / f"clips/{index:03d}.mp4")[0][0] == first % 50


def test_clips_play_in_browsers(film, tmp_path):
    cut_all(film, [(2.0, 5.0)], tmp_path / "clips")
    clip = tmp_path / "clips/000.mp4"
    with av.open(str(clip)) as container:
        names = {stream.type: stream.codec_context.name for stream in container.streams}
        assert names == {"video": "h264", "audio": "aac"}
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert container.duration / av.time_base == pytest.approx(3.0, abs=0.1)
        keys = [float(p.pts * p.time_base) for p in container.demux(video=0) if p.is_keyframe]
    assert max(np.diff(keys)) <= 0.55
    data = clip.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert clip.with_suffix(".jpg").read_bytes()[:2] == b"\xff\xd8"
    with av.open(str(clip.with_suffix(".flac"))) as container:
        stream = container.streams.audio[0]
        assert (stream.rate, stream.channels) == (16_000, 1)
    assert max(json.loads(clip.with_suffix(".json").read_text())) == pytest.approx(0.125, abs=0.03)


def test_sound_and_picture_stay_together(tmp_path):
    """White flashes and beeps at each full second; both found within 40 ms of each other."""
    source = make(
        tmp_path / "flash.mp4",
        *("-f", "lavfi", "-i", "color=black:s=64x64:r=25:d=12"),
        *("-f", "lavfi", "-i", "sine=frequency=1000:duration=12:sample_rate=44100"),
        *("-vf", "geq=lum='if(lt(mod(T,1),0.1),235,16)':cb=128:cr=128"),
        *("-af", "volume='if(lt(mod(t,1),0.1),1,0)':eval=frame", "-pix_fmt", "yuv420p"),
    )
    spans = [(0.33, 3.4), (5.51, 8.2), (8.9, 11.6)]
    clips = cut_all(source, spans, tmp_path / "clips")
    for index, clip in enumerate(clips):
        with av.open(str(tmp_path / f"clips/{index:03d}.mp4")) as container:
            light = [(f.time, f.to_ndarray()[:64].mean()) for f in container.decode(video=0)]
        with av.open(str(tmp_path / f"clips/{index:03d}.mp4")) as container:
            pieces = [(f.time, f.to_ndarray()[0]) for f in container.decode(audio=0)]
            rate = container.streams.audio[0].rate
        wave = np.concatenate([piece for _, piece in pieces])
        window = np.abs(wave[: len(wave) // 48 * 48]).reshape(-1, 48).max(axis=1)
        flashes = [t for (t, a), (_, b) in zip(light[1:], light) if a > 128 >= b]
        loud = window > 0.03
        onsets = np.flatnonzero(loud[1:] & ~loud[:-1]) * 48 / rate + pieces[0][0]
        beeps = [float(t) for t in onsets if not any(0 < t - o < 0.3 for o in onsets)]
        expected = [n - clip.start for n in range(12) if clip.start + 0.1 < n < clip.end - 0.1]
        assert flashes == pytest.approx(expected, abs=0.021)
        assert len(beeps) >= len(expected)
        for flash in flashes:
            assert min(abs(flash - beep) for beep in beeps) < 0.040


ODD = {
    "no sound": ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4"],
    "ten bit": ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4", "-pix_fmt", "yuv420p10le"],
    "odd size": ["-f", "lavfi", "-i", "testsrc2=s=321x181:r=25:d=4", "-pix_fmt", "yuv444p"],
    "large": ["-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=10:d=3", "-preset", "ultrafast"],
    "variable rate": ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4",
                      "-vf", "select='not(mod(n\\,3))+lt(n\\,30)'", "-fps_mode", "vfr"],
    "late start": ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4", "-output_ts_offset", "7"],
    "short sound": ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=4", "-f", "lavfi", "-i",
                    "sine=duration=1.5"],
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD)
def test_odd_episodes_are_made_right(kind, tmp_path):
    source = make(tmp_path / "odd.mkv", *ODD[kind])
    (clip,) = cut_all(source, [(0.5, 2.5)], tmp_path / "clips")
    with av.open(str(tmp_path / "clips/000.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert context.pix_fmt == "yuv420p"
        assert context.height % 2 == context.width % 2 == 0 and context.height <= 720
        times = [frame.time for frame in container.decode(video=0)]
    assert times[0] == 0 and times == sorted(times) and times[-1] == pytest.approx(1.95, abs=0.15)
    assert (tmp_path / "clips/000.flac").exists() == (kind == "short sound")
    if kind == "short sound":
        assert clip.samples == pytest.approx((2.5 - clip.start) * 48_000, abs=100)


def test_a_phone_held_upright_stands_upright(tmp_path):
    flat = make(tmp_path / "flat.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2")
    turned = make(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(flat), "-c", "copy")
    cut_all(turned, [(0.0, 1.5)], tmp_path / "clips")
    with av.open(str(tmp_path / "clips/000.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.width, context.height) == (180, 320)
        ours = next(container.decode(video=0)).to_ndarray(format="gray")
    reference = make(tmp_path / "reference.mp4", "-i", str(turned))
    with av.open(str(reference)) as container:
        theirs = next(container.decode(video=0)).to_ndarray(format="gray")
    assert np.abs(ours.astype(int) - theirs.astype(int)).mean() < 6


def test_sound_without_picture(tmp_path):
    source = make(tmp_path / "tone.wav", "-f", "lavfi", "-i", "sine=frequency=300:duration=3")
    (clip,) = cut_all(source, [(0.5, 2.5)], tmp_path / "clips")
    media.sound_poster(tmp_path / "clips/000.mp4", tmp_path / "clips/000.jpg")
    assert clip.samples == 96_000 and clip.frames == 0
    assert (tmp_path / "clips/000.jpg").stat().st_size > 500


def test_a_broken_tail_is_refused_with_the_time(film, tmp_path):
    whole = make(tmp_path / "whole.mkv", "-i", str(film), "-c", "copy")
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    cut_all(broken, [(0.5, 2.0)], tmp_path / "clips")
    with pytest.raises(MediaError, match="The picture ends at"):
        cut_all(broken, [(0.5, 2.0), (7.0, 9.0)], tmp_path / "more")
    assert not list((tmp_path / "more").glob("001.mp4"))


def test_clips_stay_within_the_space_that_was_announced(tmp_path):
    """Noise is what compresses worst."""
    noise = make(
        tmp_path / "noise.mkv",
        *("-f", "lavfi", "-i", "nullsrc=s=640x360:r=25:d=6,geq=random(1)*255:128:128"),
        *("-f", "lavfi", "-i", "anoisesrc=d=6:a=1", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-crf", "10", "-pix_fmt", "yuv420p"),
    )
    spans = [(0.0, 2.9), (3.0, 6.0)]
    cut_all(noise, spans, tmp_path / "clips")
    used = sum(path.stat().st_size for path in (tmp_path / "clips").iterdir())
    announced = estimated_bytes(media.probe(noise), spans)
    assert 0.2 * announced < used <= announced


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """Twelve seconds with marks at 3 and 10 s."""
    path = tmp_path_factory.mktemp("marked") / "marked.mkv"
    return make(path, *lights([3, 10], 12), *beeps([3, 10], 12), *X264, "-c:a", "aac")


LATE = {
    "late-sound.mp4": ["-af", "atrim=start=1.92"],
    "late-sound.ts": ["-af", "atrim=start=1.92"],
    "long-gops.ts": ["-g", "100", "-keyint_min", "100", "-sc_threshold", "0"],
    "clock-of-300.ts": ["-output_ts_offset", "300"],
    "sound-gap.mkv": ["-af", "aselect='not(between(t,5,8))'", "-c:a", "pcm_s16le"],
    "damaged-sound.mkv": ["-c:a", "aac", "-bsf:a", "noise=amount='eq(n,250)'"],
}


@pytest.mark.parametrize("name", LATE)
def test_flash_and_beep_are_where_the_film_has_them(name, tmp_path):
    film = make(tmp_path / name, *lights([3, 10], 12), *beeps([3, 10], 12), *X264, *LATE[name])
    clips = cut_all(film, [(2.31, 5.0), (2.5, 11.0)], tmp_path / "clips")
    for index, (clip, marks) in enumerate(zip(clips, ([3], [3, 10]), strict=True)):
        found = seen(tmp_path / f"clips/{index:03d}.mp4")
        assert found.flashes == pytest.approx([m - clip.start for m in marks], abs=0.045)
        assert found.beeps == pytest.approx(found.flashes, abs=0.03)
    kinds = {loss.kind for loss in clips[1].losses}
    assert kinds == {"sound-gap.mkv": {"missing"}, "damaged-sound.mkv": {"damaged"}}.get(
        name, set()
    )
    assert clips[0].level == pytest.approx(0.0965, abs=0.005)  # 0.2 s of 0.5 / √2 in 2.7 s


def test_a_picture_that_stops_holds_its_last_frame(marked, tmp_path):
    film = make(
        tmp_path / "still.mkv", "-i", str(marked), "-vf", "select='lt(t,5)'", "-fps_mode",
        "passthrough", *X264, "-c:a", "copy",
    )  # fmt: skip
    clips = cut_all(film, [(4.0, 8.0), (9.2, 11.5)], tmp_path / "clips")
    assert [clip.start for clip in clips] == [4.0, 9.2]
    for index, clip in enumerate(clips):
        found = seen(tmp_path / f"clips/{index:03d}.mp4")
        assert found.last == pytest.approx(45, abs=2)
        assert found.end == pytest.approx(clip.end - clip.start - 0.04, abs=0.002)
    assert seen(tmp_path / "clips/001.mp4").beeps == pytest.approx([0.8], abs=0.003)
    assert media.probe(tmp_path / "clips/001.mp4").duration == pytest.approx(2.3, abs=0.03)


def test_before_a_late_picture_it_is_black_or_its_first_frame(marked, tmp_path):
    """Black where it is more than a second late; a clip starts where it should in either case."""
    film = make(tmp_path / "late.mkv", "-i", str(marked), "-vf", "trim=start=6", *X264)
    clips = cut_all(film, [(2.5, 4.0), (4.5, 7.0), (5.5, 11.0)], tmp_path / "clips")
    assert [clip.start for clip in clips] == [2.5, 4.5, 5.5]
    before, long, short = (seen(tmp_path / f"clips/{n:03d}.mp4") for n in range(3))
    assert before.last < 3 and before.beeps == pytest.approx([0.5], abs=0.003)
    assert long.last == pytest.approx(45, abs=2) and long.end == pytest.approx(2.46, abs=0.02)
    with av.open(str(tmp_path / "clips/002.mp4")) as container:
        first = next(container.decode(video=0))
    assert first.time == 0 and first.to_ndarray(format="gray").mean() == pytest.approx(45, abs=2)
    assert short.flashes == pytest.approx([4.5], abs=0.002) == short.beeps


def test_exact_clips_start_where_they_are_reported(marked, tmp_path):
    clips = cut_all(marked, [(2.311, 4.0), (9.013, 11.0)], tmp_path / "clips", exact=True)
    assert [clip.start for clip in clips] == [2.311, 9.013]
    for index, (clip, mark) in enumerate(zip(clips, (3, 10), strict=True)):
        found = seen(tmp_path / f"clips/{index:03d}.mp4")
        assert found.flashes == pytest.approx([mark - clip.start], abs=0.002) == found.beeps
        assert clip.picture[0] == 0 and clip.samples == round((clip.end - clip.start) * 48_000)


def test_a_track_can_be_chosen(marked, tmp_path):
    film = make(
        tmp_path / "two.mkv", "-i", str(marked), "-f", "lavfi", "-i", "sine=f=300:d=12",
        *("-map", "0:v", "-map", "1:a", "-map", "0:a", "-c:v", "copy"),
        *("-disposition:a:0", "comment", "-disposition:a:1", "default"),
    )  # fmt: skip
    (talk,) = cut_all(film, [(2.0, 4.0)], tmp_path / "talk")
    (aside,) = cut_all(film, [(2.0, 4.0)], tmp_path / "aside", track=1)
    assert seen(tmp_path / "talk/000.mp4").beeps == pytest.approx([1.0], abs=0.003)
    assert seen(tmp_path / "aside/000.mp4").beeps == pytest.approx([0.0], abs=0.03)
    assert talk.level == pytest.approx(0.112, abs=0.005) and aside.level > 0.08
    with pytest.raises(MediaError, match="no sound as its stream 0"):
        cut_all(film, [(2.0, 4.0)], tmp_path / "none", track=0)


def test_a_mark_is_believed_only_if_the_clip_is_the_same(marked, tmp_path):
    (clip,) = cut_all(marked, [(2.0, 4.0)], tmp_path / "clips")
    mark = tmp_path / "clips/000.cut"
    (tmp_path / "clips/000.mp4").unlink()
    assert cut_all(marked, [(2.0, 4.0)], tmp_path / "clips") == [clip]
    assert not (tmp_path / "clips/000.mp4").exists()
    cut_all(marked, [(2.0, 4.0)], tmp_path / "clips", exact=True)
    assert (tmp_path / "clips/000.mp4").exists()
    old = {"start": 2.0, "end": 4.0, "frames": 50, "samples": 96_000}  # of an earlier version
    mark.write_text(json.dumps(old))
    (tmp_path / "clips/000.mp4").unlink()
    cut_all(marked, [(2.0, 4.0)], tmp_path / "clips")
    assert (tmp_path / "clips/000.mp4").exists()
    assert Clip.from_json(json.loads(mark.read_text())["clip"]) == clip


def test_what_would_be_wrong_is_refused(marked, tmp_path):
    with pytest.raises(MediaError, match=r"from 3\.000 to 3\.000 s, which is no time"):
        cut_all(marked, [(3.0, 3.0)], tmp_path / "empty")
    sound = make(tmp_path / "short.wav", *beeps([1], 4))
    with pytest.raises(MediaError, match=r"sound ends at 4\.0 s.*broken off"):
        cut_all(sound, [(3.0, 6.0)], tmp_path / "short")
    spoilt = ["-bsf:a", "noise=amount='between(n,100,250)'"]
    film = make(tmp_path / "spoilt.mkv", "-i", str(marked), "-c", "copy", *spoilt)
    with pytest.raises(MediaError, match=r"between 2\.5 and 5\.0 s, 2\.\d s cannot be decoded"):
        cut_all(film, [(2.5, 5.0)], tmp_path / "spoilt")
    assert not list(tmp_path.rglob("000.mp4"))


def test_spans_may_overlap_and_come_back(counted, tmp_path):
    clips = cut_all(counted, [(1.0, 3.0), (2.0, 4.0), (0.4, 1.0)], tmp_path / "clips")
    firsts = [numbers(tmp_path / f"clips/{n:03d}.mp4")[0] for n in range(3)]
    assert firsts == [[n % 50 for n in range(*ends)] for ends in ((25, 75), (50, 100), (10, 25))]
    assert [clip.start for clip in clips] == pytest.approx([1.0, 2.0, 0.4])
