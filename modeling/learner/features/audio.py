"""Sound into log-mel frames."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from modeling.learner.features.decoding import RATE, waveform

MELS = 40
WINDOW = 400  # samples, 25 ms
HOP = 160  # samples, 10 ms
POOL = 5  # frames averaged into one
FRAMES_PER_SECOND = RATE / HOP / POOL
DIMS = MELS


def nothing() -> NDArray[np.float32]:
    return np.zeros((0, DIMS), np.float32)


@cache
def mel_matrix() -> torch.Tensor:
    """Triangular filters, (MELS, WINDOW // 2 + 1), evenly spaced on the HTK mel scale."""

    def mel(hertz: float) -> float:
        return float(2595 * np.log10(1 + hertz / 700))

    edges = 700 * (10 ** (np.linspace(mel(20), mel(RATE / 2), MELS + 2) / 2595) - 1)
    bins = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return torch.from_numpy(np.maximum(0, np.minimum(rising, falling)).astype(np.float32))


def of_clip(clip: Path) -> NDArray[np.float32]:
    """Log-mel frames (frames, MELS), FRAMES_PER_SECOND of them. Raises FeatureError."""
    wave = waveform(clip)
    if len(wave) < WINDOW:
        return nothing()
    spectrum = torch.stft(
        torch.from_numpy(wave),
        WINDOW,
        HOP,
        window=torch.hann_window(WINDOW),
        return_complex=True,
    )  # (bins, t)
    energies = mel_matrix() @ spectrum.abs().square()  # (MELS, t)
    frames = torch.log(energies + 1e-6).T  # (t, MELS)
    whole = len(frames) // POOL * POOL
    pooled = frames[:whole].reshape(-1, POOL, MELS).mean(dim=1)  # (t / POOL, MELS)
    return pooled.numpy()
