"""eGeMAPS (Eyben et al. 2016) by openSMILE, where that is installed: requirements-speech.lock.

openSMILE is not open source. Its licence (audEERING Research License Agreement) allows research,
teaching and personal use; anything commercial needs another one from audEERING. Nothing else here
needs it, and nothing of it is part of this project.
"""

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modeling.learner.features.decoding import RATE
from modeling.learner.features.feature_error import FeatureError

DIMS = 88
SHORTEST = 960  # samples, 60 ms: of less openSMILE knows no pitch
MISSING = (
    "audio_functionals egemaps needs openSMILE, which is not installed here: pip install -r"
    " requirements-speech.lock. Its licence allows research and no commercial use."
)


def is_installed() -> bool:
    """Whether openSMILE is there."""
    return find_spec("opensmile") is not None


class EGeMAPS:
    """The 88 functionals of eGeMAPS v02 of an utterance."""

    dims = DIMS
    rate = float(RATE)  # of the samples that they are of

    @property
    def key(self) -> str:
        """Names version and set. Raises FeatureError where openSMILE is not installed."""
        if not is_installed():
            raise FeatureError(MISSING)
        return f"egemaps-v02-opensmile-{version('opensmile')}"

    def of_samples(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Samples (n,) at 16 kHz -> (1, 88); (0, 88) of what is too short."""
        if len(samples) < SHORTEST:
            return np.zeros((0, DIMS), np.float32)
        found: NDArray[np.float32] = _program().process_signal(samples, RATE).to_numpy(np.float32)
        return found


@cache
def _program() -> Any:
    import opensmile  # an extra, which few installations have

    return opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
