"""Sound into log-mel frames with prosody: pitch, how voiced it is, loudness."""

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
LOW, HIGH = 70.0, 400.0  # Hz between which the pitch of a voice is searched
PITCH_WINDOW = 1024  # samples, 64 ms: four periods of the lowest pitch
VOICED = 0.5  # periodicity below which a frame has no pitch
DIMS = MELS + 3


class LogMel:
    """The default features of sound, which need no weights from anywhere."""

    key = "logmel-prosody-1"
    dims = DIMS
    rate = RATE / HOP / POOL

    def of_clip(self, clip: Path) -> NDArray[np.float32]:
        """Frames (n, DIMS), `rate` of them a second. Raises FeatureError."""
        wave = torch.from_numpy(waveform(clip))
        if len(wave) < WINDOW:
            return np.zeros((0, DIMS), np.float32)
        energies = mel_matrix() @ _spectrum(wave, WINDOW).square()  # (MELS, t)
        mels = torch.log(energies + 1e-6).T  # (t, MELS)
        whole = len(mels) // POOL
        pooled = mels[: whole * POOL].reshape(-1, POOL, MELS).mean(dim=1)
        return torch.cat([pooled, prosody(wave)[:whole]], dim=1).numpy()


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


def prosody(wave: torch.Tensor) -> torch.Tensor:
    """Samples (n,) -> (t, 3), as many a second as LogMel gives: log2 of the pitch over LOW, 0 where
    nothing is voiced; periodicity from 0 to 1; log energy.

    Pitch is where the autocorrelation, divided by that of the window, is highest (Boersma 1993).
    """
    power = _spectrum(wave, PITCH_WINDOW, 2 * PITCH_WINDOW, HOP * POOL).square()  # (bins, t)
    same = torch.fft.irfft(power, dim=0)[:PITCH_WINDOW]  # (lags, t)
    window = torch.fft.rfft(torch.hann_window(PITCH_WINDOW), 2 * PITCH_WINDOW).abs().square()
    of_window = torch.fft.irfft(window)[:PITCH_WINDOW]
    loud = same[0]
    shortest, longest = int(RATE / HIGH), int(RATE / LOW)
    lags = torch.arange(shortest, longest + 1)
    periodic = same[lags] / (loud + 1e-9) / (of_window[lags] / of_window[0])[:, None]
    # the shortest of lags that are nearly as good: multiples of a period are no lower pitch
    best = periodic.max(dim=0).values
    good = periodic >= 0.95 * best
    rising = torch.cat([periodic[1:] <= periodic[:-1], torch.ones_like(good[:1])])
    first = (good & rising).float().argmax(dim=0)
    voiced = best > VOICED
    pitch = torch.log2(RATE / lags[first] / LOW) * voiced
    return torch.stack([pitch, best.clamp(0, 1), torch.log(loud / PITCH_WINDOW + 1e-6)], dim=1)


def _spectrum(
    wave: torch.Tensor, window: int, size: int | None = None, hop: int = HOP
) -> torch.Tensor:
    """Amplitudes (bins, t) of windows whose centres lie `hop` samples apart."""
    padded = torch.nn.functional.pad(wave, (window // 2, window // 2))
    frames = padded.unfold(0, window, hop) * torch.hann_window(window)  # (t, window)
    return torch.fft.rfft(frames, size or window).abs().T
