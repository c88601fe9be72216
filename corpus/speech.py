"""Plain: speech without a transcript: where somebody speaks, and what a recogniser makes of it.

Loads torch, so only workers and commands call it, never the web process.
"""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from core.errors import UserError, gettext_noop
from corpus.media import probe
from corpus.media_info import RATE
from corpus.stream_reader import Sound
from corpus.transcripts import Cue

STRETCH = 600  # seconds that are listened to at a time
LONGEST = 15.0  # seconds of an utterance before the quietest place in it parts it
PAUSE = 0.35  # seconds of silence that part two utterances


class SpeechError(UserError):
    """A recogniser that cannot be used."""


def recognise_speech(
    path: Path,
    model: str = "",
    report_progress: Callable[[float], None] = lambda share: None,
    track: int | None = None,
) -> list[Cue]:
    """Proposed utterances of a file, words from the recogniser in the directory `model` if named.

    `track` is the index of the stream that is listened to, else the file's `Probe.track`.
    Spans come from Silero VAD (its model is in its package), at most LONGEST seconds each.
    """
    # Heavy, and the web process never imports torch.
    import torch
    from silero_vad import get_speech_timestamps, load_silero_vad

    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # how the package loads its model
        detector = load_silero_vad()
    recognise = _recogniser(model) if model else lambda wave: ""
    cues: list[Cue] = []
    for offset, wave, share in _stretches(path, track):
        spans = get_speech_timestamps(
            torch.from_numpy(wave),
            detector,
            sampling_rate=RATE,
            min_silence_duration_ms=int(PAUSE * 1000),
            max_speech_duration_s=LONGEST,
        )
        for span in spans:
            start, end = span["start"], span["end"]
            text = recognise(wave[start:end])
            first, last = (round(offset + place / RATE, 3) for place in (start, end))
            cues.append(Cue(first, last, text, machine=True))
        report_progress(share)
    return cues


def _stretches(path: Path, track: int | None) -> Iterator[tuple[float, NDArray[np.float32], float]]:
    """(seconds before it, samples (n,) at RATE, share done), STRETCH seconds at a time.

    Times are those of the common clock; where the file has no sound, there is silence.
    """
    probed = probe(path)
    index = probed.track if track is None else track
    if index is None:
        return
    sound = Sound(path, index, RATE, "mono")
    try:
        start = 0.0
        while not sound.ended and start < probed.duration:
            end = min(start + STRETCH, probed.duration)
            wave = sound.span(start, end)[0]
            yield start, wave, min(end / probed.duration, 1.0)
            start = end
    except (av.FFmpegError, OSError):
        return  # what is behind it cannot be read; cutting says what is wrong
    finally:
        sound.close()


def _recogniser(directory: str) -> Callable[[NDArray[np.float32]], str]:
    """Words of a wave (n,) at RATE, by the transformers model in `directory`; nothing is fetched.

    Raises SpeechError if there is no speech recogniser.
    """
    from transformers import pipeline  # heavy, and the web process never imports it

    try:
        if not Path(directory).is_dir():
            raise OSError("no such directory")
        model = pipeline("automatic-speech-recognition", model=directory, device="cpu")
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise SpeechError(
            gettext_noop("The speech recogniser in %(directory)s cannot be used: %(why)s"),
            directory=directory,
            why=str(error)[:300],
        ) from error

    def words(wave: NDArray[np.float32]) -> str:
        result: Any = model({"raw": wave, "sampling_rate": RATE})
        return str(result["text"]).strip()

    return words
