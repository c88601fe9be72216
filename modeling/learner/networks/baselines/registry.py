"""Published networks over one utterance: words, sound and picture as sequences into one answer.

    forward(text (N, Lt, Dt), audio (N, La, Da), vision (N, Lv, Dv)) -> (N, outputs)

`build_baseline` makes one with the settings that MMSA publishes for CH-SIMS;
`mmsa.py` loads states of MMSA.
"""

from collections.abc import Callable

from torch import nn

from modeling.learner.networks.baselines.mult import MulT
from modeling.learner.networks.baselines.recurrent import EarlyFusionLSTM, MemoryFusion
from modeling.learner.networks.baselines.tensors import LowRankFusion, TensorFusion

BASELINES = ("ef_lstm", "lmf", "tfn", "mfn", "mult")


def build_baseline(name: str, dims: tuple[int, int, int], steps: int, outputs: int) -> nn.Module:
    """One of BASELINES for text, audio and vision of these dimensions and so many words.

    Raises KeyError for another name.
    """
    makers: dict[str, Callable[[], nn.Module]] = {
        "ef_lstm": lambda: EarlyFusionLSTM(dims, steps, 32, 3, 0.5, outputs),
        "lmf": lambda: LowRankFusion(dims, (64, 16, 64), 4, (0.2, 0.2, 0.2, 0.2), outputs),
        "tfn": lambda: TensorFusion(dims, (128, 32, 128), 256, 32, (0.4, 0.4, 0.4, 0.4), outputs),
        "mfn": lambda: MemoryFusion(
            dims,
            steps,
            (64, 16, 64),
            64,
            128,
            128,
            (64, 64),
            64,
            (0.2, 0.0, 0.2, 0.7, 0.7),
            outputs,
        ),  # fmt: skip
        "mult": lambda: MulT(dims, 50, 10, 2, (5, 1, 1), 0.3, 0.1, 0.2, 0.1, outputs),
    }
    return makers[name]()
