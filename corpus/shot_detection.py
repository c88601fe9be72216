"""Plain: where the picture of an episode changes altogether, found on its key frames.

Encoders put a key frame where a shot begins, so it is enough to decode those: a film of an hour
takes seconds. Films with key frames at a fixed distance show a change up to one distance late.
"""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from corpus.media import main_video_stream
from corpus.media_info import Shot
from corpus.stream_reader import Pictures, open_media

SIZE = (64, 36)  # pixels that are enough to tell one picture from another
BINS = 8  # of each colour's histogram
WEAKEST = 0.1  # below this it is the same scene, moved


def shots(path: Path, report_progress: Callable[[float], None] = lambda share: None) -> list[Shot]:
    """The changes of picture of a film; none for sound alone.

    `report_progress` gets the share done. The strength is half the L1 distance of the colour
    histograms (Boreczky and Rowe 1996).
    """
    with open_media(path) as container:
        picture = main_video_stream(container)
        index = picture.index if picture else None
        length = (container.duration or 0) / av.time_base
    if index is None:
        return []
    changes: list[Shot] = []
    pictures = Pictures(path, index, keys_only=True)
    try:
        before: NDArray[np.float64] | None = None
        for time, frame in pictures.frames:
            now = _histogram(frame)
            if before is not None:
                strength = float(np.abs(now - before).sum() / 2)
                if strength >= WEAKEST:
                    changes.append(Shot(round(time, 3), round(strength, 3)))
            before = now
            report_progress(min(time / length, 1.0) if length else 1.0)
    finally:
        pictures.close()
    return changes


def _histogram(frame: av.VideoFrame) -> NDArray[np.float64]:
    """Shares of pixels in BINS³ colours, (BINS³,)."""
    small = frame.reformat(*SIZE, format="rgb24").to_ndarray() // (256 // BINS)
    colours = small[..., 0] * BINS * BINS + small[..., 1].astype(int) * BINS + small[..., 2]
    return np.bincount(colours.ravel(), minlength=BINS**3) / colours.size
