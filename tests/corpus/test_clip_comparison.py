"""Clips are measured beside their source: wrong ones are found, right ones left alone."""

import re

import pytest

from corpus.clip_comparison import check_clip, measure
from tests.corpus.marked_films import X264, beeps, lights, make
from tests.corpus.test_clip_writer import cut_all

SPANS = [(1.3, 5.2), (5.4, 11.7)]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Twelve seconds of moving picture and of noise that swells and fades."""
    return make(
        tmp_path_factory.mktemp("source") / "source.mkv", "-f", "lavfi", "-i",
        "testsrc2=s=160x120:r=25:d=12", "-f", "lavfi", "-i",
        "anoisesrc=d=12:a=0.3:seed=1,volume='0.55+0.45*sin(t*t)':eval=frame",
        *X264, "-g", "50", "-c:a", "aac",
    )  # fmt: skip


@pytest.fixture(scope="module")
def measured(source):
    return measure(source)


def said(problems):
    return [(one.column, one.reason % one.details) for one in problems]


def test_a_measure_has_the_level_of_the_sound(tmp_path):
    tone = make(tmp_path / "tone.wav", "-f", "lavfi", "-i", "sine=d=2", "-af", "volume=4")
    found = measure(tone)
    assert found.duration == pytest.approx(2, abs=0.001) and found.channels == 1
    assert found.power.mean() == pytest.approx(0.5**2 / 2, rel=0.01) and len(found.power) == 400


GOOD = {
    "speech-like": [],
    "silence": ["-af", "volume=0"],
    "six channels": ["-ac", "6", "-c:a", "ac3"],
    "steady": ["-af", "aeval=sin(2*PI*400*t)"],
    "late sound": ["-af", "atrim=start=2.1"],
    "late picture": ["-vf", "trim=start=2.1"],
    "still": ["-vf", "select='lt(t,3)'", "-fps_mode", "passthrough"],
    "slow": ["-vf", "fps=2"],
    "dark": ["-vf", "eq=brightness=-0.9"],
    "wide": ["-vf", "setsar=2"],
}


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("exact", [False, True])
def test_right_clips_are_right(kind, exact, source, tmp_path):
    film = make(tmp_path / "film.mkv", "-i", str(source), *X264, "-g", "40", *GOOD[kind])
    clips = cut_all(film, SPANS, tmp_path / "clips", exact=exact)
    found = measure(film)
    for index, clip in enumerate(clips):
        path = tmp_path / f"clips/{index:03d}.mp4"
        assert said(check_clip(found, path, clip.start, clip.end)) == []


WRONG = {
    "sound early": ([], ["-af", "atrim=start=1.9,asetpts=PTS-STARTPTS"], "sound", "that of 1.90 s"),
    "sound late": (["-itsoffset", "0.3"], [], "sound", "that of -0.30 s"),
    "silent": ([], ["-af", "volume=0"], "sound", "is silent and its source is not"),
    "silent at the end": ([], ["-af", "volume=0:enable='gt(t,9)'"], "sound", "From 9.* silent"),
    "soft": ([], ["-af", "volume=0.1"], "sound", "has a level of"),
    "another": ([], ["-af", "areverse,tremolo=f=2:d=0.9"], "sound", "not that of its source"),
    "squeezed": ([], ["-vf", "setsar=2"], "picture", "1.33 times as wide as high, its source 2.67"),
    "mirrored": ([], ["-vf", "vflip"], "picture", "is not that of its source"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_clips_are_found(kind, source, measured, tmp_path):
    """A film that is spoilt is cut, and its clips are compared with the film as it was."""
    shift, change, part, words = WRONG[kind]
    inputs = [*shift, "-i", str(source), "-i", str(source), "-map", "1:v", "-map", "0:a"]
    if kind == "squeezed":
        wide = measure(make(tmp_path / "wide.mkv", *inputs, *change, *X264, "-g", "50"))
        measured, change = wide, []
    film = make(tmp_path / "film.mkv", *inputs, *X264, "-g", "50", *change)
    clips = cut_all(film, SPANS[1:], tmp_path / "clips")
    ((found, sentence),) = said(
        check_clip(measured, tmp_path / "clips/000.mp4", clips[0].start, clips[0].end)
    )
    assert found == part and re.search(words, sentence), sentence


def test_a_picture_from_another_place_is_found_with_its_distance(source, measured, tmp_path):
    film = make(tmp_path / "film.mkv", "-ss", "1.2", "-i", str(source), "-i", str(source),
                "-map", "0:v", "-map", "1:a", *X264)  # fmt: skip
    (clip,) = cut_all(film, [(3.0, 9.0)], tmp_path / "clips")
    problems = said(check_clip(measured, tmp_path / "clips/000.mp4", clip.start, clip.end))
    assert problems == [
        (
            "picture",
            "At 4.00 s the picture of the clip is that of 1.20 s later (earlier if negative).",
        )
    ]


def test_lengths_are_compared(source, measured, tmp_path):
    cut_all(source, [(2.0, 5.0)], tmp_path / "clips")
    problems = said(check_clip(measured, tmp_path / "clips/000.mp4", 2.0, 6.0))
    assert problems[0] == ("clip", "The clip lasts 3.00 s and its span 4.00 s.")


def test_a_clip_without_its_picture_or_sound_is_found(measured, source, tmp_path):
    mute = make(tmp_path / "mute.mp4", "-ss", "2", "-t", "3", "-i", str(source), "-an", *X264)
    blind = make(tmp_path / "blind.mp4", "-ss", "2", "-t", "3", "-i", str(source), "-vn")
    assert said(check_clip(measured, mute, 2.0, 5.0)) == [
        ("sound", "The source has sound and the clip has none.")
    ]
    assert said(check_clip(measured, blind, 2.0, 5.0)) == [
        ("picture", "The source has a picture and the clip has none.")
    ]


def test_marks_that_are_silent_else_are_compared(tmp_path):
    film = make(tmp_path / "film.mkv", *lights([3, 9], 12), *beeps([3, 9], 12), *X264)
    shifted = make(tmp_path / "off.mkv", *lights([3, 9], 12), *beeps([1.08, 7.08], 12), *X264)
    (clip,) = cut_all(shifted, [(0.5, 11.0)], tmp_path / "clips")
    ((part, sentence),) = said(check_clip(measure(film), tmp_path / "clips/000.mp4", 0.48, 11.0))
    assert part == "sound" and "that of 1.92 s later" in sentence
