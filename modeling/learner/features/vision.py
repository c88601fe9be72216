"""Pictures into statistics of colour and motion; no face model is needed."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.decoding import pictures

FRAMES_PER_SECOND = 5.0
GRID = 6  # cells a side
CELL = 8  # pixels a side
DIMS = GRID * GRID * 4


def nothing() -> NDArray[np.float32]:
    return np.zeros((0, DIMS), np.float32)


def of_clip(clip: Path) -> NDArray[np.float32]:
    """Mean colour and mean motion of a grid of cells, (frames, DIMS). Raises FeatureError."""
    side = GRID * CELL
    frames, before = [], None
    for picture in pictures(clip, FRAMES_PER_SECOND, side, side):
        values = picture.astype(np.float32) / 255  # (side, side, 3)
        colour = values.reshape(GRID, CELL, GRID, CELL, 3).mean(axis=(1, 3))  # (GRID, GRID, 3)
        change = np.zeros_like(values) if before is None else np.abs(values - before)
        motion = change.mean(axis=2).reshape(GRID, CELL, GRID, CELL).mean(axis=(1, 3))
        frames.append(np.concatenate([colour.ravel(), motion.ravel()]))  # (DIMS,)
        before = values
    return np.stack(frames).astype(np.float32) if frames else nothing()
