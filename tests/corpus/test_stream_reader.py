"""Every stream on one clock: late starts, joined recordings, gaps, damage, jitter."""

from pathlib import Path

import av
import numpy as np
import pytest

from corpus.media import probe
from corpus.media_info import Loss, MediaError
from corpus.stream_reader import Pictures, Sound
from tests.corpus.marked_films import X264, beeps, lights, make


def flashes_and_beeps(path):
    """Where the readers have them, seconds on the common clock."""
    found = probe(path)
    pictures, sound = Pictures(path, found.video), Sound(path, found.track, 48_000)
    levels = [(time, frame.to_ndarray(format="gray").mean()) for time, frame in pictures.frames]
    flashes = [t for (t, a), (_, b) in zip(levels[1:], levels) if a > 128 >= b]
    wave = np.abs(sound.span(0.0, found.duration)).max(axis=0)
    loud = np.flatnonzero(wave > 0.1) / 48_000
    pictures.close()
    sound.close()
    return flashes, [float(t) for t, gap in zip(loud, np.diff(loud, prepend=-1)) if gap > 0.3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("streams")


@pytest.fixture(scope="module")
def marked(folder):
    """Twelve seconds with marks at 3 and 10 s; key frames each two seconds."""
    return make(folder / "marked.mp4", *lights([3, 10], 12), *beeps([3, 10], 12), *X264, "-g", "50")


STARTS = {
    "late-sound.mp4": ["-af", "atrim=start=1.92"],
    "late-sound.ts": ["-af", "atrim=start=1.92"],
    "late-picture.mov": ["-vf", "trim=start=1.52"],
    "late-picture.mkv": ["-vf", "trim=start=1.52"],
    "clock-of-300.ts": ["-output_ts_offset", "300"],
    "clock-that-wraps.ts": ["-output_ts_offset", "95438"],
    "clock-of-7.mkv": ["-output_ts_offset", "7"],
    "late.flv": ["-af", "atrim=start=1.92"],
}


@pytest.mark.parametrize("name", STARTS)
def test_streams_that_start_apart_stay_together(name, folder):
    film = make(
        folder / name,
        *lights([3, 10], 12),
        *beeps([3, 10], 12),
        *X264,
        *STARTS[name],
        "-c:a",
        "aac",
    )
    flashes, heard = flashes_and_beeps(film)
    assert flashes == pytest.approx([3, 10], abs=0.045)
    assert heard == pytest.approx(flashes, abs=0.03)
    assert probe(film).duration == pytest.approx(12, abs=0.06)


@pytest.mark.parametrize("name", ["picture.ts", "picture.mpg"])
def test_a_picture_that_begins_very_late_is_not_overlooked(name, folder):
    marks = [*lights([23], 25, "64x64"), *beeps([23], 25)]
    codecs = ["-c:v", "mpeg2video", "-pix_fmt", "yuv420p", "-c:a", "mp2"]
    film = make(folder / name, *marks, "-vf", "trim=start=20", *codecs)
    flashes, heard = flashes_and_beeps(film)
    assert flashes == pytest.approx([23], abs=0.045) and heard == pytest.approx(flashes, abs=0.03)


def test_edit_lists_are_followed(marked, folder):
    inputs = ["-itsoffset", "1.5", "-i", str(marked), "-i", str(marked)]
    film = make(folder / "edited.mp4", *inputs, "-map", "1:v", "-map", "0:a", "-c", "copy")
    flashes, heard = flashes_and_beeps(film)
    assert flashes == pytest.approx([3, 10], abs=0.001)
    assert heard == pytest.approx([4.5, 11.5], abs=0.002)


def test_an_avi_with_b_frames_is_shown_in_order(folder):
    """AVI stores the order of decoding alone; ffmpeg's own times are two frames late here."""
    film = make(
        folder / "order.avi", *lights([3, 10], 12), *beeps([3, 10], 12),
        *X264[:-2], "-preset", "veryfast", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "libmp3lame",
    )  # fmt: skip
    flashes, heard = flashes_and_beeps(film)
    assert flashes == pytest.approx([3, 10], abs=0.001)
    assert heard == pytest.approx(flashes, abs=0.03)
    pictures = Pictures(film, 0)
    times = [time for time, _frame in pictures.frames]
    assert times == pytest.approx([n / 25 for n in range(300)], abs=1e-6)


@pytest.mark.parametrize("codec", ["mpeg2video", "libx264"])
def test_a_programme_stream_has_times_of_some_pictures_alone(folder, codec):
    """Small pictures share packets; ffmpeg's guesses are up to four frames off here."""
    film = make(
        folder / f"{codec}.mpg", *lights([3, 10], 12), *beeps([3, 10], 12),
        "-c:v", codec, "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "mp2",
    )  # fmt: skip
    flashes, heard = flashes_and_beeps(film)
    assert flashes == pytest.approx([3, 10], abs=0.03)
    assert heard == pytest.approx(flashes, abs=0.03)


@pytest.mark.parametrize("offset", ["0", "5000", "40"])
def test_joined_recordings_follow_one_another(marked, folder, offset):
    """As ffmpeg's command line has them: 12 s each, whatever the second one's clock says."""
    first = make(folder / "first.ts", "-i", str(marked), "-c", "copy")
    second = make(
        folder / "second.ts", "-i", str(marked), "-c", "copy", "-output_ts_offset", offset
    )
    joined = folder / f"joined-{offset}.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    flashes, heard = flashes_and_beeps(joined)
    assert flashes == pytest.approx([3, 10, 15, 22], abs=0.045)
    assert heard == pytest.approx(flashes, abs=0.03)
    assert probe(joined).duration == pytest.approx(24, abs=0.06)


def test_a_clock_that_runs_backwards_is_refused_where_formats_have_one_clock(marked, folder):
    copy = make(folder / "once.flv", "-i", str(marked), "-c", "copy").read_bytes()
    (folder / "twice.flv").write_bytes(copy + copy[13:])
    with pytest.raises(MediaError, match=r"runs backwards at 12\.0 s, to 0\.0 s.*remux"):
        probe(folder / "twice.flv")


def test_a_gap_is_silence_of_its_length_and_is_reported(folder):
    film = make(
        folder / "gap.mkv", *lights([3, 10], 12), *beeps([3, 10], 12), *X264,
        "-af", "aselect='not(between(t,5,8))'", "-c:a", "pcm_s16le",
    )  # fmt: skip
    sound = Sound(film, 1, 48_000)
    wave = sound.span(0, 12)[0]
    assert np.flatnonzero(np.abs(wave) > 0.1)[0] / 48_000 == pytest.approx(3, abs=0.002)
    assert np.flatnonzero(np.abs(wave[6 * 48_000 :]) > 0.1)[0] / 48_000 == pytest.approx(
        4, abs=0.002
    )
    (loss,) = sound.losses
    assert (loss.kind, loss.stream) == ("missing", 1)
    assert loss.time == pytest.approx(5, abs=0.03) and loss.seconds == pytest.approx(3, abs=0.05)


def test_a_damaged_packet_costs_itself(marked, folder):
    broken = ["-bsf:a", "noise=amount='eq(n,200)'", "-bsf:v", "noise=amount='eq(n,101)'"]
    film = make(folder / "damaged.mkv", "-i", str(marked), "-c", "copy", *broken)
    flashes, heard = flashes_and_beeps(film)
    assert flashes == pytest.approx([3, 10], abs=0.001)
    assert heard == pytest.approx([3, 10], abs=0.002)
    sound = Sound(film, 1, 48_000)
    sound.span(0, 12)
    (loss,) = sound.losses
    assert loss == Loss(pytest.approx(200 * 1024 / 48_000 - 0.021, abs=0.03), 0.021, 1)


TONES = {
    "tone.mkv": ["-c:a", "aac"],
    "tone.flv": ["-c:a", "libmp3lame"],
    "tone.webm": ["-c:a", "libopus"],
    "tone.ts": ["-c:a", "mp2"],
    "tone.mpg": ["-c:a", "ac3"],
    "tone.wma": ["-c:a", "wmav2"],
    "tone.ogg": ["-c:a", "libvorbis"],
    "jitter.mkv": ["-c:a", "pcm_s16le", "-bsf:a", "setts=ts=TS+mod(N*7\\,11)-5"],
}


@pytest.mark.parametrize("name", TONES)
def test_a_steady_tone_has_no_dropouts(name, folder):
    """Coarse times of 1 ms and jitter of some more neither cut the sound nor repeat it."""
    film = make(
        folder / name, "-f", "lavfi", "-i", "sine=f=440:r=44100:d=20", *TONES[name], "-vn"
    )  # fmt: skip
    sound = Sound(film, 0, 48_000, "mono")
    wave = sound.span(0.3, 19.7)[0]
    loudest = np.abs(wave[: len(wave) // 480 * 480]).reshape(-1, 480).max(axis=1)
    assert loudest.min() > 0.11 and not sound.losses
    bend = np.abs(np.diff(wave, 2))
    assert bend.max() < 4 * np.median(bend)


def test_what_is_passed_over_changes_nothing(folder):
    """Spans far apart and out of order show what a straight read shows."""
    at = [3, 12, 27, 46, 58]
    long = make(folder / "long.ts", *lights(at, 60), *beeps(at, 60), *X264, "-g", "60")
    straight = Pictures(long, 0)
    frames = [(t, f.to_ndarray(format="gray").mean()) for t, f in straight.frames]
    pictures, sound = Pictures(long, 0), Sound(long, 1, 48_000)
    whole = Sound(long, 1, 48_000).span(0, 60)
    for start, end in ((45.3, 47.1), (57.03, 59.0), (1.0, 4.0), (2.0, 3.5)):
        found = [(t, f.to_ndarray(format="gray").mean()) for t, f in pictures.span(start, end)]
        shown = max(t for t, _ in frames if t <= start)
        assert found == [one for one in frames if shown <= one[0] < end]
        part = sound.span(start, end)
        begin = round(start * 48_000)
        assert np.abs(part - whole[:, begin : begin + part.shape[1]]).max() < 1e-3


def test_the_last_frame_is_given_after_the_picture_has_ended(marked, folder):
    film = make(
        folder / "still.mkv", "-i", str(marked), "-vf", "select='lt(t,4)'", "-fps_mode",
        "passthrough", *X264, "-c:a", "copy",
    )  # fmt: skip
    pictures = Pictures(film, 0)
    ((time, _frame),) = pictures.span(11.0, 11.9)
    assert time == pytest.approx(3.96, abs=0.001) and pictures.ended


def test_a_stream_recorded_from_the_middle_starts_at_its_first_picture(marked, folder):
    whole = make(folder / "whole.ts", "-i", str(marked), "-c", "copy").read_bytes()
    (folder / "tail.ts").write_bytes(whole[len(whole) // 7 // 188 * 188 + 77 :])
    flashes, heard = flashes_and_beeps(folder / "tail.ts")
    assert heard == pytest.approx(flashes, abs=0.03) and len(flashes) in (1, 2)


def test_sound_of_many_channels_becomes_stereo(folder):
    film = make(
        folder / "six.mkv", "-f", "lavfi", "-i", "sine=d=2", "-ac", "6", "-c:a", "ac3"
    )  # fmt: skip
    assert Sound(Path(film), 0, 48_000).span(0, 2).shape == (2, 96_000)
    with av.open(str(film)) as container:
        assert container.streams.audio[0].channels == 6
