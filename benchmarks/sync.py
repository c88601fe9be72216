"""Flash beside beep in clips cut from every container, codec and late start that ffmpeg writes.

    .venv/bin/python -m benchmarks.sync [--containers mp4,ts,sound]

Each film is dark and silent but for a white flash and a beep of 1 kHz that begin together, at 5
and at 22 s. Two spans are cut; flash and beep of each clip are looked for by a reader of its own.
Printed are, for each combination, the largest distance of flash and beep in milliseconds, and the
largest distance of either from where the film has it; a line that ends in ! is off by more
than 40 ms from one another or by more than 100 ms from its place.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from corpus import media
from corpus.clip_comparison import check_clip, measure
from corpus.clip_writer import cut
from corpus.media_info import MediaError

MARKS = (5.0, 22.0)
SPANS = [(2.31, 6.3), (20.71, 24.0)]
WHITE = "between(t,5,5.2)+between(t,22,22.2)"
PICTURE = f"color=c=0x203040:s=160x120:r=25:d=26,drawbox=c=white:t=fill:enable='{WHITE}'"
SOUND = f"aevalsrc='0.5*sin(2*PI*1000*t)*({WHITE})':s=48000:d=26"

PICTURES = {
    "h264": "-c:v libx264 -preset ultrafast",
    "h264 B-frames, open GOPs": "-c:v libx264 -preset veryfast -bf 3 -x264-params open-gop=1 -g 60",
    "h264 one GOP": "-c:v libx264 -preset ultrafast -g 9999 -sc_threshold 0",
    "hevc": "-c:v libx265 -preset ultrafast -x265-params log-level=none",
    "mpeg2": "-c:v mpeg2video -bf 2 -b:v 1M",
    "vp8": "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 300k",
    "vp9": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 300k",
    "wmv2": "-c:v wmv2 -b:v 500k",
    "mpeg4": "-c:v mpeg4 -bf 2 -b:v 500k",
}
SOUNDS = {
    "aac": "-c:a aac",
    "mp2": "-c:a mp2",
    "mp3": "-c:a libmp3lame",
    "ac3": "-c:a ac3",
    "opus": "-c:a libopus",
    "pcm": "-c:a pcm_s16le",
    "wma": "-c:a wmav2",
}
H264 = ["h264", "h264 B-frames, open GOPs", "h264 one GOP"]
CONTAINERS = {
    "mp4": ([*H264, "hevc", "mpeg2", "vp9", "mpeg4"], ["aac", "mp3", "mp2", "ac3", "opus", "pcm"]),
    "mov": ([*H264, "hevc", "mpeg2", "mpeg4"], ["aac", "mp3", "ac3", "pcm"]),
    "mkv": ([*H264, "hevc", "mpeg2", "vp8", "vp9"], ["aac", "mp2", "mp3", "ac3", "opus", "pcm"]),
    "webm": (["vp8", "vp9"], ["opus"]),
    "ts": ([*H264, "hevc", "mpeg2"], ["aac", "mp2", "mp3", "ac3", "opus"]),
    "m2ts": ([*H264, "hevc", "mpeg2"], ["aac", "mp2", "ac3"]),
    "mpg": ([*H264, "mpeg2"], ["mp2", "mp3", "ac3"]),
    "vob": (["h264", "mpeg2"], ["mp2", "ac3"]),
    "avi": ([*H264, "mpeg2", "mpeg4"], ["aac", "mp2", "mp3", "ac3", "pcm"]),
    "flv": ([*H264, "hevc"], ["aac", "mp3"]),
    "wmv": (["wmv2", "h264"], ["wma", "mp3", "aac"]),
}
STARTS = {
    "together": [],
    "sound 1.92 s late": ["-af", "atrim=start=1.92"],
    "picture 1.52 s late": ["-vf", "trim=start=1.52"],
    "clock from 300 s": ["-output_ts_offset", "300"],
}
LOST_BY_AVI = ("sound 1.92 s late", "clock from 300 s")  # ffmpeg writes the data without the place
SOUND_FILES = {
    "mp3": "-c:a libmp3lame",
    "m4a": "-c:a aac",
    "wav": "-c:a pcm_s16le",
    "ogg": "-c:a libopus",
    "flac": "-c:a flac",
    "aac": "-c:a aac",
    "mka": "-c:a ac3",
    "wma": "-c:a wmav2",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--containers", default=",".join([*CONTAINERS, "sound"]))
    chosen = options.parse_args().containers.split(",")
    made = bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, film in films(Path(folder), chosen):
            if film is None:
                print(f"{name:<60} cannot be written", flush=True)
                continue
            apart, off, said = tried(film, Path(folder))
            wrong = not (apart <= 0.04 and off <= 0.1) or bool(said)
            made, bad = made + 1, bad + wrong
            numbers = f"{apart * 1000:5.0f} {off * 1000:5.0f}"
            print(f"{name:<60} {numbers} {said}{' !' if wrong else ''}", flush=True)
    print(f"{made} films, {bad} of them wrong")


def films(folder: Path, chosen: list[str]) -> Iterator[tuple[str, Path | None]]:
    for container, (pictures, sounds) in CONTAINERS.items():
        for picture in pictures if container in chosen else ():
            for sound in sounds:
                for start, more in STARTS.items():
                    if container == "avi" and start in LOST_BY_AVI:
                        continue
                    film = folder / f"film.{container}"
                    codecs = f"{PICTURES[picture]} -pix_fmt yuv420p {SOUNDS[sound]}".split()
                    inputs = ["-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", SOUND]
                    written = ffmpeg(*inputs, *codecs, *more, "-strict", "-2", str(film))
                    name = f"{container}, {picture}, {sound}, {start}"
                    yield name, film if written else None
    for suffix, codec in SOUND_FILES.items() if "sound" in chosen else ():
        film = folder / f"film.{suffix}"
        written = ffmpeg("-f", "lavfi", "-i", SOUND, *codec.split(), str(film))
        yield suffix, film if written else None


def ffmpeg(*arguments: str) -> bool:
    quiet = [media.ffmpeg_path(), "-nostdin", "-y", "-loglevel", "error"]
    return subprocess.run([*quiet, *arguments], capture_output=True).returncode == 0


def tried(film: Path, folder: Path) -> tuple[float, float, str]:
    """Seconds between flash and beep at most, and from their place; and what went wrong."""
    target = folder / "clips"
    target.mkdir(exist_ok=True)
    for old in target.iterdir():
        old.unlink()
    try:
        found = media.probe(film)
        clips = cut(film, found, SPANS, lambda n: target / str(n), lambda n: None)
        source = measure(film)
    except MediaError as error:
        return 9.999, 9.999, str(error)
    apart = off = 0.0
    said = ""
    for n, (clip, mark) in enumerate(zip(clips, MARKS, strict=True)):
        path = target / f"{n}.mp4"
        beep = first_beep(path)
        flash = first_flash(path) if found.has_video else beep
        apart = max(apart, abs(flash - beep))
        off = max(off, *(abs(time + clip.start - mark) for time in (flash, beep)))
        for problem in check_clip(source, path, clip.start, clip.end):
            said += problem.reason % problem.details
    return apart, off, said


def first_flash(path: Path) -> float:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.to_ndarray(format="gray").mean() > 128:
                return float(frame.time or 0.0)
    return 99.0


def first_beep(path: Path) -> float:
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()).max(axis=0) > 0.1)
            if len(loud):
                return float(frame.time or 0.0) + float(loud[0]) / frame.sample_rate
    return 99.0


if __name__ == "__main__":
    main()
