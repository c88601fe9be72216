"""Clips into samples and pictures, by PyAV."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.feature_error import FeatureError

RATE = 16_000
FILES_ONLY = {"protocol_whitelist": "file,pipe"}  # a clip that names addresses is not followed


def waveform(clip: Path) -> NDArray[np.float32]:
    """Mono samples (n,) at 16 kHz; none if the clip is silent film. Raises FeatureError."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    pieces: list[NDArray[np.float32]] = []
    try:
        with av.open(str(clip), options=FILES_ONLY) as container:
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
    for frame in _frames(clip, rate):
        yield _in_colour(frame, width, height)


def timed_pictures(
    clip: Path, rate: float, longest: int
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """(seconds, picture) in its own shape, with `longest` pixels on its longer side at most; else
    as `pictures`.
    """
    for frame in _frames(clip, rate):
        yield frame.time or 0.0, _in_colour(frame, *_fitted(frame, longest))


def picture_at(clip: Path, seconds: float, longest: int) -> NDArray[np.uint8] | None:
    """The first picture from a time on, as `timed_pictures` has it; None after the end. Raises
    FeatureError.
    """
    try:
        with av.open(str(clip), options=FILES_ONLY) as container:
            if not container.streams.video:
                return None
            container.seek(int(seconds * av.time_base))
            for frame in container.decode(video=0):
                if frame.time is not None and frame.time + 1e-6 >= seconds:
                    return _in_colour(frame, *_fitted(frame, longest))
    except (av.FFmpegError, OSError) as error:
        raise FeatureError(f"{clip.name}: its picture cannot be decoded: {error}") from error
    return None


def _fitted(frame: Any, longest: int) -> tuple[int, int]:
    """Width and height of a picture that is made as small."""
    scale = min(1.0, longest / max(frame.width, frame.height))
    return max(1, round(frame.width * scale)), max(1, round(frame.height * scale))


def _in_colour(frame: Any, width: int, height: int) -> NDArray[np.uint8]:
    rgb = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    return np.asarray(rgb, np.uint8)


def _frames(clip: Path, rate: float) -> Iterator[Any]:
    """Decoded pictures, about `rate` a second. Raises FeatureError."""
    try:
        with av.open(str(clip), options=FILES_ONLY) as container:
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
                yield frame
    except (av.FFmpegError, OSError) as error:
        raise FeatureError(f"{clip.name}: its picture cannot be decoded: {error}") from error
