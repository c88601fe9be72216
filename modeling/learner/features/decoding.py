"""Clips into samples and pictures, by PyAV."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.feature_error import FeatureError

RATE = 16_000


def waveform(clip: Path) -> NDArray[np.float32]:
    """Mono samples (n,) at 16 kHz; none if the clip is silent film. Raises FeatureError."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    pieces: list[NDArray[np.float32]] = []
    try:
        with av.open(str(clip)) as container:
            if not container.streams.audio:
                return np.zeros(0, np.float32)
            for frame in container.decode(audio=0):
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
        pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    except (av.FFmpegError, OSError) as error:
        raise FeatureError(f"{clip.name}: its sound cannot be decoded: {error}") from error
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def pictures(clip: Path, rate: float, width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """Pictures (height, width, 3) in RGB, about `rate` a second. Raises FeatureError."""
    try:
        with av.open(str(clip)) as container:
            if not container.streams.video:
                return
            # a few small pictures a second are kept: what no other picture needs is not decoded,
            # nor are edges of blocks smoothed
            video = container.streams.video[0]
            video.codec_context.skip_frame = "NONREF"
            video.codec_context.options = {"skip_loop_filter": "all"}
            due = 0.0
            for frame in container.decode(video=0):
                if frame.time is None or frame.time + 1e-6 < due:
                    continue
                due += 1 / rate
                rgb = frame.reformat(width=width, height=height, format="rgb24")
                yield rgb.to_ndarray().astype(np.uint8, copy=False)
    except (av.FFmpegError, OSError) as error:
        raise FeatureError(f"{clip.name}: its picture cannot be decoded: {error}") from error
