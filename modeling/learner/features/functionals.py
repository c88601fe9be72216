"""The sound of an utterance as one vector: statistics (functionals) of the default frames.

Of each band of the log-mel spectrum the mean and the standard deviation; of the pitch of voiced
frames, of periodicity and of loudness what NAMES says. Percentiles are 20, 50 and 80, as in eGeMAPS
(Eyben et al. 2016); slopes are least squares, a second. What has no voiced frame has a pitch of 0.
"""

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.audio import DIMS as FRAME_DIMS
from modeling.learner.features.audio import MELS, VOICED, LogMel
from modeling.learner.features.feature_error import FeatureError

PERCENTILES = (20, 50, 80)
SPREADS = ("mean", "deviation", *(f"percentile {p}" for p in PERCENTILES), "range", "slope")
NAMES = (
    *(f"band {n} {what}" for what in ("mean", "deviation") for n in range(1, MELS + 1)),
    *(f"pitch {what}" for what in SPREADS),  # in octaves above 70 Hz, of voiced frames
    *(f"loudness {what}" for what in SPREADS),  # log energy
    *("periodicity mean", "periodicity deviation", "share voiced"),
    *("voiced segments a second", "mean seconds of voiced segments"),
    *("mean seconds of unvoiced segments", "log of seconds"),
)
KEY = "functionals-1"


def functionals(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frames (n, 43) of LogMel -> (1, len(NAMES)); (0, len(NAMES)) without a frame.

    Raises FeatureError for frames of another extractor.
    """
    if frames.shape[1] != FRAME_DIMS:
        raise FeatureError(
            f"audio_functionals own are of {FRAME_DIMS} numbers a frame ({LogMel.key}), not of"
            f" {frames.shape[1]}: say none, or take a release with clips"
        )
    if not len(frames):
        return np.zeros((0, len(NAMES)), np.float32)
    x = frames.astype(np.float64)
    bands, pitch, periodicity, loudness = x[:, :MELS], x[:, MELS], x[:, MELS + 1], x[:, MELS + 2]
    seconds = np.arange(len(x)) / LogMel.rate
    voiced = periodicity > VOICED
    lengths = {True: [0.0], False: [0.0]}
    for kind, segment in groupby(voiced.tolist()):
        lengths[kind].append(len(list(segment)) / LogMel.rate)
    found = [
        *bands.mean(axis=0),
        *bands.std(axis=0),
        *_spread(pitch[voiced], seconds[voiced]),
        *_spread(loudness, seconds),
        periodicity.mean(),
        periodicity.std(),
        voiced.mean(),
        (len(lengths[True]) - 1) * LogMel.rate / len(x),
        *(sum(lengths[kind]) / max(1, len(lengths[kind]) - 1) for kind in (True, False)),
        np.log(len(x) / LogMel.rate),
    ]
    return np.array([found], np.float32)


def _spread(values: NDArray[np.float64], seconds: NDArray[np.float64]) -> list[float]:
    """SPREADS of values (n,) at these seconds; zeros where there is none."""
    if not len(values):
        return [0.0] * len(SPREADS)
    low, middle, high = np.percentile(values, PERCENTILES)
    apart = seconds - seconds.mean()
    slope = float((apart * values).sum() / max(float(np.square(apart).sum()), 1e-9))
    return [values.mean(), values.std(), low, middle, high, high - low, slope]
