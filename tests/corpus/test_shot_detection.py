"""Changes of scene are found on key frames."""

from corpus.shot_detection import shots
from tests.corpus.test_clip_writer import make


def test_a_change_of_picture_is_found_and_a_tone_has_none(tmp_path):
    pictures = ("color=red", "testsrc", "smptehdbars")
    colours = [f"{p}{':' if '=' in p else '='}s=160x90:r=25:d=3" for p in pictures]
    inputs = [part for colour in colours for part in ("-f", "lavfi", "-i", colour)]
    film = make(
        tmp_path / "film.mp4",
        *inputs,
        *("-filter_complex", "[0][1][2]concat=n=3", "-pix_fmt", "yuv420p", "-g", "250"),
    )
    shares = []
    found = shots(film, shares.append)
    assert [round(shot.time, 1) for shot in found] == [3.0, 6.0]
    assert all(shot.strength > 0.5 for shot in found) and shares
    still = make(tmp_path / "still.mp4", "-f", "lavfi", "-i", colours[0], "-g", "10")
    assert shots(still) == []
    assert shots(make(tmp_path / "tone.wav", "-f", "lavfi", "-i", "sine=duration=1")) == []


def test_scenes_are_on_the_common_clock_and_behind_damage(tmp_path):
    """The sound begins two seconds before the picture; a key frame between is unreadable."""
    colours = [f"color={name}:s=160x90:r=25:d=3" for name in ("red", "green", "blue")]
    inputs = [part for colour in colours for part in ("-f", "lavfi", "-i", colour)]
    film = make(
        tmp_path / "film.mp4",
        *inputs,
        *("-f", "lavfi", "-i", "sine=d=11"),
        *("-filter_complex", "[0][1][2]concat=n=3,setpts=PTS+2/TB", "-pix_fmt", "yuv420p"),
        *("-g", "25", "-enc_time_base", "1:25"),
    )
    assert [round(shot.time, 1) for shot in shots(film)] == [5.0, 8.0]
    broken = make(
        tmp_path / "broken.mkv",
        *("-i", str(film), "-c", "copy", "-bsf:v", "noise=amount='eq(n,50)'"),
    )
    assert [round(shot.time, 1) for shot in shots(broken)] == [5.0, 8.0]
