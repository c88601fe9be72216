"""NaN and infinity, refused where they come in, so that nothing is learned from them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class NonFiniteError(ValueError):
    """NaN or infinity where a number is needed; the message says where and what to do."""


def first_nonfinite(frames: NDArray[Any]) -> tuple[int, str, int] | None:
    """Of frames (n, dims) the first that holds a NaN or an infinity, which, and how many values in
    all are none; None where all are numbers.
    """
    right = np.isfinite(frames)
    if right.all():
        return None
    rows = np.flatnonzero(~right.all(axis=1))
    value = frames[rows[0]][~right[rows[0]]][0]
    name = "NaN" if np.isnan(value) else "infinity" if value > 0 else "minus infinity"
    return int(rows[0]), name, int((~right).sum())
