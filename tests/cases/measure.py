"""What a clip shows and sounds like, as a player counts time: independent of how clips are cut."""

from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np

RATE = 48_000
WHITE = 180  # mean grey from which a frame is a flash
LOUD = 0.1  # of full scale, from which a sample is a beep


@dataclass
class Measured:
    """Onsets in seconds from the start of the file; `last` is the mean grey of the last frame."""

    flashes: list[float] = field(default_factory=list)
    beeps: list[float] = field(default_factory=list)
    shape: float = 0.0  # width by height as shown
    last: float = 0.0
    picture_end: float = 0.0
    rms: float = 0.0


def measure(path: Path) -> Measured:
    found = Measured()
    with av.open(str(path)) as container:
        zero = (container.start_time or 0) / av.time_base
        _picture(container, zero, found)
    with av.open(str(path)) as container:
        _sound(container, zero, found)
    return found


def _picture(container, zero: float, found: Measured) -> None:
    stream, white = container.streams.video[0], False
    aspect = float(stream.sample_aspect_ratio or 1)
    for frame in container.decode(stream):
        grey = float(frame.to_ndarray(format="gray").mean())
        if grey > WHITE and not white:
            found.flashes.append(frame.time - zero)
        white, found.last = grey > WHITE, grey
        found.shape = frame.width * aspect / frame.height
        found.picture_end = frame.time - zero + 1 / float(stream.average_rate or 25)


def _sound(container, zero: float, found: Measured) -> None:
    stream = container.streams.audio[0]
    resampler = av.AudioResampler("flt", "mono", RATE)
    wave, places = [], []
    for frame in container.decode(stream):
        for piece in resampler.resample(frame):
            wave.append(piece.to_ndarray()[0])
            places.append(frame.time - zero + np.arange(piece.samples) / RATE)
    samples, times = np.concatenate(wave), np.concatenate(places)
    found.rms = float(np.sqrt((samples**2).mean()))
    loud = times[np.abs(samples) > LOUD]
    if len(loud):
        found.beeps = loud[np.concatenate([[True], np.diff(loud) > 0.3])].tolist()
