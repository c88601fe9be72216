"""Films with marks: a white flash and a beep of 1 kHz that begin together, else dark and silent."""

import subprocess
from dataclasses import dataclass

import av
import numpy as np

from corpus import media

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def make(path, *arguments):
    subprocess.run(
        [media.ffmpeg_path(), "-y", "-loglevel", "error", *arguments, str(path)], check=True
    )
    return path


def lights(marks, seconds, size="160x120", more=""):
    """ffmpeg's input of a dark picture with a flash of 0.2 s at each of the marks."""
    card = f"color=c=0x203040:s={size}:r=25:d={seconds}"
    return ("-f", "lavfi", "-i", f"{card},drawbox=c=white:t=fill:enable='{_at(marks)}'{more}")


def beeps(marks, seconds):
    tone = f"aevalsrc='0.5*sin(2*PI*1000*t)*({_at(marks)})':s=48000:d={seconds}"
    return ("-f", "lavfi", "-i", tone)


def _at(marks):
    return "+".join(f"between(t,{mark},{mark}+0.2)" for mark in marks) or "0"


@dataclass(frozen=True)
class Seen:
    """What a player would show and play of a clip, seconds from its start."""

    flashes: list
    beeps: list
    size: tuple
    last: float  # brightness of the last frame, 0 to 255
    end: float  # time of the last frame


def seen(path):
    """Reads a file with nothing but PyAV, on the start of its earliest stream."""
    with av.open(str(path)) as container:
        zero = (container.start_time or 0) / av.time_base
        bright = [
            (frame.time - zero, float(frame.to_ndarray(format="gray").mean()), frame)
            for frame in (container.decode(video=0) if container.streams.video else ())
        ]
    flashes = [
        round(time, 3)
        for (time, level, _), (_, before, _) in zip(bright, [(0, 0, None), *bright], strict=False)
        if level > 128 >= before
    ]
    size = (bright[-1][2].width, bright[-1][2].height) if bright else None
    last, end = (bright[-1][1], bright[-1][0]) if bright else (None, None)
    return Seen(flashes, heard(path), size, last, end)


def heard(path):
    """Onsets of beeps."""
    loud = [np.zeros(0)]
    with av.open(str(path)) as container:
        zero = (container.start_time or 0) / av.time_base
        for frame in container.decode(audio=0) if container.streams.audio else ():
            wave = np.abs(frame.to_ndarray()).max(axis=0)
            loud.append(frame.time - zero + np.flatnonzero(wave > 0.1) / frame.sample_rate)
    places = np.concatenate(loud)
    onsets = np.concatenate([[True], np.diff(places) > 0.3]) if len(places) else []
    return [round(float(time), 3) for time in places[onsets]]
