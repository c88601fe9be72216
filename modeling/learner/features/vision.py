"""Pictures into statistics of colour and motion: of whole ones, or of a face in them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.decoding import pictures
from modeling.learner.features.face_crops import FaceCrops

GRID = 6  # cells a side
CELL = 8  # pixels a side
DIMS = GRID * GRID * 4


class ColourAndMotion:
    """The default features of pictures, which need no weights from anywhere."""

    key = "colour-motion-1"
    dims = DIMS
    rate = 5.0

    def __init__(self, faces: FaceCrops | None = None) -> None:
        self.faces = faces
        if faces is not None:
            self.key = f"{self.key}-{faces.key}"

    def of_clip(self, clip: Path) -> NDArray[np.float32]:
        """Mean colour and mean motion of a grid of cells, (frames, DIMS). Raises FeatureError."""
        side = GRID * CELL
        frames, before = [], None
        seen = (
            pictures(clip, self.rate, side, side)
            if self.faces is None
            else (self.faces.pictures(clip, self.rate, side))
        )
        for picture in seen:
            values = picture.astype(np.float32) / 255  # (side, side, 3)
            colour = values.reshape(GRID, CELL, GRID, CELL, 3).mean(axis=(1, 3))  # (GRID, GRID, 3)
            change = np.zeros_like(values) if before is None else np.abs(values - before)
            motion = change.mean(axis=2).reshape(GRID, CELL, GRID, CELL).mean(axis=(1, 3))
            frames.append(np.concatenate([colour.ravel(), motion.ravel()]))  # (DIMS,)
            before = values
        return np.stack(frames).astype(np.float32) if frames else np.zeros((0, DIMS), np.float32)
