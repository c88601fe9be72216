"""Media whose flashes and beeps are known: a dark picture and silence but for marks.

At each mark a white flash and a 1 kHz beep of 0.2 s begin together.
"""

import subprocess
from pathlib import Path

from corpus.ffmpeg_binary import ffmpeg_path

APART = (5.0, 22.0)  # two dialogues, 30 s
JOINED = (5.0, 16.5)  # one dialogue, 20 s
CUES = {
    APART: ((2, 3.5, "晚饭吃什么？"), (4, 6, "还没想好呢。"), (21, 23.5, "那就煮面吧。")),
    JOINED: (
        (2, 5.5, "你把伞放哪儿了？"),
        (7, 10, "应该在门后面。"),
        (12, 15, "门后面没有。"),
        (16, 18.5, "那我再找找。"),
    ),
}
LENGTH = {APART: 30, JOINED: 20}
X264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"
COMMENTARY = "aevalsrc=0.4*sin(2*PI*300*t):s=48000:d=30"


def picture(marks, size="320x240") -> list[str]:
    """Input of ffmpeg: the picture with its flashes."""
    boxes = f"drawbox=c=white:t=fill:enable='{_during(marks)}'"
    source = f"color=c=0x203040:s={size}:r=25:d={LENGTH[marks]},{boxes}"
    return ["-f", "lavfi", "-i", source]


def sound(marks) -> list[str]:
    """Input of ffmpeg: the sound with its beeps."""
    source = f"aevalsrc='0.5*sin(2*PI*1000*t)*({_during(marks)})':s=48000:d={LENGTH[marks]}"
    return ["-f", "lavfi", "-i", source]


def _during(marks) -> str:
    return "+".join(f"between(t,{mark},{mark + 0.2})" for mark in marks)


def run(words: list[str]) -> None:
    subprocess.run([ffmpeg_path(), "-y", "-nostdin", "-loglevel", "error", *words], check=True)


def film(marks, path: Path, options: str, size: str = "320x240", filters=()) -> None:
    """A file with both streams, encoded as `options` say; `filters` are pairs of flag and graph."""
    flags = [word for pair in filters for word in pair]
    run([*picture(marks, size), *sound(marks), *flags, *options.split(), str(path)])


def subtitles(cues) -> str:
    """SubRip of (start, end, text)."""
    blocks = (
        f"{number}\n{_clock(start)} --> {_clock(end)}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, 1)
    )
    return "\n".join(blocks)


def _clock(seconds: float) -> str:
    return f"00:00:{int(seconds):02d},{round(seconds % 1 * 1000):03d}"


def late_sound(folder: Path, suffix: str) -> Path:
    """The sound track begins 1.92 s after the picture; what is in it is in sync."""
    path = folder / f"late-sound.{suffix}"
    film(APART, path, f"{X264} -g 25 -c:a aac", filters=[("-af", "atrim=start=1.92")])
    return path


def sound_gap(folder: Path) -> Path:
    """No sound packets from 8 to 12 s."""
    path = folder / "sound-gap.mkv"
    gap = ("-af", "aselect='not(between(t,8,12))'")
    film(JOINED, path, f"{X264} -c:a pcm_s16le", filters=[gap])
    return path


def damaged_sound(folder: Path) -> Path:
    """Every byte of one AAC packet, at 10 s, is overwritten."""
    whole, path = folder / "whole.mkv", folder / "damaged-sound.mkv"
    film(JOINED, whole, f"{X264} -c:a aac")
    run(["-i", str(whole), "-c", "copy", "-bsf:a", "noise=amount='eq(n,470)'", str(path)])
    whole.unlink()
    return path


def keyframes_far_apart(folder: Path) -> Path:
    """A transport stream with a key frame each 4 s."""
    path = folder / "keyframe-4s.ts"
    film(APART, path, f"{X264} -g 100 -keyint_min 100 -sc_threshold 0 -c:a aac")
    return path


def anamorphic(folder: Path) -> Path:
    """720x576 pixels of 64:45, to be shown as 16:9."""
    path = folder / "anamorphic.mp4"
    shape = ("-vf", "setsar=64/45")
    film(APART, path, f"{X264} -g 25 -c:a aac", size="720x576", filters=[shape])
    return path


def still_picture(folder: Path) -> Path:
    """A screen recording: no frame comes after 8 s, the sound goes on."""
    path = folder / "still-picture.mkv"
    still = [("-vf", "select='lt(t,8)'"), ("-fps_mode", "passthrough")]
    film(APART, path, f"{X264} -c:a aac", filters=still)
    return path


def two_tracks(folder: Path) -> Path:
    """A commentary (English, a steady tone), then the talk (Chinese, flagged as default)."""
    path = folder / "two-tracks.mkv"
    streams = "-map 0:v -map 1:a -map 2:a " + X264 + " -g 25 -c:a aac"
    flags = "-disposition:a:0 comment -disposition:a:1 default"
    names = (
        "-metadata:s:a:0 language=eng -metadata:s:a:0 title=Commentary -metadata:s:a:1 language=chi"
    )
    inputs = [*picture(APART), "-f", "lavfi", "-i", COMMENTARY, *sound(APART)]
    run([*inputs, *f"{streams} {flags} {names}".split(), str(path)])
    return path
